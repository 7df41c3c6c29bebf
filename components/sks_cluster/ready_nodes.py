"""A nodepool is used once its nodes are Ready.

Exoscale's provider returns when instances run; nodes register and become Ready minutes later.
Source: exoscale/exoscale-cloud-controller-manager, `e2e/e2e_suite_test.go`, which waits likewise.
"""

from __future__ import annotations

import pulumi
from pulumiverse_exoscale import SksKubeconfig, SksNodepool

from components.sks_cluster.kubernetes_api import KubernetesApi
from components.sks_cluster.nodes import is_ready, of_nodepools, pods_of
from components.sks_cluster.waiting import until_nothing_is_missing
from settings.nodepool import NodepoolSettings

REMEDY = "Look at its nodes with `kubectl describe nodes`, mend what is wrong, and run `up` again"


def create_gate(
    name: str,
    pool: NodepoolSettings,
    *,
    nodepool: SksNodepool,
    kubeconfig: SksKubeconfig,
    seconds: int,
    opts: pulumi.ResourceOptions,
) -> pulumi.Stash:
    """What depends on the gate waits until the nodepool has its nodes, Ready.

    It remembers the nodepool in the stack's state, and looks where that is another one. If it does
    not open, the state does not change: the next `up` looks again.
    """

    async def until_ready(args: pulumi.ResourceHookArgs) -> None:
        assert args.new_inputs
        api = KubernetesApi.of(await kubeconfig.kubeconfig.future() or "")
        identity, replaced = args.new_inputs["input"], args.old_inputs is not None

        async def missing() -> str:
            found = await missing_nodes(api, identity, pool.size)
            return found or (await missing_daemons(api, identity) if replaced else "")

        await until_nothing_is_missing(
            missing, what=f"nodepool {pool.name}", seconds=seconds, remedy=REMEDY
        )

    hook = pulumi.ResourceHook(f"{name}-ready", until_ready)
    binding = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
    return pulumi.Stash(
        name,
        input=nodepool.id,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(hooks=binding, depends_on=[kubeconfig])
        ),
    )


async def missing_nodes(api: KubernetesApi, nodepool_id: str, size: int) -> str:
    """Which nodes are not Ready, in words; nothing if `size` are."""
    nodes = await of_nodepools(api, [nodepool_id])
    ready = [node for node in nodes if is_ready(node)]
    if len(ready) >= size:
        return ""
    waiting = [node["metadata"]["name"] for node in nodes if not is_ready(node)]
    which = f", not {', '.join(waiting)}" if waiting else ""
    return f"{len(ready)} of {size} nodes are Ready{which}"


async def missing_daemons(api: KubernetesApi, nodepool_id: str) -> str:
    """Which pods of DaemonSets are not ready on the nodes.

    An ingress controller is one: a load balancer that moved before it would find nobody.
    """
    nodes = await of_nodepools(api, [nodepool_id])
    pods = [pod for pod in await pods_of(api, nodes) if pod.of_daemon_set and not pod.ready]
    names = ", ".join(sorted(map(str, pods)))
    return f"these pods are not ready on its nodes: {names}" if pods else ""
