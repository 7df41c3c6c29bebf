"""The sandbox's certificate authority: only for exoscale.com and the sandbox's addresses."""

import os
import ssl
from collections.abc import Collection, Mapping
from pathlib import Path

from sandbox.environment.variables import AUTHORITIES
from sandbox.paths import authorities, private_directory, write_private
from sandbox.sks.pki import Authority, KeyPair, new_authority
from sandbox.toolchain.trust import system_authorities

DOMAIN = "exoscale.com"


def authority(home: Path) -> Authority:
    """Returns the sandbox's authority, and creates it if it doesn't exist.

    Its name constraint allows only names below DOMAIN, loopback addresses and ACME_ADDRESS.
    """
    folder = home / "tls"
    certificate, key = folder / "authority.pem", folder / "authority-key.pem"
    if not certificate.exists():
        pair = new_authority("sandbox-authority", only_below=(DOMAIN,))
        write_private(key, pair.key.decode())
        write_private(certificate, pair.certificate.decode())
    return Authority(KeyPair(certificate.read_bytes(), key.read_bytes()))


def server_context(home: Path, hosts: Collection[str]) -> ssl.SSLContext:
    """Returns the TLS context of a server for the names `hosts`, with a new certificate."""
    pair = authority(home).sign_server("sandbox", sorted(hosts))
    file = private_directory(home / "tls") / "server.pem"
    write_private(file, (pair.key + pair.certificate).decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def write_authorities(home: Path, outer: Mapping[str, str] = os.environ) -> None:
    """Writes the file of authorities that programs in the sandbox trust.

    It contains the sandbox's authority and the authorities that the environment `outer` names; if
    it names none, those of the system. If `outer` names this file (it is the environment of the
    sandbox itself), the file doesn't change.
    """
    file = authorities(home)
    given = [Path(outer[name]) for name in AUTHORITIES if outer.get(name)]
    if file.exists() and file in given:
        return
    sources = [path for path in dict.fromkeys(given) if path.is_file()] or [system_authorities()]
    parts = dict.fromkeys([authority(home).certificate.decode(), *map(Path.read_text, sources)])
    write_private(file, "\n".join(parts))
