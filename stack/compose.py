"""Composes the stack: a cluster, an ingress controller, and the web applications behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from components.exoscale.deleted_volumes import volume_hook
from components.exoscale.display_name import display_name
from components.exoscale.load_balancer_args import BalancerArgs
from components.exoscale.placement import Placement
from components.sks_cluster.placement import placement
from stack.args import AppArgs, StackArgs
from stack.collisions import reject_collisions
from stack.kept_data import guard_data
from stack.names import CERTIFICATES, CLUSTER, CONTROLLER, DNS
from stack.owner_labels import owner_labels
from stack.stack_traces import short_stack_traces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pulumi_kubernetes.networking.v1 import Ingress

    from components.args.inputs import Input
    from components.certificates.issuer import Issuer
    from components.dns.dns import Dns
    from components.existing_cluster.existing_cluster import ExistingCluster
    from components.ingress_controller.controller import Controller
    from components.ingress_controller.existing_controller import ExistingController
    from components.ingress_controller.ingress_controller import IngressController
    from components.lifecycle.cluster_access import ClusterAccess
    from components.sks_cluster.sks_cluster import SksCluster


@reject_collisions()
@short_stack_traces()
def declare(settings: StackArgs) -> dict[str, Any]:
    """Declares the resources of the settings and returns the stack's outputs.

    Imports only the modules that the stack uses: loading the SDKs takes most of a preview's time.
    """
    sks = _sks_cluster(settings)
    cluster = sks or _existing_cluster(settings)
    outputs: dict[str, Any] = {}
    if sks:
        outputs["cluster_name"] = sks.cluster_name
        if sks.read_only_kubeconfig:
            outputs["read_only_kubeconfig"] = sks.read_only_kubeconfig

    controller = _controller(settings, sks, cluster.access, cluster.options)
    users: list[pulumi.Resource] = [controller] if controller else []
    if controller:
        outputs["load_balancer_address"] = controller.address
    issuer = _issuer(settings, controller, cluster.access, cluster.options)

    dns = _dns(settings, controller, sks)
    if dns and dns.name_servers:
        outputs["name_servers"] = dns.name_servers

    data = guard_data(settings.apps)
    node_networks = sks.node_networks() if sks and settings.needs_node_addresses else None
    if not pulumi.runtime.is_dry_run():
        from components.lifecycle.held_namespaces import report_blocked_namespaces

        report_blocked_namespaces(cluster.access)
    if settings.apps:
        from components.namespace.app_namespace import AppNamespace
        from components.web_app.web_app import WebApp

        labels = owner_labels(settings.owner)
        with_data = pulumi.ResourceOptions.merge(
            cluster.options, pulumi.ResourceOptions(depends_on=[data])
        )
        namespaces = {
            each.name: AppNamespace(
                each.name, each, with_data, labels=labels, access=cluster.access
            )
            for each in settings.app_namespaces
        }
    ingresses: list[Ingress] = []
    for app in settings.apps:
        web = WebApp(
            app.name,
            app,
            controller=controller,
            issuer=issuer,
            placement=_placement(settings, sks, app.nodepool, app.balancer),
            schedule_placements=_schedule_placements(settings, sks, app),
            worker_placements=_worker_placements(settings, sks, app),
            node_networks=node_networks,
            access=cluster.access,
            namespace=namespaces[app.namespace_name],
            # The application has the dependencies of its namespace, and needs none of its own.
            opts=pulumi.ResourceOptions(provider=cluster.provider),
        )
        users.append(web)
        if dns and app.balancer and web.service:
            from components.exoscale.load_balancer import load_balancer_address

            address = web.service.status.apply(load_balancer_address)
            _point(dns, app.hosts, address, after=[web.deployment, web.service], sks=sks)
        ingresses += web.ingresses
        outputs |= {f"{app.name}_url": web.url} if app.has_port else {}
        outputs[f"{app.name}_namespace"] = web.namespace

    if issuer and settings.https:
        from components.certificates.issued_certificates import wait_for_certificates

        timeout = settings.https.timeout_seconds
        wait_for_certificates(issuer.name, ingresses, cluster.access, timeout)
    if settings.apps:
        from components.web_app.availability.former_autoscalers import take_back_replicas
        from components.web_app.workers.settings import deployments

        scaled = {
            f"{app.namespace_name}/{name}": each
            for app in settings.apps
            for name, each in deployments(app, app.name).items()
        }
        take_back_replicas(scaled, cluster.access, after=users)
    if sks:
        services = settings.balanced_services
        sks.drain_removed_nodepools(after=users, services=services, name="nodepools")
    return outputs | {"kubeconfig": cluster.kubeconfig}


def _controller(
    settings: StackArgs,
    sks: SksCluster | None,
    access: ClusterAccess,
    opts: pulumi.ResourceOptions,
) -> IngressController | ExistingController | None:
    """Creates the stack's ingress controller, or reads an existing one."""
    controller = settings.controller
    if not controller:
        return None
    if controller.existing:
        from components.ingress_controller.existing_controller import ExistingController

        return ExistingController(CONTROLLER, controller.existing, opts)
    from components.ingress_controller.ingress_controller import IngressController

    return IngressController(
        CONTROLLER,
        controller,
        placement=_placement(settings, sks, controller.nodepool, controller.load_balancer),
        nodes=settings.cluster.max_nodes if settings.cluster else None,
        labels=owner_labels(settings.owner),
        access=access,
        opts=opts,
    )


