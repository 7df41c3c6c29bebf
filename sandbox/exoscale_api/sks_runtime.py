"""The interface to the runtime of Kubernetes control planes and nodes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

from sandbox.sks.spec import ClusterSpec, NodepoolSpec, Opening

Authority = Literal["aggregation", "control-plane", "kubelet"]


class SksRuntime(Protocol):
    """Runs clusters. All methods are thread-safe, block until they are done, and raise SksError."""

    @property
    def versions(self) -> Sequence[str]:
        """The Kubernetes versions of clusters, newest first."""

    def create_cluster(self, cluster_id: str, spec: ClusterSpec) -> str:
        """Starts a new control plane, waits until it is ready, and returns the API server's URL."""

    def update_cluster(self, cluster_id: str, spec: ClusterSpec) -> None:
        """Updates a running control plane to `spec`; if that fails, it doesn't change."""

    def start_cluster(self, cluster_id: str) -> str:
        """Starts a stopped control plane, with its address and data, and returns the URL."""

    def delete_cluster(self, cluster_id: str) -> None:
        """Stops a control plane and deletes its data; raises FileNotFoundError if it has none."""

    def set_nodepool(self, cluster_id: str, pool: NodepoolSpec) -> None:
        """Creates missing nodes of the pool and deletes others; existing nodes don't change."""

    def delete_nodepool(self, cluster_id: str, nodepool_id: str) -> None:
        """Deletes the pool's nodes."""

    def set_firewall(self, openings: Mapping[str, Sequence[Opening]]) -> None:
        """Replaces the allowed traffic to all nodes, by the public address of the instance."""

    def answering_nodes(self, cluster_id: str, port: int) -> Collection[str]:
        """Returns the names of the nodes that answer a load balancer's health check on `port`."""

    def kubeconfig(
        self, cluster_id: str, user: str, groups: Sequence[str], ttl_seconds: int
    ) -> str:
        """Returns a kubeconfig (YAML) whose client certificate is valid for `ttl_seconds`."""

    def authority_cert(self, cluster_id: str, authority: Authority) -> str:
        """Returns the certificate (PEM) of one of the cluster's certificate authorities."""
