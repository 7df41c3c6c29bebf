"""Creates the objects of an application's workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pulumi_kubernetes.apps.v1 import Deployment

from ...exoscale.placement import Placement
from ...lifecycle.cluster_access import ClusterAccess
from ...manifests.labels import selector
from ..availability.availability import create_autoscaler, create_disruption_budget
from ..config.objects import AppConfig
from ..context import Objects
from ..names import part_name
from ..pod.pod import pod
from ..rollout.deployment import create_deployment, deployment_spec
from ..rollout.deployment_gate import create_deployment_gate
from .settings import worker_settings

if TYPE_CHECKING:
    from ..args import WebAppArgs


def create_workers(
    serving: Objects,
    app: Objects,
    settings: WebAppArgs,
    config: AppConfig,
    placements: Mapping[str, Placement],
    access: ClusterAccess | None,
) -> dict[str, Deployment]:
    """Creates the Deployment of each worker, with its autoscaler and disruption budget.

    Args:
        serving: the application, with what its pods need as dependencies.
        placements: the nodes of the workers' pods, by the workers' names.

    Returns:
        the Deployments, by the workers' names.
    """
    created = {}
    for worker in settings.workers:
        name = part_name(app.name, worker.name)
        pods = selector(app.name, name)
        objects = app._replace(name=name, pods=pods, part_of=app.name)
        own = worker_settings(settings, worker)
        its_pod = pod(objects, own, config, {}, placements.get(worker.name))
        spec = deployment_spec(objects, own, its_pod)
        deployment = create_deployment(objects._replace(opts=serving.opts), own, spec)
        if access:
            create_deployment_gate(objects, own, deployment, spec, access)
        if worker.autoscaler:
            create_autoscaler(objects, worker.autoscaler)
        if worker.has_disruption_budget:
            create_disruption_budget(objects, worker.disruption_budget)
        created[worker.name] = deployment
    return created
