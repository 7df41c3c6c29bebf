"""A nodepool is used once its nodes are Ready.

Exoscale's provider returns when instances run; nodes register and become Ready minutes later.
Source: exoscale/exoscale-cloud-controller-manager, `e2e/e2e_suite_test.go`, which waits likewise.
"""

from __future__ import annotations

import pulumi
from pulumiverse_exoscale import SksKubeconfig, SksNodepool

from ...lifecycle.kubernetes_api import KubernetesApi
from ...lifecycle.waiting import wait_until
from .args import NodePoolArgs
from .daemons import should_run_on
from .nodes import is_ready, nodes_of, pods_of

HINT = "Look at its nodes with `kubectl describe nodes`, mend what is wrong, and run `up` again"


def create_ready_gate(
    name: str,
    pool: NodePoolArgs,
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
        api = await KubernetesApi.from_kubeconfig(kubeconfig.kubeconfig)
        identity = args.new_inputs["input"]

        async def missing() -> str:
            return await missing_nodes(api, identity, pool.size) or await missing_daemons(
                api, identity
            )

        await wait_until(missing, description=f"nodepool {pool.name}", timeout=seconds, hint=HINT)

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
    nodes = await nodes_of(api, [nodepool_id])
    ready = [node for node in nodes if is_ready(node)]
    if len(ready) >= size:
        return ""
    waiting = [node["metadata"]["name"] for node in nodes if not is_ready(node)]
    which = f", not {', '.join(waiting)}" if waiting else ""
    return f"{len(ready)} of {size} nodes are Ready{which}"


async def missing_daemons(api: KubernetesApi, nodepool_id: str) -> str:
    """Which DaemonSets have no pod that is ready on one of the nodes, in words.

    An ingress controller is one: a load balancer that moved before it would find nobody. A node is
    Ready a moment before any of their pods is made for it.
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
