"""A web application: everything of it in a namespace that is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.database import Database
from components.kubernetes.labels import common_labels, selector
from components.web_app.app_config import create_app_config
from components.web_app.app_ingress import create_ingress, url
from components.web_app.availability import create_autoscaler, create_disruption_budget
from components.web_app.before_rollout import create_job
from components.web_app.network_policy import EVERYWHERE, create_network_policy
from components.web_app.pod import job_pod, pod
from components.web_app.rollout import rollout
from components.web_app.service import create_service
from settings.app import AppSettings
from settings.apps.network_policy import PeerSettings
from settings.checks.check import check

if TYPE_CHECKING:
    from components.ingress_controller import IngressController


class WebApp(pulumi.ComponentResource):
    """One application on the cluster.

    Example:
        >>> WebApp("shop", AppSettings(name="shop", image="example/shop:1", port=80, replicas=2))

    Attributes:
        namespace: the namespace of its objects, which are all named like the component.
        url: where it is reached: through its own load balancer, else through the ingress
            controller, else by its name inside the cluster.
    """

    namespace: str
    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        settings: AppSettings,
        *,
        controller: IngressController | None = None,
        instance_pool_id: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the application.

        Args:
            controller: what serves its host and path. Without it there is no Ingress.
            instance_pool_id: the nodes behind its own load balancer. It must be given where the
                cluster has several nodepools, as it has while one is replaced.
        """
        check(settings)
        super().__init__("webapp:index:WebApp", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        self.namespace = namespace = settings.namespace_name
        pods = settings.selector or selector(name)

        account = ServiceAccount(
            name,
            metadata={"name": name, "namespace": namespace},
            automount_service_account_token=False,
            opts=child,
        )
        config = create_app_config(name, namespace, settings, child)
        before: list[pulumi.Resource] = [account]
        if settings.database:
            database = Database(
                name, settings.database, namespace=namespace, clients=pods, opts=child
            )
            config = config._replace(env=[*config.env, database.variable])
            before.append(database)
        if job := settings.before_rollout:
            its_pod = job_pod(name, settings, config, job)
            before.append(create_job(name, namespace, job, its_pod, _after(child, before)))
        if settings.network_policy.enabled:
            sources = _sources(settings, controller)
            create_network_policy(name, namespace, settings.port, pods, sources, child)
        spec = pod(name, settings, config, pods)
        _deployment(name, settings, pods, spec, _after(child, before))
        if settings.autoscaler:
            create_autoscaler(name, namespace, settings.autoscaler, child)
        if settings.first_replicas > 1:
            create_disruption_budget(name, namespace, settings.disruption_budget, pods, child)
        service = create_service(
            name,
            namespace,
            settings.port,
            settings,
            pods,
            instance_pool_id=instance_pool_id,
            opts=child,
        )
        create_ingress(name, namespace, settings, controller, child)

        self.url = url(name, settings, service, controller)
        self.register_outputs({"namespace": self.namespace, "url": self.url})


def _after(
    opts: pulumi.ResourceOptions, resources: Sequence[pulumi.Resource]
) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[*resources]))


def _sources(settings: AppSettings, controller: IngressController | None) -> list[PeerSettings]:
    """Who may connect: the ingress controller, clients of NodePorts, and who is listed."""
    sources = [*settings.network_policy.sources]
    if controller and settings.is_served:
        sources.append(PeerSettings(namespace=controller.namespace))
    if settings.service != "ClusterIP":
        balancer = settings.load_balancer
        networks = (balancer and balancer.source_networks) or EVERYWHERE
        sources += [PeerSettings(network=network) for network in networks]
    return sources


def _deployment(
    name: str,
    settings: AppSettings,
    pods: Mapping[str, str],
    spec: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> Deployment:
    """The number of pods is the autoscaler's, where there is one, from its first change on."""
    labels = common_labels(name)
    timeout = f"{settings.rollout.timeout_seconds}s"
    left_alone = ["spec.replicas"] if settings.autoscaler else []
    return Deployment(
        name,
        metadata={"name": name, "namespace": settings.namespace_name, "labels": labels},
        spec={
            "replicas": settings.first_replicas,
            "selector": {"match_labels": pods},
            **rollout(settings.rollout),
            "template": {
                "metadata": {
                    "labels": {**settings.labels, **labels, **pods},
                    "annotations": settings.annotations,
                },
                "spec": spec,
            },
        },
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                ignore_changes=left_alone,
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout),
            ),
        ),
    )
