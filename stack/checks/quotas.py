"""Checks containers' resources against their namespace's defaults and quota, and autoscalers.

The API server would reject such pods, or the autoscaler would do nothing. `pulumi up` would wait
until its timeout.
Sources: kubernetes.io/docs/concepts/policy/resource-quotas, .../limit-range, and
.../workloads/autoscaling/horizontal-pod-autoscale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from components.args.problem import Place, Problem, path
from components.args.resources import ResourcesArgs, quantity
from components.web_app.args import WebAppArgs
from components.web_app.availability.args import AutoscalerArgs
from components.web_app.checks import containers, parts
from components.web_app.workers.checks import workers
from stack.args import StackArgs
from stack.checks.namespaced import Namespaced, namespaced

PARTS = ("requests", "limits")


class Container(NamedTuple):
    """A container's resources and their path in the application's settings."""

    place: Place
    resources: ResourcesArgs


class Scaled(NamedTuple):
    """An autoscaler, its path in the application's settings, and the containers that run as long
    as the pods that it scales."""

    place: Place
    scaler: AutoscalerArgs
    running: tuple[Container, ...]

    @property
    def kinds(self) -> list[str]:
        """The resources that it scales by."""
        return [kind for kind in ("cpu", "memory") if getattr(self.scaler, kind) is not None]


def check_default_limits(settings: StackArgs) -> Iterator[Problem]:
    """Rejects a request above the limit that the container has by default."""
    for each in namespaced(settings):
        if each.namespace.defaults is None:
            continue
        limits = each.namespace.defaults.limits.by_kind
        for place, own in _all(each.app):
            for kind, request in own.requests.by_kind.items():
                limit = None if kind in own.limits.by_kind else limits.get(kind)
                if limit and quantity(limit) < quantity(request):
                    bound = _key(each, "defaults", "limits", kind)
                    allowed = f"must not be above {bound}, {limit}, which is its limit"
                    yield Problem((*each.place, *place, "requests", kind), request, allowed)


def check_quotas(settings: StackArgs) -> Iterator[Problem]:
    """Requires each container to set the resources that a quota limits."""
    for each in namespaced(settings):
        if each.namespace.quota is None:
            continue
        for part in PARTS:
            for kind in getattr(each.namespace.quota, part).by_kind:
                for place, own in _all(each.app):
                    if kind not in _effective(own, each.namespace.defaults)[part]:
                        key = _key(each, "quota", part, kind)
                        other = _key(each, "defaults", part, kind)
                        allowed = f"must be given, because {key} is set; or set {other}"
                        yield Problem((*each.place, *place, part, kind), None, allowed)


def check_autoscalers(settings: StackArgs) -> Iterator[Problem]:
    """Requires requests of an autoscaler's metrics, which are a percentage of them.

    Init containers don't count.
    """
    for each in namespaced(settings):
        for scaled in _scaled(each.app):
            for kind in scaled.kinds:
                for place, own in scaled.running:
                    if kind not in _effective(own, each.namespace.defaults)["requests"]:
                        key = path((*each.place, *scaled.place, kind))
                        allowed = f"must be given, because {key} is a percentage of it"
                        yield Problem((*each.place, *place, "requests", kind), None, allowed)


def notices(settings: StackArgs) -> Iterator[str]:
    """Yields a line for each autoscaler metric that the cluster has no metrics server for."""
    if settings.cluster is None or settings.cluster.metrics_server:
        return
    for index, app in enumerate(settings.apps):
        for scaled in _scaled(app):
            for kind in scaled.kinds:
                yield (
                    f"{path(('apps', index, *scaled.place, kind))}: cluster.metricsServer is false:"
                    " the number of pods does not change unless you install a metrics server"
                )


def _all(app: WebAppArgs) -> Iterator[Container]:
    """Yields every container of the application, its workers, its Jobs and its database."""
    for place, each in containers(app):
        yield Container((*place, "resources"), each.resources)
    for place, part in parts(app):
        if part.resources:
            yield Container((*place, "resources"), part.resources)
    if app.before_rollout and app.before_rollout.resources:
        yield Container(("beforeRollout", "resources"), app.before_rollout.resources)
    if app.database and app.database.kind == "postgresql":
        yield Container(("database", "resources"), app.database.resources)
        if app.database.backup:
            backup = app.database.backup.resources
            yield Container(("database", "backup", "resources"), backup)


def _scaled(app: WebAppArgs) -> Iterator[Scaled]:
    """Yields the autoscalers of the application and its workers."""
    if app.autoscaler:
        yield Scaled(("autoscaler",), app.autoscaler, tuple(_running(app)))
    for place, worker in workers(app):
        if worker.autoscaler:
            key: Place = (*place, "resources") if worker.resources else ("resources",)
            container = Container(key, worker.resources or app.resources)
            yield Scaled((*place, "autoscaler"), worker.autoscaler, (container,))


def _running(app: WebAppArgs) -> Iterator[Container]:
    """Yields the containers that run as long as the pod."""
    for place, each in containers(app):
        if place[:1] != ("initContainers",):
            yield Container((*place, "resources"), each.resources)


def _effective(
    own: ResourcesArgs, defaults: ResourcesArgs | None
) -> Mapping[str, Mapping[str, str]]:
    """Returns a container's resources with the defaults. A limit is the default of its request."""
    default = defaults or ResourcesArgs.model_construct()
    limits = default.limits.by_kind | own.limits.by_kind
    requests = default.limits.by_kind | default.requests.by_kind
    requests |= own.limits.by_kind | own.requests.by_kind
    return {"requests": requests, "limits": limits}


def _key(each: Namespaced, *keys: str) -> str:
    return path((*(each.namespace_place or ()), *keys))


CHECKS = (check_default_limits, check_quotas, check_autoscalers)
