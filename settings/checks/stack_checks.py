"""What shows only when the whole stack is looked at: mistakes, and what is seldom meant."""

from __future__ import annotations

from collections.abc import Iterator

from settings.app import AppSettings
from settings.checks import expansion_checks, ingress_checks, quota_checks, size_checks
from settings.checks.app_checks import containers
from settings.errors import path
from settings.image import can_change
from settings.mistakes import Mistake, Place, rules
from settings.namespace import NamespaceSettings
from settings.resources import ResourcesSettings
from settings.stack import Settings
from settings.types import given


def namespaces(settings: Settings) -> Iterator[Mistake]:
    """Each has an application in it."""
    used = {app.namespace_name for app in settings.apps}
    for index, namespace in enumerate(settings.namespaces):
        if namespace.name not in used:
            yield Mistake(("namespaces", index, "name"), namespace.name, "has no application in it")


def existing_namespaces(settings: NamespaceSettings) -> Iterator[Mistake]:
    """What another stack owns is not changed."""
    if settings.existing:
        for key, value in given(settings).items():
            if key not in ("name", "existing"):
                allowed = "must not be given with existing: true: the namespace is not this stack's"
                yield Mistake((key,), value, allowed)


def nodepools(settings: Settings) -> Iterator[Mistake]:
    """Those that pods and load balancers name are the cluster's."""
    named: list[tuple[Place, str | None]] = [
        (("apps", index, "nodepool"), app.nodepool) for index, app in enumerate(settings.apps)
    ]
    if settings.ingress:
        named.append((("ingress", "nodepool"), settings.ingress.nodepool))
    there = [pool.name for pool in settings.cluster.nodepools] if settings.cluster else []
    for place, name in named:
        if name is not None and name not in there:
            allowed = f"must be one of the cluster's nodepools: {', '.join(there)}"
            if not there:
                allowed = "must not be given without cluster, whose nodepools have such names"
            yield Mistake(place, name, allowed)


def volumes(settings: Settings) -> Iterator[Mistake]:
    """Databases in the cluster have somewhere to be."""
    if settings.cluster and not settings.cluster.csi:
        for index, app in enumerate(settings.apps):
            if app.database and app.database.needs_csi:
                allowed = "needs a volume: set cluster.csi to true, or a storageClass"
                yield Mistake(("apps", index, "database", "kind"), app.database.kind, allowed)


def clients_of_databases(settings: Settings) -> Iterator[Mistake]:
    """Managed databases know who may connect."""
    if settings.cluster:
        return
    for index, app in enumerate(settings.apps):
        if app.database and app.database.needs_node_addresses:
            allowed = "is required where the stack does not create the cluster"
            yield Mistake(("apps", index, "database", "ipFilter"), None, allowed)


def production(settings: Settings) -> Iterator[Mistake]:
    """Containers say what they need."""
    if settings.production:
        for index, app in enumerate(settings.apps):
            for place, found in _resources(app):
                yield from _missing_resources(("apps", index, *place), found)


def digests(settings: Settings) -> Iterator[Mistake]:
    """In production no push to a registry changes what runs."""
    if settings.production:
        for index, app in enumerate(settings.apps):
            for place, image in _images(app):
                if "@" not in image:
                    allowed = (
                        f"must have its digest in production, {image}@sha256:...: "
                        f"`docker buildx imagetools inspect {image}` prints it"
                    )
                    yield Mistake(("apps", index, *place, "image"), image, allowed)


def warnings(settings: Settings) -> Iterator[str]:
    """One line each, with the key that it is about. In production they are mistakes."""
    yield from ingress_checks.warnings(settings)
    yield from size_checks.warnings(settings)
    yield from expansion_checks.warnings(settings)
    for index, app in enumerate(settings.apps):
        key = f"apps[{index}]"
        for place, each in containers(app):
            if not settings.production and can_change(each.image):
                where = path(("apps", index, *place, "image"))
                yield f"{where}: {each.image} can become another image at any time"
        if settings.production and app.first_replicas == 1 and not _runs_once(app):
            number = "autoscaler.min" if app.autoscaler else "replicas"
            yield f"{key}.{number}: with 1 pod, {app.name} is down whenever its node is"
        if not app.can_get_requests:
            continue
        if app.probes.readiness.type == "none":
            yield f"{key}.probes.readiness: without it, pods get requests before they can serve"
        if app.probes.liveness.type == "none":
            yield f"{key}.probes.liveness: without it, a pod that hangs is not started again"


def notices(settings: Settings) -> Iterator[str]:
    """One line for each setting that needs something that no setting can tell. Never mistakes."""
    yield from quota_checks.notices(settings)


def _runs_once(app: AppSettings) -> bool:
    """Whether the application must not run twice, such as a scheduler."""
    return app.rollout.type == "Recreate" and not app.autoscaler


def _images(app: AppSettings) -> Iterator[tuple[Place, str]]:
    """The images that the file itself gives, but for the database's."""
    for place, each in containers(app):
        yield place, each.image
    if app.before_rollout and app.before_rollout.image:
        yield ("beforeRollout",), app.before_rollout.image


def _resources(app: AppSettings) -> Iterator[tuple[Place, ResourcesSettings | None]]:
    """The resources that the file itself gives to each container."""
    for place, each in containers(app):
        found = each.resources if "resources" in each.model_fields_set else None
        yield (*place, "resources"), found


def _missing_resources(place: Place, given: ResourcesSettings | None) -> Iterator[Mistake]:
    allowed = "must be given in production"
    if given is None:
        yield Mistake(place, None, allowed)
        return
    for part, kind, amount in (
        ("requests", "cpu", given.requests.cpu),
        ("requests", "memory", given.requests.memory),
        ("limits", "memory", given.limits.memory),
    ):
        if amount is None:
            yield Mistake((*place, part, kind), None, allowed)


RULES = (
    *rules(NamespaceSettings, existing_namespaces),
    *rules(Settings, namespaces, nodepools, volumes, clients_of_databases, production, digests),
)
