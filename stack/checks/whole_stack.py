"""What shows only when the whole stack is looked at: mistakes, and what is seldom meant."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.image import can_change
from components.args.inputs import is_known
from components.args.problem import Place, Problem, path
from components.args.resources import ResourcesArgs
from components.web_app.args import WebAppArgs
from components.web_app.checks import containers
from stack.args import StackArgs
from stack.checks import expansions, ingress, quotas, sizes


def namespaces(settings: StackArgs) -> Iterator[Problem]:
    """Each has an application in it."""
    used = {app.namespace_name for app in settings.apps}
    for index, namespace in enumerate(settings.namespaces):
        if namespace.name not in used:
            yield Problem(("namespaces", index, "name"), namespace.name, "has no application in it")


def nodepools(settings: StackArgs) -> Iterator[Problem]:
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
            yield Problem(place, name, allowed)


def volumes(settings: StackArgs) -> Iterator[Problem]:
    """Databases in the cluster have somewhere to be."""
    if settings.cluster and not settings.cluster.csi:
        for index, app in enumerate(settings.apps):
            if app.database and app.database.needs_csi:
                allowed = "needs a volume: set cluster.csi to true, or a storageClass"
                yield Problem(("apps", index, "database", "kind"), app.database.kind, allowed)


def clients_of_databases(settings: StackArgs) -> Iterator[Problem]:
    """Managed databases know who may connect."""
    if settings.cluster:
        return
    for index, app in enumerate(settings.apps):
        if app.database and app.database.needs_node_addresses:
            allowed = "is required where the stack does not create the cluster"
            yield Problem(("apps", index, "database", "ipFilter"), None, allowed)


def production(settings: StackArgs) -> Iterator[Problem]:
    """Containers say what they need."""
    if settings.production:
        for index, app in enumerate(settings.apps):
            for place, found in _resources(app):
                yield from _missing_resources(("apps", index, *place), found)


def digests(settings: StackArgs) -> Iterator[Problem]:
    """In production no push to a registry changes what runs."""
    if settings.production:
        for index, app in enumerate(settings.apps):
            for place, image in _images(app):
                if "@" not in image:
                    allowed = (
                        f"must have its digest in production, {image}@sha256:...: "
                        f"`docker buildx imagetools inspect {image}` prints it"
                    )
                    yield Problem(("apps", index, *place, "image"), image, allowed)


def warnings(settings: StackArgs) -> Iterator[str]:
    """One line each, with the key that it is about. In production they are mistakes."""
    yield from ingress.warnings(settings)
    yield from sizes.warnings(settings)
    yield from expansions.warnings(settings)
    for index, app in enumerate(settings.apps):
        key = f"apps[{index}]"
        for place, each in containers(app):
            if not settings.production and is_known(each.image) and can_change(each.image):
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


def notices(settings: StackArgs) -> Iterator[str]:
    """One line for each setting that needs something that no setting can tell. Never mistakes."""
    yield from quotas.notices(settings)


def _runs_once(app: WebAppArgs) -> bool:
    """Whether the application must not run twice, such as a scheduler."""
    return app.rollout.type == "Recreate" and not app.autoscaler


def _images(app: WebAppArgs) -> Iterator[tuple[Place, str]]:
    """The images that the file itself gives, but for the database's."""
    for place, each in containers(app):
        if is_known(each.image):
            yield place, each.image
    if app.before_rollout and app.before_rollout.image and is_known(app.before_rollout.image):
        yield ("beforeRollout",), app.before_rollout.image


def _resources(app: WebAppArgs) -> Iterator[tuple[Place, ResourcesArgs | None]]:
    """The resources that the file itself gives to each container."""
    for place, each in containers(app):
        found = each.resources if "resources" in each.model_fields_set else None
        yield (*place, "resources"), found


def _missing_resources(place: Place, given: ResourcesArgs | None) -> Iterator[Problem]:
    allowed = "must be given in production"
    if given is None:
        yield Problem(place, None, allowed)
        return
    for part, kind, amount in (
        ("requests", "cpu", given.requests.cpu),
        ("requests", "memory", given.requests.memory),
        ("limits", "memory", given.limits.memory),
    ):
        if amount is None:
            yield Problem((*place, part, kind), None, allowed)


CHECKS = (namespaces, nodepools, volumes, clients_of_databases, production, digests)
