"""An Exoscale account whose clusters have no processes, served on a loopback port."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from exoscale.api.v2 import Client

from sandbox.account import LOOPBACK, Account
from sandbox.exoscale_api import Credentials, create_app
from sandbox.exoscale_api.connection import DroppableConnection
from sandbox.fault_client import FaultClient
from sandbox.paths import private_directory
from tests.integration.https_server import https_server
from tests.integration.served_nodes import ServedNodes

SECONDS = 10


@dataclass(frozen=True)
class ServedAccount:
    """`environment` is what leads Exoscale's clients there."""

    account: Account

    @property
    def environment(self) -> dict[str, str]:
        return {
            "EXOSCALE_API_ENDPOINT": self.account.endpoint,
            "EXOSCALE_API_KEY": self.account.api_key,
            "EXOSCALE_API_SECRET": self.account.api_secret,
        }

    @property
    def faults(self) -> FaultClient:
        return FaultClient(self.account)

    def ids(self) -> set[str]:
        """Of all that the account holds."""
        api = Client(self.account.api_key, self.account.api_secret, url=self.account.endpoint)
        clusters = api.list_sks_clusters()["sks-clusters"]
        groups = api.list_security_groups()["security-groups"]
        found = [
            *clusters,
            *(pool for cluster in clusters for pool in cluster["nodepools"]),
            *groups,
            *(rule for group in groups for rule in group["rules"]),
            *api.list_anti_affinity_groups()["anti-affinity-groups"],
            *api.list_load_balancers()["load-balancers"],
        ]
        return {item["id"] for item in found}


@contextmanager
def served_account(folder: Path) -> Iterator[ServedAccount]:
    """Serve the account stored in `folder` until the block ends."""
    with https_server(private_directory(folder)) as kubernetes:
        yield from _serve(folder / "api", ServedNodes(kubernetes))


def _serve(folder: Path, runtime: ServedNodes) -> Iterator[ServedAccount]:
    listener = socket.create_server((LOOPBACK, 0))
    account = Account("EXOtest", "a-secret", "a passphrase", listener.getsockname()[1])
    app = create_app(
        store_dir=folder,
        credentials=Credentials(account.api_key, account.api_secret),
        base_url=account.base_url,
        runtime=runtime,
        check_answers=True,
    )
    server = uvicorn.Server(
        uvicorn.Config(app, http=DroppableConnection, log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield ServedAccount(account)
    finally:
        server.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()
