"""The ACME server: Pebble, Let's Encrypt's server for tests, as a process of the daemon.

Its accounts, orders and authority are new at every start. Each validation is made at once, and no
request is answered with a random error.
"""

import json
import time
from pathlib import Path

import requests

from sandbox.account import ACME_ADDRESS, LOOPBACK
from sandbox.errors import SandboxError
from sandbox.paths import TOOLS_BIN, acme_root, authorities, private_directory, write_private
from sandbox.sks.pki import Authority
from sandbox.sks.ports import free_ports
from sandbox.sks.processes import Child, Command

_START_SECONDS = 30
_POLL = 0.1
_ENVIRONMENT = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "GOMEMLIMIT": "64MiB"}


class AcmeServer:
    """Runs Pebble on the loopback port `port`.

    Args:
        home: the sandbox's home.
        authority: the sandbox's authority, which signs the server's TLS certificate.
        resolver: the address of the DNS server (TCP) that it asks for the names to validate.
        http_port: the port of HTTP-01 challenges.
    """

    def __init__(self, home: Path, authority: Authority, resolver: str, http_port: int) -> None:
        self.port, management = free_ports(2)
        self._root, self._trusted = acme_root(home), str(authorities(home))
        self._certificate = private_directory(home / "tls") / "acme-server.pem"
        self._management = f"{LOOPBACK}:{management}"
        pair = authority.sign_server("acme", [LOOPBACK, ACME_ADDRESS])
        write_private(self._certificate, (pair.key + pair.certificate).decode())
        folder = private_directory(home / "acme")
        config = folder / "pebble.json"
        write_private(config, json.dumps({"pebble": self._settings(http_port)}, indent=2))
        self._child = Child(
            Command(
                name="pebble",
                arguments=[
                    str(TOOLS_BIN / "pebble"),
                    f"-config={config}",
                    f"-dnsserver={resolver}",
                ],
                directory=folder,
                log=private_directory(home / "log") / "pebble.log",
                pid_file=folder / "pebble.pid",
                environment=_ENVIRONMENT,
            )
        )

    def start(self) -> None:
        """Starts the server, waits until it answers, and stores its root certificate.

        Raises:
            SandboxError: if it doesn't answer in time.
        """
        self._child.start()
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                answer = requests.get(
                    f"https://{self._management}/roots/0", verify=self._trusted, timeout=5
                )
                answer.raise_for_status()
            except requests.RequestException as error:
                if self._child.failure or time.monotonic() > deadline:
                    reason = self._child.failure or error
                    self.stop()
                    raise SandboxError(f"the ACME server doesn't start: {reason}") from error
                time.sleep(_POLL)
            else:
                write_private(self._root, answer.text)
                return

    def stop(self) -> None:
        """Stops the server."""
        self._child.stop()

    def _settings(self, http_port: int) -> dict[str, object]:
        return {
            "listenAddress": f"{LOOPBACK}:{self.port}",
            "managementListenAddress": self._management,
            "certificate": str(self._certificate),
            "privateKey": str(self._certificate),
            "httpPort": http_port,
            "tlsPort": 443,
            "keyAlgorithm": "ecdsa",
            "retryAfter": {"authz": 1, "order": 1},
        }
