"""The ingress controller, by its Helm chart, behind a load balancer."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NotRequired

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Service, ServiceInitArgs
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from components.ingress import ingress_nginx, traefik
from components.load_balancer import (
    BehindLoadBalancer,
    LoadBalancerArgs,
    anew_for_another,
    load_balancer_address,
)


class IngressControllerArgs(BehindLoadBalancer):
    """The arguments of an `IngressController`.

    `controller` is `nginx` or `traefik`. `chart` is a name in `repository` (an address), or a path
    that starts with `.` or `/`. Without `replicas` there is one on every node. `resources` are
    Kubernetes' own, the chart's where not given. `default_certificate` is a TLS Secret in
    `namespace`, for hosts without one. `admission_webhook` is the chart's choice where not given.
    `values` are Helm values, merged over those that this component sets.
    """

    controller: str
    namespace: str
    chart: str
    repository: str
    version: str
    replicas: NotRequired[int]
    metrics: bool
    resources: NotRequired[Mapping[str, Any]]
    default_certificate: NotRequired[str]
    admission_webhook: NotRequired[bool]
    load_balancer: LoadBalancerArgs
    values: Mapping[str, Any]


class IngressController(pulumi.ComponentResource):
    """Serves all Ingresses of a class, through one load balancer.

    Another controller takes the former one's place in the same Helm release: its Service, with the
    load balancer and the address, and the Ingress class are changed in place and stay.

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
        self, name: str, args: IngressControllerArgs, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("webapp:index:IngressController", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)

        self.namespace = args["namespace"]
        namespace = Namespace(name, metadata={"name": self.namespace}, opts=child)
        is_path = args["chart"].startswith((".", "/"))
        self.release = Release(
            name,
            name=name,
            namespace=args["namespace"],
            chart=args["chart"],
            repository_opts=None if is_path else RepositoryOptsArgs(repo=args["repository"]),
            version=args["version"],
            values=_merge(self._values(name, args), args["values"]),
            skip_crds=True,
            atomic=True,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions.merge(child, anew_for_another(args["load_balancer"])),
                pulumi.ResourceOptions(depends_on=[namespace]),
            ),
        )
        service = _service_of(self.release, name, f"{name}-controller", self)

        self.address = service.status.apply(load_balancer_address)
        self.register_outputs({"address": self.address})

    def _values(self, name: str, args: IngressControllerArgs) -> dict[str, Any]:
        if args["controller"] == "traefik":
            return traefik.values(args, f"{name}-controller", self.class_name)
        return ingress_nginx.values(args)


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
