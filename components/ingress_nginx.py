"""The ingress-nginx controller, by its Helm chart."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Service
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

LOAD_BALANCER = "service.beta.kubernetes.io/exoscale-loadbalancer-"
"""Prefix of the cloud controller's annotations.

Source: exoscale/exoscale-cloud-controller-manager, `exoscale/loadbalancer.go`.
"""


class IngressNginxArgs(TypedDict):
    """The arguments of an `IngressNginx`.

    `chart` is a name in `repository` (an address), or a path that starts with `.` or `/`.
    `values` are Helm values, merged over those that this component sets.
    `instance_pool_id` is the instance pool behind the load balancer; it must be given where the
    cluster has several nodepools.
    """

    namespace: str
    chart: str
    repository: str
    version: str
    values: Mapping[str, Any]
    instance_pool_id: NotRequired[pulumi.Input[str]]


class IngressNginx(pulumi.ComponentResource):
    """The controller on every node, behind one Exoscale network load balancer.

    Attributes:
        release: the Helm release. An Ingress has to come after it: the controller's admission
            webhook must be up.
        address: the load balancer's IP address, or its host name.
        class_name: what an Ingress has to give as `ingressClassName`.
    """

    release: Release
    address: pulumi.Output[str]
    class_name: str = "nginx"

    def __init__(self, name: str, args: IngressNginxArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("webapp:index:IngressNginx", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)

        namespace = Namespace(name, metadata={"name": args["namespace"]}, opts=child)
        is_path = args["chart"].startswith((".", "/"))
        self.release = Release(
            name,
            name=name,
            namespace=args["namespace"],
            chart=args["chart"],
            repository_opts=None if is_path else RepositoryOptsArgs(repo=args["repository"]),
            version=args["version"],
            values=_merge(_values(args.get("instance_pool_id")), args["values"]),
            atomic=True,
            opts=pulumi.ResourceOptions.merge(
                child, pulumi.ResourceOptions(depends_on=[namespace])
            ),
        )
        service = Service.get(
            name,
            pulumi.Output.concat(self.release.status.namespace, f"/{name}-controller"),
            opts=pulumi.ResourceOptions(parent=self),
        )

        self.address = service.status.apply(load_balancer_address)
        self.register_outputs({"address": self.address})


def _values(instance_pool_id: pulumi.Input[str] | None) -> dict[str, Any]:
    """What Exoscale recommends: one controller a node, clients' addresses kept.

    Source: kubernetes/ingress-nginx, `hack/manifest-templates/provider/exoscale/values.yaml`.
    """
    annotations: dict[str, pulumi.Input[str]] = {
        f"{LOAD_BALANCER}service-strategy": "source-hash",
        f"{LOAD_BALANCER}service-healthcheck-mode": "http",
        f"{LOAD_BALANCER}service-healthcheck-uri": "/",
        f"{LOAD_BALANCER}service-healthcheck-interval": "10s",
        f"{LOAD_BALANCER}service-healthcheck-timeout": "3s",
        f"{LOAD_BALANCER}service-healthcheck-retries": "1",
    }
    if instance_pool_id is not None:
        annotations[f"{LOAD_BALANCER}service-instancepool-id"] = instance_pool_id
    return {
        "controller": {
            "kind": "DaemonSet",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "service": {
                "type": "LoadBalancer",
                "externalTrafficPolicy": "Local",
                "annotations": annotations,
            },
        }
    }


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Helm's own rule for values: mappings merge, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        both_mappings = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both_mappings else deepcopy(value)
    return merged


def load_balancer_address(status: Any) -> str:
    """The address in a Service's status; empty while it has none."""
    entries = (status and status.load_balancer and status.load_balancer.ingress) or []
    return next((entry.ip or entry.hostname for entry in entries), "")
