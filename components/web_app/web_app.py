"""The component of a web application, with all its objects in an existing namespace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import Ingress

from ..args.problem import Problem, Problems
from ..certificates.issuer import Issuer
from ..database.database import Database
from ..exoscale.placement import Placement
from ..ingress_controller.controller import Controller
from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.deleted_namespaces import deleted_with
from ..lifecycle.existing_objects import Creator, refuse_existing
from ..lifecycle.ownership import PATCH_FORCE, annotate_with_stack
from ..manifests.labels import selector
from ..manifests.network import EVERYWHERE
from ..namespace.app_namespace import AppNamespace
from .args import WebAppArgs
from .availability.availability import create_autoscaler, create_disruption_budget
from .checks import check_name
from .config.objects import create_app_config
from .context import Objects
from .ingress.ingress import create_ingresses, url, with_certificate
from .network_policy.args import PeerArgs
from .network_policy.network_policy import create_network_policies
from .pod.pod import job_pod, pod
from .rollout.before_rollout import create_job
from .rollout.deployment import create_deployment, deployment_spec
from .rollout.deployment_gate import create_deployment_gate
from .rollout.replacement import delete_before_replace_if_named, found_by_former_name
from .schedules.schedules import create_schedules
from .service.service import create_service
from .volumes.pod_volumes import Claims, create_claims
from .workers.workers import create_workers

if TYPE_CHECKING:
    from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler
    from pulumi_kubernetes.batch.v1 import CronJob, Job
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

ADVICE = "give the application another name"
ADOPTION = "take it over by the application's setting `adopt: true`"


class WebApp(pulumi.ComponentResource):
    """A web application on a cluster.

    Example:
        >>> namespace = AppNamespace("shop", AppNamespaceArgs())
        >>> args = WebAppArgs(image="example/shop:1", port=80, replicas=2)
        >>> WebApp("shop", args, namespace=namespace)

    Attributes:
        namespace: the namespace of its objects. They have the component's name, except the
            Ingress, which is named after its host and path.
        service_account: the ServiceAccount of its pods, without permissions.
        deployment: the Deployment of its pods.
        service: the Service in front of its pods; none without a port.
        workers: the Deployments of its workers, by the workers' names.
        ingresses: an Ingress for each host, or one for its path at any host; none without both.
        autoscaler: the HorizontalPodAutoscaler, if the args have one.
        disruption_budget: the PodDisruptionBudget, if it may have several pods.
        job: the Job before a rollout, if the args have one.
        schedules: the CronJob of each schedule, by the schedule's name.
        database: its database, if the args have one.
        claims: the PersistentVolumeClaims of its persistent volumes, by the volumes' names.
        url: the URL: of its own load balancer, else of the ingress controller, else inside the
            cluster. Empty without a port.
    """

    namespace: str
    service_account: ServiceAccount
    deployment: Deployment
    service: Service | None = None
    workers: Mapping[str, Deployment]
    ingresses: Sequence[Ingress]
    database: Database | None = None
    claims: Claims
    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        settings: WebAppArgs,
        *,
        controller: Controller | None = None,
        issuer: Issuer | None = None,
        placement: Placement | None = None,
        schedule_placements: Mapping[str, Placement] | None = None,
        worker_placements: Mapping[str, Placement] | None = None,
        node_networks: pulumi.Input[Sequence[str]] | None = None,
        access: ClusterAccess | None = None,
        namespace: AppNamespace | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declares the application.

        Args:
            name: the name of the component and of its objects.
            settings: its args.
            controller: the ingress controller. Without it, there is no Ingress.
            issuer: the issuer of certificates for its hosts, unless the args have `ingress.tls`.
                Without it, hosts without `ingress.tls` are served by HTTP.
            placement: the nodes of its pods, and behind its own load balancer. Required if the
                cluster has several node pools, as it has while one is replaced.
            schedule_placements: the nodes of schedules' pods, by the schedules' names.
            worker_placements: the nodes of its workers' pods, by the workers' names. Default:
                `placement` for each.
            node_networks: the nodes' addresses, for a managed database without an `ip_filter`.
            access: access to the cluster, to wait for rollouts and to check for existing objects.
                Without it, the Kubernetes plugin may report a rollout too early, and the program
                takes over existing objects unchecked.
            namespace: the namespace, which its objects depend on. If this stack owns the namespace,
                the API server deletes objects without pods or data together with it. Otherwise, an
                annotation of each object names this stack. Default: the namespace in the args, or
                one with the component's name; it must exist, and this stack must own it.
            opts: the resource options.

        Raises:
            Problems: the name can't be an application's, or not one with these settings; or the
                args have another namespace.
        """
        check_name(settings, name)
        settings = with_certificate(settings, issuer)
        self.namespace = _name_of(namespace, settings, default=name)
        # Not declared in the class, because Pulumi resolves its annotations, and these are loaded
        # only when needed.
        self.autoscaler: HorizontalPodAutoscaler | None = None
        self.disruption_budget: PodDisruptionBudget | None = None
        self.job: Job | None = None
        self.schedules: Mapping[str, CronJob] = {}
        transformations = [delete_before_replace_if_named, found_by_former_name(self.namespace)]
        if namespace:
            transformations.append(
                deleted_with(namespace.namespace) if namespace.own else annotate_with_stack
            )
        own = pulumi.ResourceOptions(transformations=transformations, depends_on=namespace)
        opts = pulumi.ResourceOptions.merge(opts, own)
        creator = Creator(access, own_namespace=not namespace or namespace.own)
        super().__init__("webapp:index:WebApp", name, None, opts)
        child = pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on,
            hooks=refuse_existing(
                f"{name}-app", creator, advice=ADVICE, adopt=settings.adopt, adoption=ADOPTION
            ),
        )
        pods = settings.selector or selector(name)
        annotations = PATCH_FORCE if settings.adopt else {}
        app = Objects(name, self.namespace, pods, child, annotations)

        self.service_account = ServiceAccount(
            app.in_program(name),
            metadata=app.metadata,
            automount_service_account_token=False,
            opts=child,
        )
        config = create_app_config(app, settings)
        wait = None
        serving = app.after(self.service_account)
        if settings.network_policy.enabled:
            sources = _sources(settings, controller)
            serving = serving.after(*create_network_policies(app, settings, sources))
        if settings.database:
            self.database = Database(
                name,
                settings.database,
                namespace=app.namespace,
                clients=app.pods,
                node_networks=node_networks,
                creator=creator,
                timeout_seconds=settings.rollout.timeout_seconds,
                opts=child,
            )
            config = config.with_secret(self.database.variable)
            serving = serving.after(self.database)
            wait = self.database.wait
        if job := settings.before_rollout:
            its_pod = job_pod(
                app,
                settings,
                config,
                wait,
                command=job.command,
                image=job.image,
                resources=job.resources,
            )
            self.job = create_job(serving, job, its_pod, access)
            serving = serving.after(self.job)
        if settings.schedules:
            self.schedules = create_schedules(
                serving, settings, config, wait, schedule_placements or {}
            )
        self.claims = create_claims(app, settings, access)
        spec = deployment_spec(app, settings, pod(app, settings, config, self.claims, placement))
        self.deployment = create_deployment(serving, settings, spec)
        rollout: pulumi.Resource = self.deployment
        if access:
            rollout = create_deployment_gate(app, settings, self.deployment, spec, access)
        placements = {each.name: placement for each in settings.workers if placement}
        placements |= worker_placements or {}
        self.workers = create_workers(serving, app, settings, config, placements, access)
        if settings.autoscaler:
            self.autoscaler = create_autoscaler(app, settings.autoscaler)
        if settings.has_disruption_budget:
            budget = settings.disruption_budget
            self.disruption_budget = create_disruption_budget(app, budget)
        # pods that move to other nodes are there before a load balancer sends to those
        behind = app.after(rollout) if placement and placement.node_selector else app
        served = app.after(rollout, *(issuer.ready if issuer else ()))
        if port := settings.container_port:
            self.service = create_service(behind, port, settings, placement)
            served = served.after(self.service)
        self.ingresses = create_ingresses(served, settings, controller)

        self.url = url(app, settings, self.service, controller)
        self.register_outputs({"namespace": self.namespace, "url": self.url})


def _name_of(namespace: AppNamespace | None, settings: WebAppArgs, *, default: str) -> str:
    """Returns the name of the application's namespace.

    Raises:
        Problems: the args have the name of another namespace.
    """
    name = namespace.pulumi_resource_name if namespace else settings.namespace or default
    if settings.namespace not in (name, None):
        message = f"must be {name}, the namespace that the application is given"
        raise Problems([Problem(("namespace",), settings.namespace, message)])
    return name


def _sources(settings: WebAppArgs, controller: Controller | None) -> list[PeerArgs]:
    """Who may connect: the ingress controller, clients of NodePorts, and who is listed."""
    sources = [*settings.network_policy.sources]
    if controller and settings.is_served:
        sources.append(PeerArgs(namespace=controller.namespace))
    if settings.service != "ClusterIP":
        balancer = settings.balancer
        networks = (balancer and balancer.source_networks) or EVERYWHERE
        sources += [PeerArgs(network=network) for network in networks]
    return sources
