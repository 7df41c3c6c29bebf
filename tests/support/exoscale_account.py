"""A sandbox Exoscale account without processes: its server in memory, reached by real clients."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
from exoscale.api.exceptions import ExoscaleAPIClientException
from exoscale.api.v2 import Client
from starlette.applications import Starlette

from sandbox.exoscale_api import Credentials, create_app
from sandbox.exoscale_api.sks_runtime import Authority
from sandbox.sks.spec import ClusterSpec, NodepoolSpec, Opening, SksError
from tests.support.security_group_rules import ingress

BASE_URL = "http://127.0.0.1:1"
CREDENTIALS = Credentials("EXOtest", "a-secret")
SMALL = {"id": "21624abb-764e-4def-81d7-9fc54b5957fb"}


def refused(status: int, message: str) -> AbstractContextManager[object]:
    """Expect the client to raise for an answer of that status and message (an expression)."""
    return pytest.raises(ExoscaleAPIClientException, match=f"{status}: .*{message}")


class MemoryRuntime:
    """An SksRuntime that records what it was asked.

    `fail` makes the next piece of work fail; work waits while `ready` is not set. The first node of
    each nodepool answers health checks on `answering_port`.
    """

    versions: Sequence[str] = ("1.36.5",)

    def __init__(self) -> None:
        self.clusters: dict[str, dict[str, NodepoolSpec]] = {}
        self.specs: dict[str, ClusterSpec] = {}
        self.started: list[str] = []
        self.fail: str | None = None
        self.answering_port = 30080
        self.openings: Mapping[str, Sequence[Opening]] = {}
        self.ready = threading.Event()
        self.ready.set()

    def create_cluster(self, cluster_id: str, spec: ClusterSpec) -> str:
        self._work()
        if cluster_id in self.clusters:
            raise SksError("exists already")
        self.clusters[cluster_id] = {}
        self.specs[cluster_id] = spec
        return "https://127.0.0.1:6443"

    def update_cluster(self, cluster_id: str, spec: ClusterSpec) -> None:
        self._work()
        self.specs[cluster_id] = spec

    def start_cluster(self, cluster_id: str) -> str:
        self._work()
        self.clusters.setdefault(cluster_id, {})
        self.started.append(cluster_id)
        return "https://127.0.0.1:6443"

    def delete_cluster(self, cluster_id: str) -> None:
        if cluster_id not in self.clusters:
            raise FileNotFoundError(cluster_id)
        self._work()
        del self.clusters[cluster_id]

    def set_nodepool(self, cluster_id: str, pool: NodepoolSpec) -> None:
        self._work()
        self.clusters[cluster_id][pool.id] = pool

    def delete_nodepool(self, cluster_id: str, nodepool_id: str) -> None:
        self._work()
        self.clusters[cluster_id].pop(nodepool_id, None)

    def set_firewall(self, openings: Mapping[str, Sequence[Opening]]) -> None:
        self.openings = openings

    def answering_nodes(self, cluster_id: str, port: int) -> list[str]:
        pools = self.clusters[cluster_id].values()
        return [pool.node_names[0] for pool in pools if port == self.answering_port]

    def kubeconfig(
        self, cluster_id: str, user: str, groups: Sequence[str], ttl_seconds: int
    ) -> str:
        return f"{cluster_id} {user} {','.join(groups)} {ttl_seconds}"

    def authority_cert(self, cluster_id: str, authority: Authority) -> str:
        return f"{cluster_id} {authority}"

    def _work(self) -> None:
        assert self.ready.wait(timeout=5)
        if self.fail is not None:
            reason, self.fail = self.fail, None
            raise SksError(reason)


class InMemory(requests.adapters.BaseAdapter):
    """Carries requests to an ASGI application instead of to a socket."""

    def __init__(self, app: Starlette) -> None:
        super().__init__()
        self._app = app

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        url = urlsplit(str(request.url))
        body: Any = request.body or b""
        headers = {"host": url.netloc} | {k.lower(): v for k, v in request.headers.items()}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": unquote(url.path),
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "headers": [(k.encode(), str(v).encode()) for k, v in headers.items()],
            "extensions": {"sandbox.drop": lambda: None},
        }
        received = iter(
            [
                {"type": "http.request", "body": body, "more_body": False},
                {"type": "http.disconnect"},
            ]
        )
        response = requests.Response()
        response.request = request
        response._content = b""

        async def receive() -> dict[str, Any]:
            return next(received)

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                response.status_code = message["status"]
                headers = [(k.decode(), v.decode()) for k, v in message["headers"]]
                response.headers = requests.structures.CaseInsensitiveDict(headers)
            else:
                response._content += message["body"]

        asyncio.run(self._app(scope, receive, send))
        if not response.status_code:
            raise requests.ConnectionError("the connection was closed without an answer")
        return response

    def close(self) -> None:
        """Nothing is open."""


class Account:
    """An account in `directory`; a second one in the same directory is the server restarted."""

    def __init__(
        self, directory: Path, runtime: MemoryRuntime | None = None, **options: Any
    ) -> None:
        self.runtime = runtime or MemoryRuntime()
        self.app = create_app(
            store_dir=directory,
            credentials=CREDENTIALS,
            base_url=BASE_URL,
            runtime=self.runtime,
            check_answers=True,
            **options,
        )
        self.api = self.client()

    def client(self, zone: str = "ch-gva-2", credentials: Credentials = CREDENTIALS) -> Client:
        """Exoscale's own client of a zone."""
        key, secret = credentials.api_key, credentials.api_secret
        client = Client(key, secret, url=f"{BASE_URL}/{zone}/v2")
        client.http_client.trust_env = False
        client.http_client.mount("http://", InMemory(self.app))
        return client

    def finish(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The operation once it is pending no more."""
        deadline = time.monotonic() + 5
        while operation["state"] == "pending":
            assert time.monotonic() < deadline, f"still pending: {operation}"
            time.sleep(0.001)
            operation = self.api.get_operation(id=operation["id"])
        return operation

    def done(self, operation: dict[str, Any]) -> str:
        """The id of what an operation that succeeds refers to."""
        operation = self.finish(operation)
        assert operation["state"] == "success", operation
        return str(operation["reference"]["id"])

    def cluster(self, **arguments: Any) -> str:
        """A new cluster's id."""
        defaults = {"name": "demo", "level": "starter", "version": "1.36.5"}
        return self.done(self.api.create_sks_cluster(**{**defaults, **arguments}))

    def nodepool(self, cluster: str, **arguments: Any) -> str:
        """A new nodepool's id."""
        defaults = {"name": "workers", "size": 2, "disk_size": 50, "instance_type": SMALL}
        return self.done(self.api.create_sks_nodepool(id=cluster, **{**defaults, **arguments}))

    def group(self, name: str = "nodes") -> dict[str, str]:
        """A reference to a new security group."""
        return {"id": self.done(self.api.create_security_group(name=name))}

    def let_in(self, group: dict[str, str], first: int, last: int, **source: Any) -> None:
        """Add a rule for TCP to a security group."""
        rule = ingress("tcp", first, last, **source)
        self.done(self.api.add_rule_to_security_group(**group, **rule))
