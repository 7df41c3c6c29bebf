"""The certificate authorities and certificates of a cluster, as PEM files."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.account import ACME_ADDRESS
from sandbox.paths import private_directory, write_private

AUTHORITIES = ("control-plane", "aggregation", "kubelet", "etcd")
"""Exoscale's API returns the certificates of the first three; that of etcd is internal."""

_YEAR = timedelta(days=365)
_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, both in PEM format."""

    certificate: bytes
    key: bytes


class Authority:
    """A certificate authority that signs leaf certificates; all keys are ECDSA P-256."""

    def __init__(self, pair: KeyPair) -> None:
        self.certificate = pair.certificate
        self._certificate = x509.load_pem_x509_certificate(pair.certificate)
        key = serialization.load_pem_private_key(pair.key, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the key of a cluster's authority must be an elliptic curve key")
        self._key = key

    def sign_client(self, user: str, groups: Iterable[str], lifetime: timedelta) -> KeyPair:
        """Returns a client certificate for the Kubernetes user `user` in `groups`."""
        return self._sign(user, groups, lifetime, ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def sign_server(self, name: str, hosts: Sequence[str]) -> KeyPair:
        """Returns a server certificate for `hosts`, which are DNS names or IP addresses."""
        return self._sign(name, (), 10 * _YEAR, ExtendedKeyUsageOID.SERVER_AUTH, hosts)

    def sign_peer(self, name: str, hosts: Sequence[str]) -> KeyPair:
        """Returns a certificate for a server that is also a client of its peers, such as etcd."""
        return self._sign(name, (), 10 * _YEAR, None, hosts)

    def _sign(
        self,
        name: str,
        groups: Iterable[str],
        lifetime: timedelta,
        usage: x509.ObjectIdentifier | None,
        hosts: Sequence[str],
    ) -> KeyPair:
        usages = (
            [usage] if usage else [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        )
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_name(name, groups), self._certificate.subject, key, lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return _pair(builder.sign(self._key, hashes.SHA256()), key)


def new_authority(name: str, only_below: Sequence[str] = ()) -> KeyPair:
    """Returns a self-signed authority that is valid for ten years.

    Args:
        name: the common name.
        only_below: domains. If given, the authority can only sign for names below them, for IPv4
            addresses of the loopback interface, and for ACME_ADDRESS.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name, ())
    builder = (
        _builder(subject, subject, key, 10 * _YEAR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if only_below:
        names = [x509.DNSName(domain) for domain in only_below]
        *own, every = (
            x509.IPAddress(ipaddress.ip_network(text))
            for text in ("127.0.0.0/8", ACME_ADDRESS, "::/0")
        )
        constraints = x509.NameConstraints([*names, *own], [every])
        builder = builder.add_extension(constraints, critical=True)
    return _pair(builder.sign(key, hashes.SHA256()), key)


class ClusterPki:
    """The folder `pki` of a cluster: `<name>-ca.pem`, `<name>.pem`, and a `-key` file for each."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def create(self, api_hosts: Sequence[str]) -> None:
        """Creates all authorities and the certificates of the cluster's processes.

        Args:
            api_hosts: the DNS names and IP addresses of the API server.
        """
        private_directory(self.directory)
        for name in AUTHORITIES:
            self._store(f"{name}-ca", new_authority(f"{name}-ca"))
        local = ("localhost", "127.0.0.1")
        self._store("etcd", self.authority("etcd").sign_peer("etcd", local))
        self._store(
            "etcd-client", self.authority("etcd").sign_client("kube-apiserver", (), 10 * _YEAR)
        )
        self._store(
            "apiserver", self.authority("control-plane").sign_server("kube-apiserver", api_hosts)
        )
        self._store(
            "probe",
            self.authority("control-plane").sign_client("probe", ["system:masters"], 10 * _YEAR),
        )
        self._store("kubelet", self.authority("kubelet").sign_server("kubelet", local))
        self._store(
            "kubelet-client",
            self.authority("kubelet").sign_client(
                "kube-apiserver-kubelet-client", ["system:masters"], 10 * _YEAR
            ),
        )
        self._store(
            "front-proxy",
            self.authority("aggregation").sign_client("front-proxy-client", (), 10 * _YEAR),
        )
        key = ec.generate_private_key(ec.SECP256R1())
        write_private(self.key("service-account"), _key_pem(key).decode("ascii"))
        write_private(
            self.certificate("service-account"),
            key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode("ascii"),
        )

    def authority(self, name: str) -> Authority:
        """Returns the stored authority `name`, one of AUTHORITIES."""
        return Authority(
            KeyPair(
                self.certificate(f"{name}-ca").read_bytes(), self.key(f"{name}-ca").read_bytes()
            )
        )

    def certificate(self, name: str) -> Path:
        """Returns the path of the certificate (or public key) `name`."""
        return self.directory / f"{name}.pem"

    def key(self, name: str) -> Path:
        """Returns the path of the private key `name`."""
        return self.directory / f"{name}-key.pem"

    def _store(self, name: str, pair: KeyPair) -> None:
        write_private(self.certificate(name), pair.certificate.decode("ascii"))
        write_private(self.key(name), pair.key.decode("ascii"))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lifetime: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + lifetime)
    )


def _name(common_name: str, organizations: Iterable[str]) -> x509.Name:
    return x509.Name(
        [
            *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organizations),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    return KeyPair(certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key))


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
