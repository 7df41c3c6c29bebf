"""The sandbox's daemon: it serves the Exoscale API and DNS, and runs the clusters."""

import asyncio
import fcntl
import logging
import logging.handlers
import os
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from starlette.applications import Starlette

from sandbox import paths
from sandbox.account import LOOPBACK, Account
from sandbox.acme.gate import Gate
from sandbox.acme.network import HTTP, ChallengeNetwork, Zones
from sandbox.acme.server import AcmeServer
from sandbox.daemon import certificates
from sandbox.daemon.fault_client import FaultClient
from sandbox.daemon.kubeconfig import KubeconfigFile
from sandbox.daemon.proxy import Proxy
from sandbox.daemon.state import MARK, DaemonState, lock_file
from sandbox.exoscale_api import Credentials, create_app, dns_zones
from sandbox.exoscale_api.connection import server
from sandbox.exoscale_api.request_log import LOGGER as REQUESTS
from sandbox.name_server.server import NameServer
from sandbox.nlb.load_balancers import LoadBalancers
from sandbox.sks.layout import ClusterFiles
from sandbox.sks.machines import network
from sandbox.sks.runtime import ClusterSpec, SksRuntime
from sandbox.sks.spec import HEALTH_CHECKS, LOAD_BALANCERS, SksError

_log = logging.getLogger("sandbox.daemon")

USER = "sandbox"
GROUPS = ("system:masters",)
USER_SECONDS = 365 * 24 * 3600
"""Lifetime of the certificates in the kubeconfig; every start of the daemon issues new ones."""
LOG_BYTES = 5 * 1024 * 1024
LOCK_SECONDS = 1
"""Timeout for locking the home, which only one daemon may serve."""
CLOSE_SECONDS = 5
"""Grace period for requests in progress when the daemon stops."""


class ClustersWithKubeconfig(SksRuntime):
    """The SKS runtime. It also keeps a context for each running cluster in the kubeconfig."""

    def __init__(self, home: Path, tools: Path, *, containers: bool, dns_port: int) -> None:
        super().__init__(home, tools, containers=containers, dns_port=dns_port)
        self._folder = home / "clusters"
        self._kubeconfig = KubeconfigFile(home / "kubeconfig")

    def start_cluster(self, cluster_id: str) -> str:
        """Starts a stored cluster, adds its context and returns the URL of its API server."""
        endpoint = super().start_cluster(cluster_id)
        self._add_context(cluster_id)
        return endpoint

    def update_cluster(self, cluster_id: str, spec: ClusterSpec) -> None:
        """Updates a running cluster and its context, which has the cluster's name."""
        super().update_cluster(cluster_id, spec)
        self._add_context(cluster_id)

    def stop_cluster(self, cluster_id: str) -> None:
        """Removes the cluster's context and stops its processes."""
        self._kubeconfig.remove(cluster_id)
        super().stop_cluster(cluster_id)

    def _add_context(self, cluster_id: str) -> None:
        name = ClusterFiles(self._folder / cluster_id).load().name
        text = self.kubeconfig(cluster_id, USER, GROUPS, USER_SECONDS)
        self._kubeconfig.add(cluster_id, name, text)


def main() -> int:
    """Runs the daemon until SIGTERM or SIGINT and returns the exit code."""
    home = paths.home()
    paths.private_directory(home)
    log = paths.private_directory(home / "log")
    _log_to(log / "daemon.log", logging.getLogger(), "%(asctime)s %(levelname)s %(name)s:")
    _log_to(log / "requests.log", logging.getLogger(REQUESTS), "%(asctime)s")
    with lock_file(home).open("a+") as lock:
        if not _acquire_lock(lock):
            sys.stderr.write(f"another daemon already serves {home}\n")
            return 3
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        os.environ[MARK] = str(home)
        bypass_proxy_for_loopback()
        return _serve(home, Account.load_or_create(home))


def bypass_proxy_for_loopback() -> None:
    """Excludes loopback addresses from the proxies that the environment names.

    The daemon and its clusters talk to each other over the loopback address.
    """
    hosts = urllib.request.getproxies_environment().get("no", "")
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [hosts, LOOPBACK, "localhost"]))


