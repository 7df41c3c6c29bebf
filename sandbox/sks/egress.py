"""The proxy for connections from a control plane, which lets none leave this machine.

kube-apiserver connects to webhooks, aggregated API servers, kubelets, the audit log's endpoint and
OIDC issuers through the HTTP CONNECT proxy in its EgressSelectorConfiguration. The proxy allows
connections to loopback addresses, to nodes that run containers, their pods and Services, and to
Services whose pods the sandbox simulates. It rejects all others, with the reason in the status
line, because kube-apiserver copies that line to its error (k8s.io/apiserver,
pkg/server/egressselector/egress_selector.go).
"""

import ipaddress
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client

from sandbox.http_connect import CHUNK, HEAD_SECONDS, RejectedRequest, connect_target
from sandbox.sks.backends import ready_pods
from sandbox.sks.ingress_nginx import webhook
from sandbox.sks.machines import agents
from sandbox.sks.spec import INSTANCE_NETWORKS, TUNNEL, ClusterSpec, SksError

_log = logging.getLogger(__name__)

_HEAD_BYTES = 8192
_HTTPS = "https"
"""Name of the port of cert-manager's webhook."""
_NO_CONTAINERS = "the sandbox runs no containers: nothing answers at"

Answer = Callable[[socket.socket], None]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def configuration(socket_name: str) -> dict[str, Any]:
    """Returns the EgressSelectorConfiguration, which uses the Unix socket except for etcd."""
    connection = {
        "proxyProtocol": "HTTPConnect",
        "transport": {"uds": {"udsName": socket_name}},
    }
    return {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [
            {"name": name, "connection": connection} for name in ("cluster", "controlplane")
        ],
    }


class Egress:
    """Serves the proxy of `cluster` on the Unix socket `path`, with a thread per connection."""

    def __init__(
        self,
        cluster: ClusterSpec,
        path: Path,
        api_client: client.ApiClient,
        pod_ports: Mapping[str, int],
        *,
        containers: bool,
    ) -> None:
        self._cluster = cluster.name
        self._containers = containers
        self._machines = [ipaddress.ip_network(text) for text in INSTANCE_NETWORKS if containers]
        self._pods = _networks(cluster.networking.pods)
        self._services = _networks(cluster.networking.services)
        self._path = path
        self._api_client = api_client
        self._pod_ports = pod_ports
        self._refused: set[str] = set()
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        # The path of a socket is limited to 107 bytes; that of a cluster's folder can be longer.
        with _directory(path.parent) as short:
            self._listener.bind(str(short / path.name))
        self._listener.listen(128)
        threading.Thread(target=self._accept, name=f"egress-{cluster.name}", daemon=True).start()

    def close(self) -> None:
        """Stops accepting connections; open connections end when their clients close them."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._answer(connection)
        except OSError as error:
            _log.info("cluster %s: a connection of its API server: %s", self._cluster, error)

    def _answer(self, connection: socket.socket) -> None:
        """Answers a CONNECT request and serves the connection."""
        connection.settimeout(HEAD_SECONDS)
        try:
            answer = self._route(*connect_target(_head(connection)))
        except RejectedRequest as refusal:
            status, reason = refusal.args
            if reason not in self._refused:  # log once, because kube-apiserver retries
                self._refused.add(reason)
                _log.warning("cluster %s: %s", self._cluster, reason)
            _send(connection, f"{status.partition(' ')[0]} {reason}")
            return
        _send(connection, "200 Connection established")
        answer(connection)

    def _route(self, host: str, port: int) -> Answer:
        if _is_loopback(host):
            return partial(_join, _connect(host, port))
        if _is_in(host, self._machines):
            return partial(_join, _connect(host, port, TUNNEL))
        try:
            if self._containers and _is_in(host, [*self._pods, *self._services]):
                return partial(_join, self._connect_from_agent(host, port))
            return self._service(host, port)
        except client.ApiException as error:
            raise RejectedRequest("502", f"{host}:{port}: {error.reason}") from error
        except urllib3.exceptions.HTTPError as error:
            raise RejectedRequest(
                "502", f"{host}:{port}: the API server does not answer"
            ) from error

    def _connect_from_agent(self, host: str, port: int) -> socket.socket:
        try:
            return agents.connect(client.CoreV1Api(self._api_client), host, port, HEAD_SECONDS)
        except (OSError, SksError) as error:
            raise RejectedRequest("502", f"{host}:{port}: {error}") from error

    def _service(self, address: str, port: int) -> Answer:
        """Returns the function that serves connections to a Service's address.

        kube-apiserver has already resolved the Service's name.
        """
        core = client.CoreV1Api(self._api_client)
        for service in core.list_service_for_all_namespaces().items:
            if address in (service.spec.cluster_ips or ()):
                break
        else:
            raise RejectedRequest("403", self._why_not(address, port))
        namespace, name = service.metadata.namespace, service.metadata.name
        where = f"{name}.{namespace}.svc:{port} ({address})"
        ready = ready_pods(core, service)
        if not ready:
            raise RejectedRequest("502", f"connection refused: no pod is ready behind {where}")
        targets = {item.target_port for item in service.spec.ports if item.port == port}
        for pod in ready:
            if _HTTPS in targets and (own := self._pod_ports.get(pod.metadata.uid)):
                return partial(_join, _connect("127.0.0.1", own))
            if webhook.PORT in targets and webhook.is_played(pod):
                return webhook.answering(self._api_client, pod, where)
        raise RejectedRequest("403", f"{_NO_CONTAINERS} {where}")

    def _why_not(self, address: str, port: int) -> str:
        if _is_in(address, self._pods):
            return f"{_NO_CONTAINERS} {address}:{port}"
        return f"the sandbox lets nothing leave this machine: {address}:{port} is elsewhere"


@contextmanager
def _directory(path: Path) -> Iterator[Path]:
    """Yields a short path of the folder."""
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        data = connection.recv(_HEAD_BYTES)
        head += data
        if not data or len(head) > _HEAD_BYTES:
            raise RejectedRequest("400", "no CONNECT request")
    return head


def _send(connection: socket.socket, status: str) -> None:
    connection.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode("ascii", "replace"))


def _networks(text: str) -> list[Network]:
    return [ipaddress.ip_network(network) for network in text.split(",")]


def _is_in(host: str, networks: Sequence[Network]) -> bool:
    try:
        return any(ipaddress.ip_address(host) in network for network in networks)
    except ValueError:  # a name
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _connect(host: str, port: int, source: str = "") -> socket.socket:
    try:
        return socket.create_connection((host, port), HEAD_SECONDS, (source, 0))
    except OSError as error:
        raise RejectedRequest("502", f"{host}:{port}: {error.strerror or error}") from error


def _join(server: socket.socket, connection: socket.socket) -> None:
    """Copies data in both directions until both sides have closed."""
    with server:
        for end in (server, connection):
            end.settimeout(None)
        upwards = threading.Thread(target=_copy, args=(connection, server), daemon=True)
        upwards.start()
        _copy(server, connection)
        upwards.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
