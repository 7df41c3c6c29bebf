"""The ingress controller, by its Helm chart, behind a load balancer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from components.ingress_controller import ingress_nginx, traefik
from components.kubernetes.controller_service import controller_service
from components.kubernetes.existing_objects import look_for_existing
from components.kubernetes.load_balancer import anew_for_another, load_balancer_address
from settings.checks.check import check
from settings.ingress import INGRESS_NAMESPACE, IngressSettings

ADVICE = "a controller that is there is named by `ingress.existing`"


class IngressController(pulumi.ComponentResource):
    """Serves all Ingresses of a class, through one load balancer.

    Another controller takes the former one's place in the same Helm release: its Service, with the
    load balancer and the address, and the Ingress class are changed in place and stay.

    Example:
        >>> IngressController("ingress-nginx", IngressSettings(controller="traefik"))

    Attributes:
        namespace: where its pods are.
        ready: what an Ingress has to come after: the controller's admission webhook must be up.
        address: the load balancer's IP address, or its host name.
        class_name: what an Ingress has to give as `ingressClassName`.
    """

    namespace: str
    ready: Sequence[pulumi.Resource]
    address: pulumi.Output[str]
    class_name: str = "nginx"

    def __init__(
        self,
        name: str,
        settings: IngressSettings,
        *,
        instance_pool_id: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Install the controller.

        Args:
            instance_pool_id: the nodes behind its load balancer. It must be given where the cluster
                has several nodepools, as it has while one is replaced.
        """
        check(settings)
        super().__init__("webapp:index:IngressController", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        chart = settings.chart or settings.official.name
        repository = settings.repository or settings.official.repository

        self.namespace = INGRESS_NAMESPACE
        looking = look_for_existing(f"{name}-namespace", adopt=False, advice=ADVICE)
        namespace = Namespace(
            name,
            metadata={"name": self.namespace},
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(hooks=looking)),
        )
        is_path = chart.startswith((".", "/"))
        release = Release(
            name,
            name=name,
            namespace=self.namespace,
            chart=chart,
            repository_opts=None if is_path else RepositoryOptsArgs(repo=repository),
            version=settings.version or settings.official.version,
            values=_merge(self._values(name, settings, instance_pool_id), settings.values),
            skip_crds=True,
            atomic=True,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions.merge(child, anew_for_another(settings.load_balancer)),
                pulumi.ResourceOptions(depends_on=[namespace]),
            ),
        )
        self.ready = [release]
        namespace_name = release.status.namespace
        service = controller_service(name, namespace_name, f"{name}-controller", self)

        self.address = service.status.apply(load_balancer_address)
        self.register_outputs({"address": self.address})

    def _values(
        self, name: str, settings: IngressSettings, instance_pool_id: pulumi.Input[str] | None
    ) -> dict[str, Any]:
        if settings.controller == "traefik":
            service = f"{name}-controller"
            return traefik.values(
                settings, self.namespace, service, self.class_name, instance_pool_id
            )
        return ingress_nginx.values(settings, self.namespace, instance_pool_id)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Helm's own rule for values: mappings merge, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        both_mappings = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both_mappings else deepcopy(value)
    return merged
