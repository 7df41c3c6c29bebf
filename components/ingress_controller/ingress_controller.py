"""The ingress controller, installed with its Helm chart, behind a load balancer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.helm.v3 import Release

from ..args.problem import Problem, Problems
from ..exoscale.fixed_descriptions import refuse_description_change
from ..exoscale.load_balancer import load_balancer_address, replace_on_balancer_change
from ..exoscale.lost_load_balancer import warn_if_lost
from ..exoscale.placement import Placement
from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.existing_objects import Creator, refuse_existing
from ..lifecycle.ownership import create_namespace
from ..manifests.helm_chart import chart_arguments, merged_values
from ..manifests.security import pod_security_labels
from . import ingress_nginx, traefik
from .args import INGRESS_NAMESPACE, IngressControllerArgs
from .controller_service import controller_service
from .network_policy import create_network_policy
from .timeouts import UNKNOWN_NODES, drain_seconds, release_timeout

if TYPE_CHECKING:
    from pulumiverse_exoscale import Nlb

ADVICE = "to use an existing controller, set `ingress.existing`"


class IngressController(pulumi.ComponentResource):
    """Installs a controller that serves all Ingresses of a class through one load balancer.

    A change of the controller updates the same Helm release. It updates the Service and the Ingress
    class in place, and so keeps the load balancer and its address.

    Example:
        >>> IngressController("ingress-nginx", IngressControllerArgs(controller="traefik"))

    Attributes:
        namespace: the namespace of its pods.
        release: the Helm release.
        service: its Service, which Helm created.
        ready: the resources that an Ingress must depend on: the admission webhook must be running.
        load_balancer: the load balancer, if the settings keep it.
        address: the load balancer's IP address or host name.
        class_name: the `ingressClassName` of its Ingresses.
    """

    namespace: str
    release: Release
    service: Service
    ready: Sequence[pulumi.Resource]
    address: pulumi.Output[str]
    class_name: str = "nginx"

    def __init__(
        self,
        name: str,
        settings: IngressControllerArgs,
        *,
        placement: Placement | None = None,
        nodes: int | None = None,
        labels: Mapping[str, pulumi.Input[str]] = {},
        access: ClusterAccess | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Installs the controller.

        Args:
            name: the resource name and the name of the Helm release.
            settings: its settings.
            placement: the nodes behind its load balancer. It is required if the cluster has several
                node pools, which is also the case while one is replaced. A controller with a pod on
                every node has no node selector: a selector would end all pods of a replaced node
                pool at once.
            nodes: the number of the cluster's nodes, if it is known.
            labels: additional labels of its namespace.
            access: access to the cluster, to check whether another stack has installed a
                controller. Without it, the program takes over an existing namespace unchecked.
            opts: the resource options.

        Raises:
            Problems: `keep` of the load balancer is set without a placement, which has the zone.
        """
        super().__init__("webapp:index:IngressController", name, None, opts)
        child = pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on if opts else None,
            hooks=refuse_existing(name, Creator(access), advice=ADVICE),
        )
        # Not declared in the class, because Pulumi resolves its annotations, and this one is loaded
        # only when needed.
        self.load_balancer: Nlb | None = None
        self.namespace = INGRESS_NAMESPACE
        if settings.load_balancer.keep:
            settings, self.load_balancer = _kept(name, settings, placement, child)
            # deleted after the namespace, and so after the Service that uses it
            later = pulumi.ResourceOptions(depends_on=[self.load_balancer])
            child = pulumi.ResourceOptions.merge(child, later)
        labels = {**labels, **pod_security_labels(settings.pod_security)}
        namespace = create_namespace(name, self.namespace, labels, child)
        child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[namespace]))
        if settings.network_policy:
            create_network_policy(name, self.namespace, metrics=settings.metrics, opts=child)
        self.release = Release(
            name,
            name=name,
            namespace=self.namespace,
            **chart_arguments(settings, settings.official),
            values=merged_values(self._values(name, settings, placement), settings.values),
            skip_crds=True,
            atomic=True,
            timeout=settings.timeout_seconds or _timeout(settings, nodes),
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions.merge(
                    child, replace_on_balancer_change(settings.load_balancer)
                ),
                pulumi.ResourceOptions(hooks=refuse_description_change(name)),
            ),
        )
        self.ready = [self.release]
        namespace_name = self.release.status.namespace
        self.service = controller_service(name, namespace_name, f"{name}-controller", self, name)
        if placement:
            recreate = "pulumi up --refresh" if self.load_balancer else None
            warn_if_lost(self.service, placement.zone, holder=self.release, recreate=recreate)

        self.address = (
            self.load_balancer.ip_address
            if self.load_balancer
            else self.service.status.apply(load_balancer_address)
        )
        self.register_outputs({"address": self.address})

    def _values(
        self, name: str, settings: IngressControllerArgs, placement: Placement | None
    ) -> dict[str, Any]:
        if placement and not settings.replicas:
            placement = placement.anywhere
        if settings.controller == "traefik":
            service = f"{name}-controller"
            return traefik.values(settings, self.namespace, service, self.class_name, placement)
        return ingress_nginx.values(settings, name, self.namespace, placement)


def _kept(
    name: str,
    settings: IngressControllerArgs,
    placement: Placement | None,
    opts: pulumi.ResourceOptions,
) -> tuple[IngressControllerArgs, Nlb]:
    """Creates the load balancer, and returns the settings of a controller that uses it."""
    if not placement:
        place, message = ("loadBalancer", "keep"), "must not be true without the zone of a cluster"
        raise Problems([Problem(place, True, message)])
    # imported here, so that stacks on other clusters don't load Exoscale's SDK
    from ..exoscale.kept_load_balancer import create_load_balancer

    balancer, its = create_load_balancer(name, settings.load_balancer, placement.zone, opts)
    return settings.model_copy(update={"load_balancer": its}), balancer


def _timeout(settings: IngressControllerArgs, nodes: int | None) -> int:
    chart = traefik if settings.controller == "traefik" else ingress_nginx
    pods = settings.replicas or nodes or UNKNOWN_NODES
    return release_timeout(pods, drain_seconds(settings, chart.CONNECTION_SECONDS))