def _dns(
    settings: StackArgs,
    controller: IngressController | ExistingController | None,
    sks: SksCluster | None,
) -> Dns | None:
    """Creates the records of the hosts that the ingress controller serves."""
    if not settings.dns:
        return None
    from components.dns.dns import Dns

    dns = Dns(DNS, settings.dns)
    if controller:
        served = [host for app in settings.apps if not app.balancer for host in app.hosts]
        _point(dns, served, controller.address, after=controller.ready, sks=sks)
    return dns


def _point(
    dns: Dns,
    hosts: Iterable[Input[str] | None],
    address: pulumi.Output[str],
    *,
    after: Sequence[pulumi.Resource],
    sks: SksCluster | None,
) -> None:
    """Creates the records of hosts that one load balancer serves.

    Load balancers at Exoscale have IPv4 addresses.
    """
    for host in dict.fromkeys(hosts):
        if host:
            dns.point(host, address, after=after, record_type="A" if sks else None)


def _issuer(
    settings: StackArgs,
    controller: Controller | None,
    access: ClusterAccess,
    opts: pulumi.ResourceOptions,
) -> Issuer | None:
    """Installs cert-manager, or names an issuer that already exists."""
    https = settings.https
    if not (https and controller):
        return None
    if https.existing:
        from components.certificates.issuer import Issuer

        return Issuer(https.existing)
    from components.certificates.cert_manager import CertManager

    return CertManager(
        CERTIFICATES,
        https,
        class_name=controller.class_name,
        ingress_namespace=controller.namespace,
        replicas=2 if settings.production else 1,
        labels=owner_labels(settings.owner),
        access=access,
        opts=opts,
    ).issuer


def _placement(
    settings: StackArgs,
    sks: SksCluster | None,
    nodepool: str | None,
    balancer: BalancerArgs | None,
) -> Placement | None:
    """Returns the nodes for pods that are behind a load balancer or name a node pool."""
    if not sks or not settings.cluster:
        return None
    return placement(settings.cluster, sks.nodepools, nodepool, balancer)


def _schedule_placements(
    settings: StackArgs, sks: SksCluster | None, app: AppArgs
) -> dict[str, Placement]:
    """Returns the nodes of schedules that name a node pool, by the schedules' names."""
    found = {
        each.name: _placement(settings, sks, each.nodepool, None)
        for each in app.schedules
        if each.nodepool
    }
    return {name: placement for name, placement in found.items() if placement}


def _worker_placements(
    settings: StackArgs, sks: SksCluster | None, app: AppArgs
) -> dict[str, Placement]:
    """Returns the nodes for the pods of an application's workers, by the workers' names."""
    pools = {each.name: each.nodepool or app.nodepool for each in app.workers}
    found = {name: _placement(settings, sks, pool, None) for name, pool in pools.items()}
    return {name: each for name, each in found.items() if each}


def _cluster_options() -> pulumi.ResourceOptions:
    """Returns the options of the cluster, with an alias for the name in earlier versions.

    The cluster's resource name is the same in every stack, so that a stack can be renamed. Earlier
    versions included the stack's name. Names of child resources begin with the cluster's name, so
    Pulumi applies the alias to them too.
    """
    return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=display_name())])


def _sks_cluster(settings: StackArgs) -> SksCluster | None:
    if not settings.cluster:
        return None
    from components.sks_cluster.sks_cluster import SksCluster

    labels = owner_labels(settings.owner)
    return SksCluster(
        CLUSTER,
        settings.cluster,
        _cluster_options(),
        labels=labels,
        node_port_protocols=settings.node_port_protocols,
        deletes_volumes=settings.deletes_volumes,
    )


def _existing_cluster(settings: StackArgs) -> ExistingCluster:
    from components.existing_cluster.existing_cluster import ExistingCluster

    assert settings.existing_cluster  # a stack has either cluster or existingCluster
    volume_hook(CLUSTER)  # node pools that were removed from the stack may name this hook
    return ExistingCluster(
        CLUSTER, settings.existing_cluster, _cluster_options(), key="existingCluster"
    )
