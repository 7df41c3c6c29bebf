"""What the stand-in of the cluster autoscaler reads, where pods fit, and what it decides."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from sandbox.sks.cluster_autoscaler import scale_up, settings
from sandbox.sks.cluster_autoscaler.drainability import blocking_reason
from sandbox.sks.cluster_autoscaler.node_groups import NodeGroup
from sandbox.sks.cluster_autoscaler.scale_down import Planner
from sandbox.sks.cluster_autoscaler.scheduling import Node, obstacle
from sandbox.sks.cluster_autoscaler.settings import NotSimulated, Settings

EXOSCALE = "--cloud-provider=exoscale"
READY = [{"type": "Ready", "status": "True"}]
APP = {"matchLabels": {"app": "shop"}}


def pod(cpu: str = "100m", memory: str = "64Mi", **more: Any) -> dict[str, Any]:
    """A pod of a ReplicaSet; `more` are fields of its spec, or metadata as `meta`."""
    metadata = {
        "name": "shop",
        "namespace": "default",
        "uid": str(uuid4()),
        "labels": {"app": "shop"},
        "creationTimestamp": datetime.now(UTC).isoformat(),
        "ownerReferences": [{"kind": "ReplicaSet", "controller": True}],
        **more.pop("meta", {}),
    }
    requests = {"cpu": cpu, "memory": memory}
    spec = {"containers": [{"name": "c", "resources": {"requests": requests}}], **more}
    return {"metadata": metadata, "spec": spec, "status": {"phase": "Running"}}


def node(name: str = "a", *pods: dict[str, Any], **more: Any) -> Node:
    """A node with two processors; `more` are fields of its spec, or labels."""
    labels = {"kubernetes.io/hostname": name, **more.pop("labels", {})}
    allocatable = {"cpu": "2", "memory": "2Gi", "pods": "4"}
    return Node(
        {
            "metadata": {"name": name, "labels": labels},
            "spec": more,
            "status": {"allocatable": allocatable, "conditions": READY},
        },
        pods,
    )


def group(size: int = 1, low: int = 1, high: int = 3) -> NodeGroup:
    return NodeGroup("id", "workers", "cluster", "nodepool", size, low, high)


def test_arguments_are_read() -> None:
    text = (
        f"{EXOSCALE} --nodes=1:3:a --nodes 2:4:b --scan-interval=1m30s --v=4"
        " --skip-nodes-with-local-storage=false --enforce-node-group-min-size"
    )
    read = settings.read(text.split())
    assert read.nodes == ("1:3:a", "2:4:b")
    assert (read.scan_interval, read.skip_nodes_with_local_storage) == (90, False)
    assert read.enforce_node_group_min_size
    assert (read.scale_down_unneeded_time, read.scale_down_utilization_threshold) == (600, 0.5)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([EXOSCALE, "--regional"], "--regional is not simulated"),
        ([EXOSCALE, "--scan-interval=soon"], 'invalid argument "soon" for "--scan-interval"'),
        ([EXOSCALE, "--scan-interval"], "flag needs an argument: --scan-interval"),
        ([EXOSCALE, "--scale-down-utilization-threshold=half"], "invalid argument"),
        ([EXOSCALE, "--expander=price"], "--expander=price is not simulated"),
        ([EXOSCALE, "--namespace=$(POD_NAMESPACE)"], "variables in arguments"),
        ([EXOSCALE, "run"], "not an argument of the form"),
        (["--cloud-provider=aws"], "--cloud-provider=aws is not simulated"),
        ([], "exoscale is"),
    ],
)
def test_what_is_not_simulated_is_named(arguments: list[str], problem: str) -> None:
    with pytest.raises(NotSimulated) as refused:
        settings.read(arguments)
    assert problem in str(refused.value)


TAINT = {"key": "tier", "value": "db", "effect": "NoSchedule"}
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "kubernetes.io/hostname",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": APP,
}
APART = {"labelSelector": APP, "topologyKey": "kubernetes.io/hostname"}


def apart(kind: str = "podAntiAffinity") -> dict[str, Any]:
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [APART]}}


def on_nodes(operator: str, *values: str) -> dict[str, Any]:
    term = {"matchExpressions": [{"key": "disk", "operator": operator, "values": list(values)}]}
    required = {"nodeSelectorTerms": [term]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


@pytest.mark.parametrize(
    ("wanted", "where", "reason"),
    [
        (pod("2"), node(), None),
        (pod("2"), node("a", pod()), "Insufficient cpu"),
        (pod(memory="3Gi"), node(), "Insufficient memory"),
        (pod(), node("a", *(pod() for _ in range(4))), "Too many pods"),
        (pod(), node(unschedulable=True), "node(s) were unschedulable"),
        (pod(), node(taints=[TAINT]), "node(s) had untolerated taint(s)"),
        (pod(), node(taints=[TAINT | {"effect": "PreferNoSchedule"}]), None),
        (pod(tolerations=[{"key": "tier", "operator": "Exists"}]), node(taints=[TAINT]), None),
        (pod(tolerations=[{"key": "tier", "value": "db"}]), node(taints=[TAINT]), None),
        (pod(tolerations=[{"operator": "Exists"}]), node(taints=[TAINT]), None),
        (pod(nodeSelector={"disk": "ssd"}), node(labels={"disk": "ssd"}), None),
        (pod(nodeSelector={"disk": "ssd"}), node(), "node(s) didn't match Pod's node affinity"),
        (pod(affinity=on_nodes("In", "ssd")), node(labels={"disk": "ssd"}), None),
        (pod(affinity=on_nodes("NotIn", "ssd")), node(labels={"disk": "ssd"}), "affinity"),
        (pod(affinity=apart()), node("a", pod()), "pod anti-affinity rules"),
        (pod(), node("a", pod(affinity=apart())), "existing pods anti-affinity rules"),
        (pod(affinity=apart("podAffinity")), node(), None),
        (pod(topologySpreadConstraints=[SPREAD]), node("a", pod()), "topology spread"),
        (pod(topologySpreadConstraints=[SPREAD]), node(), None),
    ],
)
def test_where_a_pod_fits(wanted: dict[str, Any], where: Node, reason: str | None) -> None:
    found = obstacle(wanted, where, [where, node("b")])
    assert found is None if reason is None else reason in str(found)


def test_init_containers_and_sidecars_count() -> None:
    def container(cpu: str, **more: Any) -> dict[str, Any]:
        return {"name": "i", "resources": {"requests": {"cpu": cpu}}, **more}

    fits = pod("500m", initContainers=[container("2")])
    assert obstacle(fits, node(), [node()]) is None
    beside = [container("600m", restartPolicy="Always"), container("1500m")]
    assert obstacle(pod("500m", initContainers=beside), node(), [node()]) == "Insufficient cpu"


def decide(pods: list[dict[str, Any]], size: int, **options: Any) -> scale_up.Plan:
    existing = node("a", pod("1500m"))
    chosen = {"expander": "random", "max_nodes_total": 0, **options}
    skipped = chosen.pop("skipped", {})
    return scale_up.plan(pods, [group(size)], {"id": existing}, [existing], skipped, **chosen)


def test_pods_are_packed_on_as_few_nodes_as_they_need() -> None:
    pods = [pod(cpu) for cpu in ("900m", "1900m", "900m")]
    found = decide(pods, size=1)
    assert found.option is not None
    assert (found.option.count, len(found.option.pods), found.remaining) == (2, 3, [])


def test_no_more_nodes_are_added_than_the_group_has_room_for() -> None:
    found = decide([pod("1900m") for _ in range(5)], size=2)
    assert found.option is not None
    assert (found.option.count, len(found.option.pods)) == (1, 1)
    found = decide([pod("1900m") for _ in range(5)], size=1, max_nodes_total=2)
    assert found.option is not None
    assert found.option.count == 1


def test_what_keeps_a_group_from_growing_is_told() -> None:
    found = decide([pod("1")], size=3, skipped={"id": scale_up.AT_MAX})
    assert found.option is None
    assert [why for _, why in found.remaining] == ["1 max node group size reached"]
    found = decide([pod("3")], size=1)
    assert found.option is None
    assert [why for _, why in found.remaining] == ["1 Insufficient cpu"]


def meta(**metadata: Any) -> dict[str, Any]:
    return {"meta": metadata}


def budget(allowed: int) -> dict[str, Any]:
    status = {"disruptionsAllowed": allowed}
    return {"metadata": {"namespace": "default"}, "spec": {"selector": APP}, "status": status}


OLD = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"
VOLUME: dict[str, Any] = {"volumes": [{"name": "tmp", "emptyDir": {}}]}
MEMORY: dict[str, Any] = {"volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory"}}]}


@pytest.mark.parametrize(
    ("present", "budgets", "reason"),
    [
        (pod(), [], None),
        (pod(**meta(ownerReferences=[])), [], "is not replicated"),
        (pod(**meta(ownerReferences=[{"kind": "Custom", "controller": True}])), [], "replicated"),
        (pod(**meta(ownerReferences=[], annotations={EVICT: "true"})), [], None),
        (pod(**meta(annotations={EVICT: "false"})), [], "not safe to evict"),
        (pod(**meta(ownerReferences=[{"kind": "DaemonSet", "controller": True}])), [], None),
        (pod(**meta(namespace="kube-system")), [], "kube-system pod present"),
        (pod(**meta(namespace="kube-system", creationTimestamp=OLD)), [], None),
        (pod(**VOLUME), [], "local storage"),
        (pod(**MEMORY), [], None),
        (pod(), [budget(0)], "not enough pod disruption budget"),
        (pod(), [budget(1)], None),
    ],
)
def test_what_keeps_a_node(
    present: dict[str, Any], budgets: list[dict[str, Any]], reason: str | None
) -> None:
    found = blocking_reason(node("a", present), budgets, Settings())
    assert found is None if reason is None else reason in str(found)


def removable(nodes: list[Node], of_group: NodeGroup, **options: Any) -> list[str]:
    found = Planner(Settings(scale_down_unneeded_time=0, **options))
    found.update(nodes, {node.name: of_group for node in nodes}, [], {})
    return [item.node.name for item in found.removable({})]


def test_a_node_whose_pods_fit_elsewhere_is_removed() -> None:
    assert removable([node("a", pod("1500m")), node("b", pod("400m"))], group(2)) == ["b"]
    assert removable([node("a", pod("1700m")), node("b", pod("400m"))], group(2)) == []


def test_a_node_above_the_threshold_stays() -> None:
    nodes = [node("a", pod("1500m")), node("b", pod("1500m")), node("c", pod("1100m"))]
    assert removable(nodes, group(3)) == []


def test_a_group_keeps_its_minimum_and_one_node_is_drained_at_a_time() -> None:
    nodes = [node("a"), node("b"), node("c")]
    assert len(removable(nodes, group(3, low=2))) == 1
    assert removable(nodes, group(3, low=3)) == []
    used = [node("a", pod("100m")), node("b", pod("100m")), node("c", pod("100m"))]
    assert len(removable(used, group(3))) == 1
    assert len(removable(used, group(3), max_drain_parallelism=2)) == 2


def test_nodes_are_not_removed_before_their_time() -> None:
    nodes = [node("a"), node("b")]
    found = Planner(Settings(scale_down_unneeded_time=60))
    found.update(nodes, {each.name: group(2) for each in nodes}, [], {})
    assert found.unneeded.keys() == {"a", "b"}
    assert found.removable({}) == []
