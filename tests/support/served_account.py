"""An Exoscale account whose clusters have no processes, served on a loopback port, and under
Exoscale's own names."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exoscale.api.v2 import Client

from sandbox.account import LOOPBACK, Account
from sandbox.daemon.certificates import server_context, write_authorities
from sandbox.daemon.fault_client import FaultClient
from sandbox.daemon.proxy import Proxy
from sandbox.environment.variables import AUTHORITIES, sandbox_variables
from sandbox.exoscale_api import Credentials, create_app
from sandbox.exoscale_api.connection import server
from sandbox.paths import private_directory
from tests.support.https_server import https_server
from tests.support.served_nodes import ServedNodes

SECONDS = 10
HOSTS = ["api-ch-gva-2.exoscale.com"]
"""Where the official plugin sends part of its calls."""


@dataclass(frozen=True)
class ServedAccount:
    """The account, and the folder with the authorities that its certificate needs."""

    account: Account
    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """All that the sandbox sets, for this account."""
        return sandbox_variables(self.account, self.folder)

    @property
    def environment(self) -> dict[str, str]:
        """What leads Exoscale's clients there, and a Pulumi of another sandbox's too."""
        leading = ("EXOSCALE_", "HTTPS_PROXY", "https_proxy", *AUTHORITIES)
        return {name: value for name, value in self.variables.items() if name.startswith(leading)}

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
        yield from _serve(folder, ServedNodes(kubernetes))


def _serve(folder: Path, runtime: ServedNodes) -> Iterator[ServedAccount]:
    listener, proxied = (socket.create_server((LOOPBACK, 0)) for _ in range(2))
    port, proxy_port = (each.getsockname()[1] for each in (listener, proxied))
    account = Account("EXOtest", "a-secret", "a passphrase", port, proxy_port=proxy_port)
    proxy = Proxy(HOSTS, server_context(folder, HOSTS), port)
    threading.Thread(target=asyncio.run, args=(proxy.serve(proxied),), daemon=True).start()
    write_authorities(folder)
    app = create_app(
        store_dir=folder / "api",
        credentials=Credentials(account.api_key, account.api_secret),
        base_url=account.base_url,
        runtime=runtime,
        check_answers=True,
    )
    api = server(app)
    thread = threading.Thread(target=api.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield ServedAccount(account, folder)
    finally:
        api.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()