def _acquire_lock(file: TextIO) -> bool:
    """Locks the file for this process and returns whether that succeeded.

    It retries for LOCK_SECONDS, because `running_pid` holds the lock for a moment.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _serve(home: Path, account: Account) -> int:
    state = DaemonState(home)
    state.write("starting", "the Exoscale API")
    acme_installed = (paths.TOOLS_BIN / "pebble").exists()
    containers = account.nodes == "containers"
    try:
        if containers:
            network.add_public_network(home)
        listener, proxy_listener = _listen(account.port), _listen(account.proxy_port)
        dns_listener, datagrams = _listen(account.dns_port), _bind(account.dns_port)
        acme_listener = _listen(account.acme_port, account.acme_host) if acme_installed else None
    except (OSError, SksError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    runtime = ClustersWithKubeconfig(
        home, paths.TOOLS_BIN, containers=containers, dns_port=account.dns_port
    )
    runtime.connect(account.endpoint, account.api_key, account.api_secret)
    app = create_app(
        store_dir=paths.private_directory(home / "api"),
        credentials=Credentials(account.api_key, account.api_secret),
        base_url=account.base_url,
        runtime=runtime,
        traffic=LoadBalancers(LOAD_BALANCERS, health_checks_from=HEALTH_CHECKS)
        if containers
        else None,
    )
    certificates.write_authorities(home)
    hosts = {f"api-{zone}.exoscale.com" for zone in app.state.organization.zones}
    proxy = Proxy(hosts, certificates.server_context(home, hosts), account.port)
    _serve_in_thread(proxy.serve(proxy_listener))
    zones = partial(dns_zones, app.state.organization.store)
    name_server = NameServer(zones)
    _serve_in_thread(name_server.serve(datagrams, dns_listener))
    acme = None
    if acme_listener is not None:
        acme = _acme_server(home, account, runtime, zones)
        gate = Gate(acme.port, app.state.organization.faults.drops_acme)
        _serve_in_thread(gate.serve(acme_listener))
    api = server(app, CLOSE_SECONDS)
    # uvicorn raises the signal again after its shutdown. These handlers ignore it, so that the
    # daemon can stop the clusters.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _log.info("received a signal to stop"))
    threading.Thread(target=_resume, args=(app, account, acme, state), daemon=True).start()
    api.run(sockets=[listener])
    state.write("stopping", "clusters")
    runtime.stop_all()
    if acme is not None:
        acme.stop()
    if containers:
        network.remove_public_network(home)
    state.clear()
    return 0


def _serve_in_thread(serving: Coroutine[Any, Any, None]) -> None:
    threading.Thread(target=asyncio.run, args=(serving,), daemon=True).start()


def _acme_server(home: Path, account: Account, runtime: SksRuntime, zones: Zones) -> AcmeServer:
    """Returns the ACME server, which can reach the challenges of simulated nodes too."""
    authority = certificates.authority(home)
    if account.nodes == "containers":
        return AcmeServer(home, authority, account.dns_address, HTTP)
    network = ChallengeNetwork(zones, runtime)
    runtime.set_cert_manager_environment(
        {
            "SSL_CERT_FILE": str(paths.authorities(home)),
            "HTTP_PROXY": network.proxy,
            "HTTPS_PROXY": network.proxy,
        }
    )
    return AcmeServer(home, authority, network.resolver, network.http_port)


def _listen(port: int, host: str = LOOPBACK) -> socket.socket:
    listener = _bind(port, socket.SOCK_STREAM, host)
    listener.listen(128)
    return listener


def _bind(
    port: int, kind: socket.SocketKind = socket.SOCK_DGRAM, host: str = LOOPBACK
) -> socket.socket:
    bound = socket.socket(type=kind)
    if kind == socket.SOCK_STREAM:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        raise OSError(f"port {port} of {host}: {error.strerror}") from error
    return bound


def _resume(app: Starlette, account: Account, acme: AcmeServer | None, state: DaemonState) -> None:
    try:
        # Waits until the server accepts connections. Faults don't apply to this request.
        FaultClient(account).all()
        if acme is not None:
            state.write("starting", "the ACME server")
            acme.start()
        state.write("starting", "clusters")
        app.state.resume()
    except Exception as error:
        _log.exception("failed to start the stored clusters")
        state.write("failed", str(error))
    else:
        state.write("ready", "")


def _log_to(file: Path, logger: logging.Logger, prefix: str) -> None:
    handler = logging.handlers.RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=1)
    handler.setFormatter(logging.Formatter(f"{prefix} %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


if __name__ == "__main__":
    sys.exit(main())
