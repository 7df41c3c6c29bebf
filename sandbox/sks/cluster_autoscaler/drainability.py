"""Which pods keep their node from being removed.

Source: kubernetes/autoscaler, cluster-autoscaler 1.36, simulator/drainability/rules; FAQ.md, "What
types of pods can prevent CA from removing a node?".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from sandbox.sks.cluster_autoscaler.scheduling import Node, Object, matches
from sandbox.sks.cluster_autoscaler.settings import Settings

_SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"
_SAFE_VOLUMES = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
_MIRROR = "kubernetes.io/config.mirror"
_REPLICATED = ("Job", "ReplicaSet", "ReplicationController", "StatefulSet")
_LONG_TERMINATING = timedelta(seconds=30)


def blocking_reason(node: Node, budgets: Iterable[Object], settings: Settings) -> str | None:
    """Returns why a node can't be drained, None if it can be."""
    listed = list(budgets)
    reasons = (_reason(pod, listed, settings) for pod in node.pods)
    return next((reason for reason in reasons if reason), None)


def pods_to_move(node: Node) -> list[Object]:
    """Returns the pods that must find another node: all but those of DaemonSets and mirror pods."""
    return [
        pod for pod in node.pods if not (is_of_daemon_set(pod) or is_mirror(pod) or is_ending(pod))
    ]


def is_of_daemon_set(pod: Object) -> bool:
    owner = _controller(pod)
    return owner is not None and owner["kind"] == "DaemonSet"


def is_mirror(pod: Object) -> bool:
    return _MIRROR in (pod["metadata"].get("annotations") or {})


def is_ending(pod: Object) -> bool:
    """Returns whether a pod should have ended by now."""
    deleted = pod["metadata"].get("deletionTimestamp")
    if deleted is None:
        return False
    grace = timedelta(seconds=pod["spec"].get("terminationGracePeriodSeconds", 30))
    return datetime.fromisoformat(deleted) + grace + _LONG_TERMINATING < datetime.now(UTC)


def budgets_of(pod: Object, budgets: Iterable[Object]) -> Iterator[Object]:
    """Yields the disruption budgets that cover a pod."""
    metadata = pod["metadata"]
    for budget in budgets:
        if budget["metadata"]["namespace"] == metadata["namespace"] and matches(
            budget["spec"].get("selector"), metadata.get("labels") or {}
        ):
            yield budget


def _reason(pod: Object, budgets: list[Object], settings: Settings) -> str | None:
    metadata = pod["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    annotations = metadata.get("annotations") or {}
    safe = annotations.get(_SAFE_TO_EVICT)
    if is_mirror(pod) or is_ending(pod) or is_of_daemon_set(pod):
        return None
    if safe == "true":
        return None
    owner = _controller(pod)
    if owner is None or (
        settings.skip_nodes_with_custom_controller_pods and owner["kind"] not in _REPLICATED
    ):
        return f"{name} is not replicated"
    covering = list(budgets_of(pod, budgets))
    if settings.skip_nodes_with_system_pods and metadata["namespace"] == "kube-system":
        age = datetime.now(UTC) - datetime.fromisoformat(metadata["creationTimestamp"])
        if not covering:
            if age.total_seconds() > settings.blocking_system_pod_distruption_timeout:
                return None
            return f"non-daemonset, non-mirrored, non-pdb-assigned kube-system pod present: {name}"
    if safe == "false":
        return f"pod annotated as not safe to evict present: {name}"
    if settings.skip_nodes_with_local_storage and _has_local_storage(pod):
        return f"pod with local storage present: {name}"
    if any(budget.get("status", {}).get("disruptionsAllowed", 0) < 1 for budget in covering):
        return f"not enough pod disruption budget to move {name}"
    return None


def _controller(pod: Object) -> Object | None:
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), None)


def _has_local_storage(pod: Object) -> bool:
    named = (pod["metadata"].get("annotations") or {}).get(_SAFE_VOLUMES, "").split(",")
    return any(
        volume["name"] not in named
        and (
            "hostPath" in volume
            or ("emptyDir" in volume and volume["emptyDir"].get("medium") != "Memory")
        )
        for volume in pod["spec"].get("volumes") or ()
    )
