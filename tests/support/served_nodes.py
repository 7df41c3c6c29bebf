"""Clusters without processes, whose API server answers what it is asked about nodes."""

import base64
from collections import UserDict
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from sandbox.sks.nodes import NODEPOOL_LABEL
from sandbox.toolchain.tools import EARLIER_KUBERNETES_VERSION, KUBERNETES_VERSION
from tests.support.exoscale_plugin import CertifyingRuntime
from tests.support.https_server import HttpsServer


class ServedNodes(CertifyingRuntime):
    """Its kubeconfigs lead to `server`, where the nodes of its nodepools are and nothing runs."""

    versions = (KUBERNETES_VERSION, EARLIER_KUBERNETES_VERSION)

    def __init__(self, server: HttpsServer) -> None:
        super().__init__()
        self._server = server
        server.pages = NodePages(self)

    def kubeconfig(
        self, cluster_id: str, user: str, groups: Sequence[str], ttl_seconds: int
    ) -> str:
        document = yaml.safe_load(super().kubeconfig(cluster_id, user, groups, ttl_seconds))
        authority = base64.b64encode(self._server.authority.read_bytes()).decode()
        document["clusters"][0]["cluster"] = {
            "server": self._server.url,
            "certificate-authority-data": authority,
        }
        return str(yaml.safe_dump(document))


class NodePages(UserDict[str, Any]):
    """The nodes of the nodepools in a list's label selector; no pods, no DaemonSets."""

    def __init__(self, runtime: CertifyingRuntime) -> None:
        super().__init__()
        self._runtime = runtime

    def get(self, path: str, default: Any = None) -> Any:
        if not path.startswith("/api/v1/nodes?"):
            return {"items": []}
        (selector,) = parse_qs(urlsplit(path).query)["labelSelector"]
        return {
            "items": [
                _node(name, pool.id, ready=instance not in pool.unready)
                for pools in self._runtime.clusters.values()
                for pool in pools.values()
                if pool.id in selector
                for name, instance in zip(pool.node_names, pool.instance_ids, strict=True)
            ]
        }


def _node(name: str, pool: str, *, ready: bool) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {NODEPOOL_LABEL: pool}},
        "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }
