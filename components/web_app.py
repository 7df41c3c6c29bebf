"""A web application: everything of it in a namespace that is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.app.app_config import ConfigArgs, PullSecretArgs, create_app_config
from components.app.app_ingress import RouteArgs, create_ingress, is_served, url
from components.app.availability import (
    AutoscalerArgs,
    DisruptionBudgetArgs,
    create_autoscaler,
    create_disruption_budget,
)
from components.app.before_rollout import BeforeRolloutArgs, create_job
from components.app.container import ContainerArgs, InitContainerArgs, SidecarArgs
from components.app.network_policy import (
    EVERYWHERE,
    NetworkPolicyArgs,
    PeerArgs,
    create_network_policy,
)
from components.app.pod import VolumeArgs, job_pod, pod
from components.app.probes import ProbesArgs
from components.app.rollout import RolloutArgs, rollout
from components.app.service import create_service
from components.database import Database, DatabaseArgs
from components.ingress_controller import IngressController
from components.labels import common_labels, selector


class WebAppArgs(ContainerArgs, RouteArgs):
    """The arguments of a `WebApp`: those of its container, its Service and Ingress, and more.

    `port` is the container's. With an `autoscaler`, `replicas` is the number of pods to begin with.
    `generated_secrets` are names of environment variables whose values are generated once and kept
    secret. `labels` and `annotations` are the pods', beside their own. `selector` are the labels
    that find the pods, if not the recommended ones: for a Deployment that existed before.
    """

    replicas: int
    autoscaler: NotRequired[AutoscalerArgs]
    disruption_budget: DisruptionBudgetArgs
    config: ConfigArgs
    secrets: ConfigArgs
    generated_secrets: Sequence[str]
    pull_secret: NotRequired[PullSecretArgs]
    database: NotRequired[DatabaseArgs]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    selector: NotRequired[Mapping[str, str]]
    probes: ProbesArgs
    rollout: RolloutArgs
    before_rollout: NotRequired[BeforeRolloutArgs]
    sidecars: Sequence[SidecarArgs]
    init_containers: Sequence[InitContainerArgs]
    volumes: Sequence[VolumeArgs]
    network_policy: NetworkPolicyArgs


class WebApp(pulumi.ComponentResource):
    """One application on the cluster.

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
        args: WebAppArgs,
        ingress: IngressController | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("webapp:index:WebApp", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)
        self.namespace = args["namespace"]
        pods = args.get("selector") or selector(name)

        account = ServiceAccount(
            name,
            metadata={"name": name, "namespace": self.namespace},
            automount_service_account_token=False,
            opts=child,
        )
        config = create_app_config(name, args, child)
        before: list[pulumi.Resource] = [account]
        if "database" in args:
            database = Database(
                name, args["database"], namespace=self.namespace, clients=pods, opts=child
            )
            config = config._replace(env=[*config.env, database.variable])
            before.append(database)
        if job := args.get("before_rollout"):
            its_pod = job_pod(name, args, config, job)
            before.append(create_job(name, self.namespace, job, its_pod, _after(child, before)))
        if args["network_policy"]["enabled"]:
            sources = _sources(args, ingress)
            create_network_policy(name, self.namespace, args["port"], pods, sources, child)
        _deployment(name, args, pods, pod(name, args, config, pods), _after(child, before))
        if autoscaler := args.get("autoscaler"):
            create_autoscaler(name, self.namespace, autoscaler, child)
        if args["replicas"] > 1:
            budget = args["disruption_budget"]
            create_disruption_budget(name, self.namespace, budget, pods, child)
        service = create_service(name, args, pods, child)
        create_ingress(name, args, ingress, child)

        self.url = url(name, args, service, ingress)
        self.register_outputs({"namespace": self.namespace, "url": self.url})


def _after(
    opts: pulumi.ResourceOptions, resources: Sequence[pulumi.Resource]
) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[*resources]))


def _sources(args: WebAppArgs, ingress: IngressController | None) -> list[PeerArgs]:
    """Who may connect: the ingress controller, clients of NodePorts, and who is listed."""
    sources = [*args["network_policy"]["sources"]]
    if ingress and is_served(args):
        sources.append({"namespace": ingress.namespace})
    if args["service"] != "ClusterIP":
        networks = args.get("load_balancer", {}).get("source_networks") or EVERYWHERE
        sources += [{"network": network} for network in networks]
    return sources


def _deployment(
    name: str,
    args: WebAppArgs,
    pods: Mapping[str, str],
    spec: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> Deployment:
    """The number of pods is the autoscaler's, where there is one, from its first change on."""
    labels = common_labels(name)
    timeout = f"{args['rollout']['timeout_seconds']}s"
    left_alone = ["spec.replicas"] if "autoscaler" in args else []
    return Deployment(
        name,
        metadata={"name": name, "namespace": args["namespace"], "labels": labels},
        spec={
            "replicas": args["replicas"],
            "selector": {"match_labels": pods},
            **rollout(args["rollout"]),
            "template": {
                "metadata": {
                    "labels": {**args["labels"], **labels, **pods},
                    "annotations": args["annotations"],
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
