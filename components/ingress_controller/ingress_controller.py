"""The ingress controller, by its Helm chart, behind a load balancer."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Service, ServiceInitArgs
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from components.ingress_controller import ingress_nginx, traefik
from components.kubernetes.load_balancer import anew_for_another, load_balancer_address
from components.kubernetes.lost_load_balancer import warn_if_lost
from components.kubernetes.placement import Placement
from components.kubernetes.refused_updates import refuse_load_balancer_updates
from settings.checks.check import check
from settings.ingress import INGRESS_NAMESPACE, IngressSettings


class IngressController(pulumi.ComponentResource):
    """Serves all Ingresses of a class, through one load balancer.

    Another controller takes the former one's place in the same Helm release: its Service, with the
    load balancer and the address, and the Ingress class are changed in place and stay.

    Example:
        >>> IngressController("ingress-nginx", IngressSettings(controller="traefik"))

    Attributes:
        namespace: where its pods are.
        release: the Helm release. An Ingress has to come after it: the controller's admission
            webhook must be up.
        address: the load balancer's IP address, or its host name.
        class_name: what an Ingress has to give as `ingressClassName`.
    """

    namespace: str
    release: Release
    address: pulumi.Output[str]
    class_name: str = "nginx"

    def __init__(
        self,
        name: str,
        settings: IngressSettings,
        *,
        placement: Placement | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Install the controller.

        Args:
            placement: the nodes behind its load balancer. It must be given where the cluster has
                several nodepools, as it has while one is replaced. A pod on every node is there
                without a selector: with one, the pods of a nodepool that is replaced would end all
                at once.
        """
        check(settings)
        super().__init__("webapp:index:IngressController", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        chart = settings.chart or settings.official.name
        repository = settings.repository or settings.official.repository

        self.namespace = INGRESS_NAMESPACE
        namespace = Namespace(name, metadata={"name": self.namespace}, opts=child)
        is_path = chart.startswith((".", "/"))
        self.release = Release(
            name,
            name=name,
            namespace=self.namespace,
            chart=chart,
            repository_opts=None if is_path else RepositoryOptsArgs(repo=repository),
            version=settings.version or settings.official.version,
            values=_merge(self._values(name, settings, placement), settings.values),
            skip_crds=True,
            atomic=True,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions.merge(child, anew_for_another(settings.load_balancer)),
                pulumi.ResourceOptions(
                    depends_on=[namespace], hooks=refuse_load_balancer_updates(name)
                ),
            ),
        )
        service = _service_of(self.release, name, f"{name}-controller", self)
        if placement:
            warn_if_lost(service, placement.zone, holder=self.release)

        self.address = service.status.apply(load_balancer_address)
        self.register_outputs({"address": self.address})

    def _values(
        self, name: str, settings: IngressSettings, placement: Placement | None
    ) -> dict[str, Any]:
        if placement and not settings.replicas:
            placement = placement.anywhere
        if settings.controller == "traefik":
            service = f"{name}-controller"
            return traefik.values(settings, self.namespace, service, self.class_name, placement)
        return ingress_nginx.values(settings, self.namespace, placement)


def _service_of(release: Release, name: str, service: str, parent: pulumi.Resource) -> Service:
    """A Service that the release made, as it is in the cluster.

    It is read with the inputs that name it: after `Service.get`, which gives none, every refresh
    shows them as an update.
    """
    namespace = release.status.namespace
    arguments = ServiceInitArgs(
        api_version="v1", kind="Service", metadata={"name": service, "namespace": namespace}
    )
    arguments.__dict__["status"] = None  # an output that the class knows of and its arguments don't
    identity = pulumi.Output.concat(namespace, "/", service)
    options = pulumi.ResourceOptions(parent=parent, id=identity)
    return Service(name, opts=options, __props__=arguments)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Helm's own rule for values: mappings merge, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        both_mappings = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both_mappings else deepcopy(value)
    return merged
