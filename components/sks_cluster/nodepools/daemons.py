"""Predicts on which nodes a DaemonSet runs a pod, before its controller has created the pods.

Source: kubernetes/kubernetes, `pkg/controller/daemon/daemon_controller.go`, NodeShouldRunDaemonPod.
"""

from __future__ import annotations

from .nodes import Object

_CONDITION_TAINTS = "node.kubernetes.io/"
"""Prefix of taints for temporary conditions, such as a node that is not Ready yet."""


def should_run_on(daemon_set: Object, node: Object) -> bool:
    """Returns whether the DaemonSet selects the node and tolerates all of its taints.

    False for a DaemonSet with a node affinity, which the function does not evaluate. The program
    does not wait until the pods of such a DaemonSet exist.
    """
    spec = daemon_set["spec"]["template"]["spec"]
    selector = (spec.get("nodeSelector") or {}).items()
    tolerations = spec.get("tolerations") or ()
    return (
        not (spec.get("affinity") or {}).get("nodeAffinity")
        and selector <= node["metadata"]["labels"].items()
        and all(
            any(_tolerates(toleration, taint) for toleration in tolerations)
            for taint in node["spec"].get("taints") or ()
            if taint["effect"] != "PreferNoSchedule"
            and not taint["key"].startswith(_CONDITION_TAINTS)
        )
    )


def _tolerates(toleration: Object, taint: Object) -> bool:
    same_value = toleration.get("value", "") == taint.get("value", "")
    return (
        toleration.get("effect") in (None, taint["effect"])
        and toleration.get("key") in (None, taint["key"])
        and (toleration.get("operator") == "Exists" or same_value)
    )
