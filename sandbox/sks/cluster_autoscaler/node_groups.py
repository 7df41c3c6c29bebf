"""The node groups, which are the cluster's nodepools, at Exoscale's API with the pod's key.

Source: kubernetes/autoscaler, cluster-autoscaler 1.36, cloudprovider/exoscale:
exoscale_cloud_provider.go, exoscale_manager.go, exoscale_node_group_sks_nodepool.go.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.sks.cluster_autoscaler.errors import CloudProviderError, Failed
from sandbox.sks.cluster_autoscaler.scheduling import Node
from sandbox.sks.exoscale_client import Client
from sandbox.sks.spec import CloudError

_PREFIX = "exoscale://"
_DEADLINE = 600.0
_POLL = 0.5


@dataclass
class NodeGroup:
    """A nodepool. Its ID is that of its instance pool, as in the real program."""

    id: str
    name: str
    cluster_id: str
    nodepool_id: str
    size: int
    """The size at Exoscale, also of nodes that are not registered yet."""
    min_size: int
    max_size: int
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)


class NodeGroups:
    """The node groups of the cluster's nodes.

    A nodepool without nodes is not known, as to the real program.

    Args:
        client: the client of the zone.
        limits: limits of nodepools: MIN:MAX:NAME.
        stopping: ends waiting. The thread that stops a cluster holds what operations need.
    """

    def __init__(self, client: Client, limits: Sequence[str], stopping: threading.Event) -> None:
        self._client = client
        self._limits = limits
        self._stopping = stopping
        self._groups: dict[str, NodeGroup] = {}
        self._of_nodes: dict[str, str] = {}
        self._quota: int | None = None

    def __iter__(self) -> Iterator[NodeGroup]:
        return iter(self._groups.values())

    def update(self, nodes: Iterable[Node]) -> None:
        """Reads the group of each node.

        Raises:
            CloudProviderError: if a node has no instance, or a limit is not valid.
            ExoscaleAPIException: if the API rejects a request.
        """
        self._quota = None
        pools: dict[str, Any] = {}
        found: dict[str, str] = {}
        for node in nodes:
            instance = self._client.get_instance(id=instance_id(node))
            manager = instance.get("manager") or {}
            if manager.get("type") != "instance-pool":
                continue
            if manager["id"] not in pools:
                pools[manager["id"]] = self._client.get_instance_pool(id=manager["id"])
            if (pools[manager["id"]].get("manager") or {}).get("type") == "sks-nodepool":
                found[node.name] = manager["id"]
        clusters = self._client.list_sks_clusters()["sks-clusters"] if found else []
        groups = {id_: self._group(pools[id_], clusters) for id_ in dict.fromkeys(found.values())}
        self._groups, self._of_nodes = groups, found

    def of(self, node: Node) -> NodeGroup | None:
        """Returns the group of a node."""
        return self._groups.get(self._of_nodes.get(node.name, ""))

    def scale(self, group: NodeGroup, size: int) -> None:
        """Adds nodes and waits until the instances run.

        Raises:
            ExoscaleAPIException: if the API rejects it.
            CloudError: if the operation fails, or takes too long.
            Failed: if the program is stopped.
        """
        operation = self._client.scale_sks_nodepool(
            id=group.cluster_id, sks_nodepool_id=group.nodepool_id, size=size
        )
        self._wait(operation, group)
        group.size = size

    def remove(self, group: NodeGroup, node: Node) -> None:
        """Removes a node and its instance, and waits for the end; raises as `scale` does."""
        with group.lock:
            self._poll(lambda: self._is_running(group))
            operation = self._client.evict_sks_nodepool_members(
                id=group.cluster_id,
                sks_nodepool_id=group.nodepool_id,
                instances=[instance_id(node)],
            )
            self._wait(operation, group)
            group.size -= 1

    def _group(self, pool: dict[str, Any], clusters: Iterable[dict[str, Any]]) -> NodeGroup:
        nodepool_id = pool["manager"]["id"]
        for cluster in clusters:
            for nodepool in cluster.get("nodepools") or ():
                if nodepool["id"] == nodepool_id:
                    low, high = self._limits_of(nodepool["name"])
                    group = NodeGroup(
                        id=pool["id"],
                        name=nodepool["name"],
                        cluster_id=cluster["id"],
                        nodepool_id=nodepool_id,
                        size=nodepool["size"],
                        min_size=low,
                        max_size=high,
                    )
                    if before := self._groups.get(group.id):
                        group.lock = before.lock
                    return group
        raise CloudProviderError(f"no SKS Nodepool found with ID {nodepool_id}")

    def _limits_of(self, name: str) -> tuple[int, int]:
        for text in self._limits:
            low, high, limited = _limit(text)
            if limited == name:
                return low, high
        if self._quota is None:
            self._quota = int(self._client.get_quota(entity="instance")["limit"])
        return 1, self._quota

    def _wait(self, operation: dict[str, Any], group: NodeGroup) -> None:
        """Waits for an operation, and until the instances run."""

        def ended() -> bool:
            nonlocal operation
            if operation["state"] == "pending":
                operation = self._client.get_operation(id=operation["id"])
            return bool(operation["state"] != "pending")

        self._poll(ended)
        if operation["state"] != "success":
            raise CloudError(operation.get("message") or str(operation.get("reason", "failure")))
        self._poll(lambda: self._is_running(group))

    def _is_running(self, group: NodeGroup) -> bool:
        return bool(self._client.get_instance_pool(id=group.id)["state"] == "running")

    def _poll(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _DEADLINE
        while not done():
            if time.monotonic() > deadline:
                raise CloudError("context timeout after: 10m0s")
            if self._stopping.wait(_POLL):
                raise Failed("the program is stopped")


def instance_id(node: Node) -> str:
    """Returns the ID of a node's instance.

    Raises:
        CloudProviderError: if the node has none.
    """
    text = str(node.object["spec"].get("providerID") or "")
    if not text.removeprefix(_PREFIX):
        raise CloudProviderError(f'unable to retrieve instance ID from Node "{text}"')
    return text.removeprefix(_PREFIX)


def _limit(text: str) -> tuple[int, int, str]:
    low, _, rest = text.partition(":")
    high, _, name = rest.partition(":")
    problem = None
    if not (low.isdecimal() and high.isdecimal() and name):
        problem = f"wrong nodes configuration: {text}"
    elif int(low) < 1:
        problem = "invalid node group spec: min size must be >= 1"
    elif int(high) < int(low):
        problem = "invalid node group spec: max size must be greater or equal to min size"
    if problem:
        raise CloudProviderError(f"failed to parse node group spec: {problem}")
    return int(low), int(high), name
