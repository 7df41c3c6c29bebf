"""Waits until the nodes of a nodepool are Ready before resources use them.

Exoscale's provider returns when the instances run. The nodes register and become Ready minutes
later. Source: exoscale/exoscale-cloud-controller-manager, `e2e/e2e_suite_test.go`, which also
waits.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumiverse_exoscale import SksKubeconfig, SksNodepool

from ...lifecycle.kubernetes_api import KubernetesApi
from ...lifecycle.waiting import wait_until
from .args import NodePoolArgs
from .daemons import should_run_on
from .live_sizes import Nodepools, within
from .nodes import is_ready, nodes_of, pods_of

ANY = sys.maxsize
"""A maximum that no nodepool exceeds."""

HINT = "`kubectl describe nodes` shows the reason. Fix it and run `pulumi up` again"


def create_ready_gate(
    name: str,
    pool: NodePoolArgs,
    *,
    nodepool: SksNodepool,
    kubeconfig: SksKubeconfig,
    nodepools: Nodepools,
    autoscaler: bool,
    seconds: int,
    opts: pulumi.ResourceOptions,
) -> pulumi.Stash:
    """Creates a resource whose dependents wait until all nodes of a nodepool are Ready.

    It records the nodepool's ID in the stack's state, and whether an autoscaler changes its size,
    and waits if they differ. If it fails, the state does not change, and the next `up` waits again.

    - A nodepool that replaces one with an autoscaler first grows to the current size of that one,
      so that there is room for its pods, and the autoscaler needs to add no nodes during the drain.
    - A nodepool that gets or loses its autoscaler also gets its minimum, which may be a fixed size.
      Its state may contain that size already, so that the nodepool itself is not updated.

    Args:
        nodepools: the sizes at Exoscale.
        autoscaler: whether the cluster has an autoscaler. The gate of `bounds.py`, which follows
            its update, then removes nodes.
    """

    async def until_ready(args: pulumi.ResourceHookArgs) -> None:
        assert args.new_inputs
        before, after = (args.old_inputs or {}).get("input"), args.new_inputs["input"]
        was_scaled, is_scaled = isinstance(before, Mapping), isinstance(after, Mapping)
        old, identity = _identity(before), _identity(after)
        size = pool.min_size
        if is_scaled and old and old != identity:
            size = within(await nodepools.size(old) or size, (size, pool.max_size))
        if (is_scaled or was_scaled) and identity:
            maximum = ANY if autoscaler else size
            await nodepools.bring_within(name, identity, (size, maximum))
        if pulumi.runtime.is_dry_run():
            return
        assert identity
        api = await KubernetesApi.from_kubeconfig(kubeconfig.kubeconfig)

        async def missing() -> str:
            return await missing_nodes(api, identity, size) or await missing_daemons(api, identity)

        await wait_until(missing, description=f"nodepool {pool.name}", timeout=seconds, hint=HINT)

    hook = pulumi.ResourceHook(
        f"{name}-ready", until_ready, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    binding = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
    return pulumi.Stash(
        name,
        input={"id": nodepool.id, "autoscaled": True} if pool.autoscale else nodepool.id,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(hooks=binding, depends_on=[kubeconfig])
        ),
    )


def _identity(recorded: Any) -> str | None:
    """Returns the recorded ID of a nodepool; None without one, and if it is not known yet."""
    identity = recorded.get("id") if isinstance(recorded, Mapping) else recorded
    return identity if isinstance(identity, str) else None


async def missing_nodes(api: KubernetesApi, nodepool_id: str, size: int) -> str:
    """Returns how many nodes are Ready and which are not. Empty if `size` nodes are Ready."""
    nodes = await nodes_of(api, [nodepool_id])
    ready = [node for node in nodes if is_ready(node)]
    if len(ready) >= size:
        return ""
    waiting = [node["metadata"]["name"] for node in nodes if not is_ready(node)]
    not_ready = f", not {', '.join(waiting)}" if waiting else ""
    return f"{len(ready)} of {size} nodes are Ready{not_ready}"


async def missing_daemons(api: KubernetesApi, nodepool_id: str) -> str:
    """Returns the DaemonSets without a ready pod on one of the nodes. Empty if there are none.

    An ingress controller may be a DaemonSet. A load balancer that moves to the nodes before it is
    ready would have no backend. A node is Ready a moment before the pods of DaemonSets exist.
    """
    daemon_sets = await api.list("/apis/apps/v1/daemonsets")
    waiting: set[str] = set()
    for node in await nodes_of(api, [nodepool_id]):
        pods = [pod for pod in await pods_of(api, [node]) if pod.daemon_set]
        waiting.update(f"{pod.namespace}/{pod.daemon_set}" for pod in pods if not pod.ready)
        present = {(pod.namespace, pod.daemon_set) for pod in pods}
        for daemon_set in daemon_sets:
            namespace, name = (daemon_set["metadata"][key] for key in ("namespace", "name"))
            if (namespace, name) not in present and should_run_on(daemon_set, node):
                waiting.add(f"{namespace}/{name}")
    names = ", ".join(sorted(waiting))
    return f"these DaemonSets have pods that are not ready on its nodes: {names}" if names else ""
