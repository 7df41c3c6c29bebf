"""The settings of a worker as those of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..names import part_name
from ..service.args import NO_PORT
from .args import WorkerArgs

if TYPE_CHECKING:
    from ..args import WebAppArgs


def worker_settings(app: WebAppArgs, worker: WorkerArgs) -> WebAppArgs:
    """Returns the application's settings with the worker's own, and without a port.

    A worker has no persistent volumes, because its pods may run on another node than the
    application's.
    """
    app = app.without_persistent_volumes
    mounted = {mount.volume for mount in app.mounts}
    return app.model_copy(
        update={
            "image": app.image if worker.image is None else worker.image,
            "command": worker.command,
            "arguments": worker.arguments,
            "resources": worker.resources or app.resources,
            "replicas": worker.replicas,
            "autoscaler": worker.autoscaler,
            "probes": worker.probes,
            "rollout": worker.rollout or app.rollout,
            "port": NO_PORT,
            "ports": (),
            "volumes": tuple(each for each in app.volumes if each.name in mounted),
            "sidecars": (),
            "init_containers": (),
        }
    )


def deployments(app: WebAppArgs, name: str) -> dict[str, WebAppArgs]:
    """Returns the settings of the application's Deployment and of its workers', by their names."""
    workers = {part_name(name, each.name): worker_settings(app, each) for each in app.workers}
    return {name: app, **workers}
