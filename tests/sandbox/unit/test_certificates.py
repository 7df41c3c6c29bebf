"""The sandbox's certificate authority, and what programs in the sandbox trust."""

import ssl
import stat
from pathlib import Path

import pytest

from sandbox.daemon.certificates import authority, server_context, write_authorities
from sandbox.paths import authorities

HOST = "api-ch-gva-2.exoscale.com"


def accepts(home: Path, signed_for: str, asked: str) -> bool:
    """Whether a client that trusts the sandbox takes its certificate for the name asked."""
    trusted = ssl.create_default_context(cadata=authority(home).certificate.decode())
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusted.wrap_bio(to_client, to_server, server_hostname=asked)
    server = server_context(home, [signed_for]).wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return True


def test_it_answers_for_exoscales_names(tmp_path: Path) -> None:
    assert accepts(tmp_path, HOST, HOST)
    assert not accepts(tmp_path, HOST, "api-at-vie-1.exoscale.com")


def test_it_answers_for_loopback_addresses(tmp_path: Path) -> None:
    assert accepts(tmp_path, "127.0.0.1", "127.0.0.1")


@pytest.mark.parametrize(
    "name", ["example.org", "exoscale.com.example.org", "203.0.113.7", "::1", "2001:db8::1"]
)
def test_it_can_sign_for_no_other_names(tmp_path: Path, name: str) -> None:
    assert not accepts(tmp_path, name, name)


def test_the_authority_stays_and_is_private(tmp_path: Path) -> None:
    first = authority(tmp_path).certificate
    server_context(tmp_path, [HOST])
    assert authority(tmp_path).certificate == first
    for name in ("authority-key.pem", "server.pem"):
        assert stat.S_IMODE((tmp_path / "tls" / name).stat().st_mode) == 0o600


def test_what_the_outer_environment_trusts_is_trusted_too(tmp_path: Path) -> None:
    company, other = tmp_path / "company.pem", tmp_path / "other.pem"
    company.write_text("COMPANY\n")
    other.write_text("OTHER\n")
    outer = {
        "SSL_CERT_FILE": str(company),
        "REQUESTS_CA_BUNDLE": str(other),
        "CURL_CA_BUNDLE": str(company),
    }
    write_authorities(tmp_path, outer)
    own = authority(tmp_path).certificate.decode()
    written = authorities(tmp_path).read_text()
    assert [written.count(text) for text in (own, "COMPANY", "OTHER")] == [1, 1, 1]
    # inside the sandbox
    write_authorities(tmp_path, {"SSL_CERT_FILE": str(authorities(tmp_path))})
    assert authorities(tmp_path).read_text() == written


@pytest.mark.parametrize("outer", [{}, {"SSL_CERT_FILE": "/nowhere/at.all"}])
def test_the_systems_authorities_are_trusted(tmp_path: Path, outer: dict[str, str]) -> None:
    write_authorities(tmp_path, outer)
    context = ssl.create_default_context(cafile=str(authorities(tmp_path)))
    assert len(context.get_ca_certs()) > 50
