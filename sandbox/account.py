"""The account of one sandbox: its API key, its passphrase and the ports that it listens on."""

import contextlib
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

from sandbox.errors import SandboxError
from sandbox.paths import PASSPHRASE_FILE, write_private

LOOPBACK = "127.0.0.1"

Nodes = Literal["simulated", "containers"]


@dataclass(frozen=True)
class Account:
    """What `account.json` (mode 0600) holds, made once and kept until `reset`."""

    api_key: str
    api_secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    """PULUMI_CONFIG_PASSPHRASE of the sandbox's stacks, the same for every sandbox of the clone."""
    port: int
    proxy_port: int = 0
    """0 in the file of a sandbox that was made before there was a proxy."""
    nodes: Nodes = "simulated"
    """What the nodes of its clusters are."""

    @property
    def base_url(self) -> str:
        """Where the daemon listens: http://127.0.0.1:PORT."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def endpoint(self) -> str:
        """EXOSCALE_API_ENDPOINT."""
        return f"{self.base_url}/v2"

    @property
    def proxy_url(self) -> str:
        """HTTPS_PROXY."""
        return f"http://{LOOPBACK}:{self.proxy_port}"

    @classmethod
    def load(cls, home: Path) -> Self | None:
        """Return the account of the sandbox at `home`, None if it has none yet.

        Raises SandboxError if account.json is not as this class wrote it.
        """
        file = home / "account.json"
        try:
            return cls(**json.loads(file.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            raise SandboxError(f"{file} is damaged: remove it, or run `sandbox reset`") from None

    @classmethod
    def kind_of_nodes(cls, home: Path, nodes: Nodes | None = None) -> Nodes:
        """Return what the nodes of the sandbox at `home` are, or, before it has an account, will
        be where `nodes` are asked for.

        Raises SandboxError if it has nodes of another kind.
        """
        account = cls.load(home)
        if account is None:
            return nodes or "simulated"
        if nodes not in (None, account.nodes):
            raise SandboxError(
                f"the nodes of this sandbox are {account.nodes}, not {nodes}: "
                "`sandbox reset` lets the next `up` choose, and removes its clusters"
            )
        return account.nodes

    @classmethod
    def load_or_create(cls, home: Path, nodes: Nodes | None = None) -> Self:
        """Return the account of the sandbox at `home`, a new one with such `nodes` the first time.

        Raises SandboxError if it has nodes of another kind.
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
        if not account.proxy_port:
            account = replace(account, proxy_port=_free_port())
            write_private(home / "account.json", json.dumps(asdict(account), indent=2) + "\n")
        return account


def _passphrase() -> str:
    """Return the clone's passphrase; make it the first time.

    It outlives a reset, so that values encrypted in a Pulumi.<stack>.yaml stay readable.
    """
    file = PASSPHRASE_FILE
    if not file.exists():
        candidate = file.with_name(f"{file.name}.{os.getpid()}")
        write_private(candidate, secrets.token_urlsafe(24))
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(candidate, file)
        candidate.unlink()
    return file.read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
