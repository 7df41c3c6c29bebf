"""Which nodes a DaemonSet is to have a pod on, before its controller has got to them.

Source: kubernetes/kubernetes, `pkg/controller/daemon/daemon_controller.go`, NodeShouldRunDaemonPod.
"""

from __future__ import annotations

from .nodes import Object

_OF_KUBERNETES = "node.kubernetes.io/"
"""Taints for what passes by, such as a node that was not Ready a moment ago."""


def should_run_on(daemon_set: Object, node: Object) -> bool:
    """Whether the node is one that the DaemonSet selects, with no taint that it does not tolerate.

    One that says it by `affinity` is not looked into: nobody waits for its pods to be made.
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
            if taint["effect"] != "PreferNoSchedule" and not taint["key"].startswith(_OF_KUBERNETES)
        )
    )


def _tolerates(toleration: Object, taint: Object) -> bool:
    same_value = toleration.get("value", "") == taint.get("value", "")
    return (
        toleration.get("effect") in (None, taint["effect"])
        and toleration.get("key") in (None, taint["key"])
        and (toleration.get("operator") == "Exists" or same_value)
    )
