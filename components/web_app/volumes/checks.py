"""Rules on applications with persistent volumes.

Exoscale's volumes are ReadWriteOnce: only the pods on one node can use them. With a second pod, or
with a new pod beside the old one, an update could wait forever for the volume.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...args.problem import Problem
from ...args.types import given

if TYPE_CHECKING:
    from ..fields import WebAppFields


def volume_problems(app: WebAppFields) -> Iterator[Problem]:
    """Yields what prevents an application with a persistent volume from having one pod."""
    if not app.persistent_volumes:
        return
    name = app.persistent_volumes[0].name
    reason = f"only one node can use the persistent volume {name} (ReadWriteOnce)"
    if app.autoscaler:
        yield Problem(("autoscaler",), app.autoscaler, f"must not be given: {reason}")
    if app.replicas > 1:
        yield Problem(("replicas",), app.replicas, f"must be 1, or 0: {reason}")
    rollout = given(app.rollout)
    if rollout.get("type") == "RollingUpdate":
        message = f"must be Recreate, the default here: {reason}, so the old pod stops first"
        yield Problem(("rollout", "type"), rollout["type"], message)
    for key in sorted({"maxSurge", "maxUnavailable"} & rollout.keys()):
        message = f"must not be given: {reason}, so the type is Recreate"
        yield Problem(("rollout", key), rollout[key], message)
