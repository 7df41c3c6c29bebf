"""Certificates: what Kubernetes and TLS clients read from them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from sandbox.sks.pki import AUTHORITIES, Authority, ClusterPki, new_authority


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority(new_authority("test-ca"))


def _values(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(a.value) for a in certificate.subject.get_attributes_for_oid(oid)]


def test_client_certificate_carries_user_groups_and_lifetime(authority: Authority) -> None:
    pair = authority.sign_client("jane", ["devs", "ops"], timedelta(hours=1))
    certificate = x509.load_pem_x509_certificate(pair.certificate)

    assert _values(certificate, NameOID.COMMON_NAME) == ["jane"]
    assert _values(certificate, NameOID.ORGANIZATION_NAME) == ["devs", "ops"]
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_server_certificate_verifies_for_its_hosts_only(authority: Authority) -> None:
    pair = authority.sign_server("kube-apiserver", ["localhost", "127.0.0.1"])
    certificate = x509.load_pem_x509_certificate(pair.certificate)
    store = Store([x509.load_pem_x509_certificate(authority.certificate)])

    verifier = PolicyBuilder().store(store).build_server_verifier(x509.DNSName("localhost"))
    assert verifier.verify(certificate, [])[0] == certificate
    other = PolicyBuilder().store(store).build_server_verifier(x509.DNSName("example.org"))
    with pytest.raises(x509.verification.VerificationError):
        other.verify(certificate, [])


def test_a_client_certificate_of_another_authority_does_not_verify(authority: Authority) -> None:
    stranger = Authority(new_authority("test-ca"))
    pair = stranger.sign_client("jane", [], timedelta(hours=1))
    certificate = x509.load_pem_x509_certificate(pair.certificate)

    issuer = x509.load_pem_x509_certificate(authority.certificate)
    with pytest.raises(InvalidSignature):
        certificate.verify_directly_issued_by(issuer)


def test_private_keys_are_readable_by_the_owner_alone(tmp_path: Path) -> None:
    pki = ClusterPki(tmp_path / "pki")
    pki.create(["127.0.0.1"])

    modes = {path.stat().st_mode & 0o777 for path in pki.directory.iterdir()}
    assert modes == {0o600}
    assert pki.directory.stat().st_mode & 0o777 == 0o700
    for name in AUTHORITIES:
        key = pki.authority(name)
        certificate = x509.load_pem_x509_certificate(key.certificate)
        assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert constraints.ca
