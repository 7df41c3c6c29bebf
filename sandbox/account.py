"""The account of a sandbox: API key, passphrase, ports and kind of nodes."""

import contextlib
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

from sandbox.errors import SandboxError
from sandbox.paths import PASSPHRASE_FILE, ROOT, write_private

LOOPBACK = "127.0.0.1"
ACME_ADDRESS = "203.0.113.254"
"""Address of the ACME server if nodes run containers: one of the host's that pods reach."""
ACME_PORT = 14000
"""Port of the ACME server in the clone's own sandbox, whose home is `.sandbox`."""

Nodes = Literal["simulated", "containers"]


@dataclass(frozen=True)
class Account:
    """The content of `account.json` (mode 0600), which is created once and kept until `reset`."""

    api_key: str
    api_secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    """PULUMI_CONFIG_PASSPHRASE of the sandbox's stacks, the same for every sandbox of the clone."""
    port: int
    proxy_port: int = 0
    """0 in the file of a sandbox that an earlier version without a proxy created."""
    nodes: Nodes = "simulated"
    """The kind of its clusters' nodes."""
    dns_port: int = 0
    """0 in the file of a sandbox that an earlier version without a DNS server created."""
    acme_port: int = 0
    """0 in the file of a sandbox that an earlier version without an ACME server created."""

    @property
    def base_url(self) -> str:
        """The URL of the daemon: http://127.0.0.1:PORT."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def endpoint(self) -> str:
        """The URL of the Exoscale API, for EXOSCALE_API_ENDPOINT."""
        return f"{self.base_url}/v2"

    @property
    def proxy_url(self) -> str:
        """The URL of the sandbox's proxy, for HTTPS_PROXY."""
        return f"http://{LOOPBACK}:{self.proxy_port}"

    @property
    def dns_address(self) -> str:
        """The address of the sandbox's DNS server, for UDP and TCP: 127.0.0.1:PORT."""
        return f"{LOOPBACK}:{self.dns_port}"

    @property
    def acme_host(self) -> str:
        """The address of the sandbox's ACME server."""
        return ACME_ADDRESS if self.nodes == "containers" else LOOPBACK

    @property
    def acme_url(self) -> str:
        """The directory of the sandbox's ACME server."""
        return f"https://{self.acme_host}:{self.acme_port}/dir"

    @classmethod
    def load(cls, home: Path) -> Self | None:
        """Returns the account of the sandbox at `home`, None if the sandbox doesn't exist.

        Raises:
            SandboxError: if account.json is damaged.
        """
        file = home / "account.json"
        try:
            return cls(**json.loads(file.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            raise SandboxError(f"{file} is damaged: delete it, or run `sandbox reset`") from None

    @classmethod
    def kind_of_nodes(cls, home: Path, nodes: Nodes | None = None) -> Nodes:
        """Returns the kind of nodes of the sandbox at `home`.

        If the sandbox doesn't exist: `nodes`, by default simulated ones.

        Raises:
            SandboxError: if the sandbox exists and has nodes of another kind than `nodes`.
        """
        account = cls.load(home)
        if account is None:
            return nodes or "simulated"
        if nodes not in (None, account.nodes):
            raise SandboxError(
                f"the nodes of this sandbox are {account.nodes}, not {nodes}: to change that, "
                "run `sandbox reset`, which removes the clusters, and `up` again"
            )
        return account.nodes

    @classmethod
    def load_or_create(cls, home: Path, nodes: Nodes | None = None) -> Self:
        """Returns the account of the sandbox at `home`, and creates it if it doesn't exist.

        Raises:
            SandboxError: if the sandbox exists and has nodes of another kind than `nodes`.
        """
        kind, account = cls.kind_of_nodes(home, nodes), cls.load(home)
        if account is None:
            account = cls(
                api_key=f"EXO{secrets.token_hex(12)}",
                api_secret=secrets.token_urlsafe(32),
                passphrase=_passphrase(),
                port=_free_port(),
                nodes=kind,
            )
        if not (account.proxy_port and account.dns_port and account.acme_port):
            account = replace(
                account,
                proxy_port=account.proxy_port or _free_port(),
                dns_port=account.dns_port or _free_port(),
                acme_port=account.acme_port or _acme_port(home),
            )
            write_private(home / "account.json", json.dumps(asdict(account), indent=2) + "\n")
        return account


def _passphrase() -> str:
    """Returns the clone's passphrase, and creates it if it doesn't exist.

    `reset` keeps it, so that encrypted values in a Pulumi.<stack>.yaml can still be decrypted.
    """
    file = PASSPHRASE_FILE
    if not file.exists():
        candidate = file.with_name(f"{file.name}.{os.getpid()}")
        write_private(candidate, secrets.token_urlsafe(24))
        with contextlib.suppress(FileExistsError):  # another process has created it meanwhile
            os.link(candidate, file)
        candidate.unlink()
    return file.read_text()


def _acme_port(home: Path) -> int:
    """Returns ACME_PORT for the clone's own sandbox, because stack files contain its URL.

    If another clone's sandbox uses the port: a free one.
    """
    if home == ROOT / ".sandbox":
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, ACME_PORT))
            return ACME_PORT
    return _free_port()


def _free_port() -> int:
    """Returns a port of the loopback address that is free for TCP and for UDP."""
    while True:
        with socket.socket() as probe, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
            with contextlib.suppress(OSError):
                datagrams.bind((LOOPBACK, port))
                return port
