"""What the API needs of the thing that runs Kubernetes control planes and nodes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

from sandbox.sks.spec import ClusterSpec, NodepoolSpec, Opening

Authority = Literal["aggregation", "control-plane", "kubelet"]


class SksRuntime(Protocol):
    """Every method is thread-safe, returns when its work is done and raises SksError."""

    @property
    def versions(self) -> Sequence[str]:
        """Kubernetes versions that a cluster may have, newest first."""

    def create_cluster(self, cluster_id: str, spec: ClusterSpec) -> str:
        """Start a new control plane; the address of its API server once that is ready."""

    def update_cluster(self, cluster_id: str, spec: ClusterSpec) -> None:
        """Make a running control plane what the spec says; if that fails, it stays as it was."""

    def start_cluster(self, cluster_id: str) -> str:
        """Start a control plane that was stopped, with the address and the data it had."""

    def delete_cluster(self, cluster_id: str) -> None:
        """Stop a control plane and remove its data; raises FileNotFoundError if it has none."""

    def set_nodepool(self, cluster_id: str, pool: NodepoolSpec) -> None:
        """Make the pool's nodes those of the spec: nodes that exist already stay as they are."""

    def delete_nodepool(self, cluster_id: str, nodepool_id: str) -> None:
        """Remove the pool's nodes."""

    def set_firewall(self, openings: Mapping[str, Sequence[Opening]]) -> None:
        """Let nothing in to any node but these, by the public address of its instance."""

    def answering_nodes(self, cluster_id: str, port: int) -> Collection[str]:
        """Names of the nodes that would answer a load balancer's health check on the port."""

    def kubeconfig(
        self, cluster_id: str, user: str, groups: Sequence[str], ttl_seconds: int
    ) -> str:
        """A kubeconfig (YAML) with a client certificate of that user, groups and lifetime."""

    def authority_cert(self, cluster_id: str, authority: Authority) -> str:
        """The certificate (PEM) of one of the cluster's certificate authorities."""
