"""Mistakes in how an application's pods are replaced, and in how many there are."""

from __future__ import annotations

from collections.abc import Iterator

from settings.apps.availability import AutoscalerSettings
from settings.apps.rollout import RolloutSettings
from settings.mistakes import Mistake


def rollout_mistakes(rollout: RolloutSettings) -> Iterator[Mistake]:
    """Times that do not fit into each other, and numbers by which no pod could be replaced."""
    grace, deadline = rollout.termination_grace_period_seconds, rollout.progress_deadline_seconds
    if rollout.drain_seconds >= grace:
        allowed = f"must be less than terminationGracePeriodSeconds, {grace}"
        yield Mistake(("drainSeconds",), rollout.drain_seconds, allowed)
    if rollout.timeout_seconds < deadline:
        allowed = f"must not be less than progressDeadlineSeconds, {deadline}"
        yield Mistake(("timeoutSeconds",), rollout.timeout_seconds, allowed)
    if _none(rollout.max_surge) and _none(rollout.max_unavailable):
        allowed = "must not be 0 as maxSurge is: no pod could be replaced"
        yield Mistake(("maxUnavailable",), rollout.max_unavailable, allowed)
    if rollout.type == "Recreate":
        given = {"maxSurge": "max_surge", "maxUnavailable": "max_unavailable"}
        for key, field in given.items():
            if field in rollout.model_fields_set:
                allowed = "must not be given for the type Recreate"
                yield Mistake((key,), getattr(rollout, field), allowed)


def autoscaler_mistakes(autoscaler: AutoscalerSettings) -> Iterator[Mistake]:
    """Bounds in the wrong order, and nothing to scale by."""
    if autoscaler.max < autoscaler.min:
        yield Mistake(("max",), autoscaler.max, f"must be {autoscaler.min} or more, as min is")
    if not (autoscaler.cpu or autoscaler.memory or autoscaler.custom):
        allowed = "must be given, or memory, or custom: there is nothing to scale by"
        yield Mistake(("cpu",), None, allowed)


def _none(count: int | str) -> bool:
    return count in (0, "0%")
