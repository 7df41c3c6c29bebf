"""Problems and warnings that concern several parts of a stack."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.image import can_change
from components.args.inputs import is_known
from components.args.problem import Place, Problem, path
from components.args.resources import ResourcesArgs
from components.web_app.args import WebAppArgs
from components.web_app.checks import containers, parts
from stack.args import StackArgs
from stack.checks import expansions, https, ingress, quotas, sizes, volumes


def check_namespaces(settings: StackArgs) -> Iterator[Problem]:
    """Rejects listed namespaces without an application."""
    used = {app.namespace_name for app in settings.apps}
    for index, namespace in enumerate(settings.namespaces):
        if namespace.name not in used:
            yield Problem(("namespaces", index, "name"), namespace.name, "has no application")


def check_nodepools(settings: StackArgs) -> Iterator[Problem]:
    """Rejects names of node pools that the cluster does not have."""
    named: list[tuple[Place, str | None]] = [
        (("apps", index, "nodepool"), app.nodepool) for index, app in enumerate(settings.apps)
    ]
    for index, app in enumerate(settings.apps):
        named += [
            (("apps", index, *place, "nodepool"), each.nodepool) for place, each in parts(app)
        ]
    if settings.ingress:
        named.append((("ingress", "nodepool"), settings.ingress.nodepool))
    existing = [pool.name for pool in settings.cluster.nodepools] if settings.cluster else []
    for place, name in named:
        if name is not None and name not in existing:
            allowed = f"must be one of the cluster's nodepools: {', '.join(existing)}"
            if not existing:
                allowed = "must not be given without cluster, which has the node pools"
            yield Problem(place, name, allowed)


def check_database_clients(settings: StackArgs) -> Iterator[Problem]:
    """Requires `ipFilter` of managed databases if the program does not know all nodes.

    Without it, the database accepts the nodes that exist during `pulumi up`. It would reject those
    that an autoscaler adds later.
    """
    if not settings.cluster:
        allowed = "is required if the stack does not create the cluster"
    elif settings.cluster.autoscaler:
        allowed = (
            "is required with cluster.autoscaler: the database would reject nodes that it adds"
        )
    else:
        return
    for index, app in enumerate(settings.apps):
        if app.database and app.database.needs_node_addresses:
            yield Problem(("apps", index, "database", "ipFilter"), None, allowed)


def check_production_resources(settings: StackArgs) -> Iterator[Problem]:
    """Requires resources of all containers in production."""
    if settings.production:
        for index, app in enumerate(settings.apps):
            for place, found in _resources(app):
                yield from _missing_resources(("apps", index, *place), found)


def check_image_digests(settings: StackArgs) -> Iterator[Problem]:
    """Requires digests of images in production, so that no push to a registry changes what runs."""
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
    """Yields a line for each warning, which begins with its key. In production, they are errors."""
    yield from ingress.warnings(settings)
    yield from sizes.warnings(settings)
    yield from expansions.warnings(settings)
    for index, app in enumerate(settings.apps):
        key = f"apps[{index}]"
        for place, image in _images(app):
            if not settings.production and can_change(image):
                where = path(("apps", index, *place, "image"))
                yield f"{where}: {image} can become another image at any time"
        if settings.production and app.first_replicas == 1 and not _needs_one_pod(app):
            number = "autoscaler.min" if app.autoscaler else "replicas"
            yield f"{key}.{number}: with 1 pod, {app.name} is down whenever its node is"
        if not app.can_get_requests:
            continue
        if app.probes.readiness.type == "none":
            yield f"{key}.probes.readiness: without it, pods get requests before they can serve"
        if app.probes.liveness.type == "none":
            yield f"{key}.probes.liveness: without it, a pod that hangs is not restarted"


def notices(settings: StackArgs) -> Iterator[str]:
    """Yields a line for each setting that requires something outside of the settings.

    In production, they are not errors either.
    """
    yield from quotas.notices(settings)
    yield from https.notices(settings)
    yield from volumes.notices(settings)


def _needs_one_pod(app: WebAppArgs) -> bool:
    """Whether the application serves nobody, or must not run twice, such as a scheduler."""
    return not app.has_port or (app.rollout_type == "Recreate" and not app.autoscaler)


def _images(app: WebAppArgs) -> Iterator[tuple[Place, str]]:
    """Yields the images of all containers except those of the database."""
    for place, each in containers(app):
        if is_known(each.image):
            yield place, each.image
    for place, part in parts(app):
        if part.image is not None and is_known(part.image):
            yield place, part.image
    if app.before_rollout and app.before_rollout.image and is_known(app.before_rollout.image):
        yield ("beforeRollout",), app.before_rollout.image


def _resources(app: WebAppArgs) -> Iterator[tuple[Place, ResourcesArgs | None]]:
    """Yields the resources of each container, or None if the settings don't set them.

    Containers of workers and schedules have the application's, unless they set their own.
    """
    for place, each in containers(app):
        found = each.resources if "resources" in each.model_fields_set else None
        yield (*place, "resources"), found
    for place, part in parts(app):
        if part.resources:
            yield (*place, "resources"), part.resources


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


CHECKS = (
    check_namespaces,
    check_nodepools,
    check_database_clients,
    check_production_resources,
    check_image_digests,
)
