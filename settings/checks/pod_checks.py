"""Mistakes of an application's pods: what they use, how they are asked, replaced and counted."""

from __future__ import annotations

from collections.abc import Iterator

from settings.apps.availability import AutoscalerSettings
from settings.apps.probes import ProbeSettings
from settings.apps.rollout import RolloutSettings
from settings.apps.tolerations import TolerationSettings
from settings.apps.value_from import ValueFromSettings
from settings.mistakes import Mistake, rules
from settings.resources import ResourcesSettings, quantity
from settings.types import given


def limits(resources: ResourcesSettings) -> Iterator[Mistake]:
    """They are not below what is set aside."""
    at_least = resources.requests.by_kind
    for kind, limit in resources.limits.by_kind.items():
        request = at_least.get(kind)
        if request and quantity(limit) < quantity(request):
            allowed = f"must not be below requests: {kind} {limit} < {request}"
            yield Mistake(("limits",), resources.limits, allowed)


def source(variable: ValueFromSettings) -> Iterator[Mistake]:
    """A variable has one source."""
    if bool(variable.secret_key_ref) == bool(variable.field_ref):
        yield Mistake((), variable, "must have one of secretKeyRef, fieldRef")


def page(probe: ProbeSettings) -> Iterator[Mistake]:
    """Only HTTP asks for one."""
    if probe.path is not None and probe.type not in ("http", "https"):
        allowed = "must not be given: the probe's type is neither http nor https"
        yield Mistake(("path",), probe.path, allowed)


def asked(probe: ProbeSettings) -> Iterator[Mistake]:
    """Only a connection has a port, and only gRPC a service."""
    if probe.port is not None and probe.type in ("exec", "none"):
        yield Mistake(("port",), probe.port, f"must not be given for the type {probe.type}")
    if probe.service is not None and probe.type != "grpc":
        yield Mistake(("service",), probe.service, "must not be given: the type is not grpc")


def command(probe: ProbeSettings) -> Iterator[Mistake]:
    """Only `exec` has one."""
    if bool(probe.command) != (probe.type == "exec"):
        allowed = "must be given for the type exec, and for no other"
        yield Mistake(("command",), probe.command, allowed)


def taints(toleration: TolerationSettings) -> Iterator[Mistake]:
    """A value is a key's; only `NoExecute` ends pods."""
    if toleration.value is not None and toleration.key is None:
        yield Mistake(("value",), toleration.value, "must not be given without key")
    if toleration.seconds is not None and toleration.effect != "NoExecute":
        yield Mistake(("seconds",), toleration.seconds, "must be given for NoExecute alone")


def times(rollout: RolloutSettings) -> Iterator[Mistake]:
    """They fit into each other."""
    grace, deadline = rollout.termination_grace_period_seconds, rollout.progress_deadline_seconds
    if rollout.drain_seconds >= grace:
        allowed = f"must be less than terminationGracePeriodSeconds, {grace}"
        yield Mistake(("drainSeconds",), rollout.drain_seconds, allowed)
    if rollout.timeout_seconds < deadline:
        allowed = f"must not be less than progressDeadlineSeconds, {deadline}"
        yield Mistake(("timeoutSeconds",), rollout.timeout_seconds, allowed)


def numbers(rollout: RolloutSettings) -> Iterator[Mistake]:
    """Pods can be replaced, in the way that is asked for."""
    if _none(rollout.max_surge) and _none(rollout.max_unavailable):
        allowed = "must not be 0 as maxSurge is: no pod could be replaced"
        yield Mistake(("maxUnavailable",), rollout.max_unavailable, allowed)
    for key in {"maxSurge", "maxUnavailable"} & given(rollout).keys():
        if rollout.type == "Recreate":
            yield Mistake((key,), given(rollout)[key], "must not be given for the type Recreate")


def bounds(autoscaler: AutoscalerSettings) -> Iterator[Mistake]:
    """In their order."""
    if autoscaler.max < autoscaler.min:
        yield Mistake(("max",), autoscaler.max, f"must be {autoscaler.min} or more, as min is")


def metrics(autoscaler: AutoscalerSettings) -> Iterator[Mistake]:
    """There is something to scale by."""
    if not (autoscaler.cpu or autoscaler.memory or autoscaler.custom):
        allowed = "must be given, or memory, or custom: there is nothing to scale by"
        yield Mistake(("cpu",), None, allowed)


def _none(count: int | str) -> bool:
    return count in (0, "0%")


RULES = (
    *rules(ResourcesSettings, limits),
    *rules(ValueFromSettings, source),
    *rules(ProbeSettings, page, asked, command),
    *rules(TolerationSettings, taints),
    *rules(RolloutSettings, times, numbers),
    *rules(AutoscalerSettings, bounds, metrics),
)
