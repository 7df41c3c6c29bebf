"""A real key management service on loopback: OpenBao, which answers as HashiCorp's Vault does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from sandbox.sks.ports import free_ports
from tests.support.server_process import server_process

KEY = "webapp"


@contextmanager
def key_server(folder: Path) -> Iterator[dict[str, str]]:
    """A service that keeps the key `webapp`, and the variables by which its clients find it."""
    (port,) = free_ports(1)
    address, token = f"http://127.0.0.1:{port}", "root-of-the-tests"
    session = requests.Session()
    session.headers["X-Vault-Token"] = token
    folder.mkdir()
    with server_process(
        "bao", "server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}",
        log=folder / "log", environment={"BAO_DEV_ROOT_TOKEN_ID": token},
        ready=lambda: session.get(f"{address}/v1/sys/health").ok,
    ):  # fmt: skip
        for made, what in (
            ("sys/mounts/transit", {"type": "transit"}),
            (f"transit/keys/{KEY}", {}),
        ):
            session.post(f"{address}/v1/{made}", json=what).raise_for_status()
        yield {"VAULT_ADDR": address, "VAULT_TOKEN": token}
