"""An API server with nodes and pods in memory: evictions succeed, or are refused by a budget."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from components.lifecycle.kubernetes_api import KubernetesApi

REFUSAL = {
    "message": "Cannot evict pod as it would violate the pod's disruption budget.",
    "details": {
        "causes": [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget web needs 1 healthy pods and has 1 currently",
            }
        ]
    },
}


def node(name: str, pool: str, *, ready: bool = True, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"node.exoscale.net/nodepool-id": pool}},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def daemon_set(name: str, **spec: Any) -> dict[str, Any]:
    """One whose pods have `spec`."""
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": {"spec": spec}},
    }


def pod(name: str, on: str, *, owner: str = "ReplicaSet", **changes: Any) -> dict[str, Any]:
    """A pod of the owner `owner`, whose name is the part of the pod's before the last hyphen."""
    metadata = {
        "name": name,
        "uid": f"uid-of-{name}",
        "namespace": "shop",
        "ownerReferences": [{"kind": owner, "name": name.rpartition("-")[0] or name}],
    }
    ready = {"type": "Ready", "status": "True"}
    return {
        "metadata": metadata | changes.get("metadata", {}),
        "spec": {"nodeName": on},
        "status": {"phase": "Running", "conditions": [ready]} | changes.get("status", {}),
    }


@dataclass
class Cluster:
    """What the server has, and what it was asked to do, in order.

    `refusals` says how often a pod's eviction is refused; `failures` how the next requests fail.
    So many evictions find their namespace `terminating`. Pods in `returning` come back to their
    node under another name.
    """

    nodes: list[dict[str, Any]] = field(default_factory=list)
    pods: list[dict[str, Any]] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)
    daemon_sets: list[dict[str, Any]] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    terminating: int = 0
    returning: set[str] = field(default_factory=set)
    failures: list[int] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.failures:
            return self.failures.pop(0), {"message": "the server is not well"}
        place, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        name = place.split("/")[-1] if method == "PATCH" else place.split("/")[-2]
        if method == "PATCH":
            (found,) = (node for node in self.nodes if node["metadata"]["name"] == name)
            found["spec"] |= body["spec"]
            self.done.append(f"{'cordon' if body['spec']['unschedulable'] else 'uncordon'} {name}")
            return 200, found
        if method == "POST":
            return self._evict(name)
        if place == "/api/v1/nodes":
            wanted = query["labelSelector"][0].partition("(")[2].strip(")").split(",")
            return 200, {"items": [n for n in self.nodes if _pool(n) in wanted]}
        if place == "/api/v1/pods":
            on = query["fieldSelector"][0].partition("=")[2]
            return 200, {"items": [p for p in self.pods if p["spec"]["nodeName"] == on]}
        if place == "/apis/apps/v1/daemonsets":
            return 200, {"items": self.daemon_sets}
        return 200, {"items": self.services}

    def _evict(self, name: str) -> tuple[int, Any]:
        if self.terminating:
            self.terminating -= 1
            return 403, {"message": "the namespace is being terminated"}
        if self.refusals.get(name, 0):
            self.refusals[name] -= 1
            return 429, REFUSAL
        (gone,) = (pod for pod in self.pods if pod["metadata"]["name"] == name)
        self.pods.remove(gone)
        if name in self.returning:
            anew = {"name": f"{name}-again", "uid": f"uid-of-{name}-again"}
            self.pods.append(pod(anew["name"], gone["spec"]["nodeName"], metadata=anew))
        self.done.append(f"evict {name}")
        return 201, {}


def _pool(node: dict[str, Any]) -> str:
    pool: str = node["metadata"]["labels"]["node.exoscale.net/nodepool-id"]
    return pool


@contextmanager
def serving(cluster: Cluster) -> Iterator[KubernetesApi]:
    """The program's client of a server with what `cluster` has, which may change meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, document = cluster.answer(self.command, self.path, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        do_PATCH = do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield KubernetesApi(f"http://127.0.0.1:{server.server_address[1]}")
        finally:
            server.shutdown()
