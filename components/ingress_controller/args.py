"""The ingress controller's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ..args.chart import Chart, ChartName, chart_repository
from ..args.problem import Problem
from ..args.resources import ResourcesArgs
from ..args.types import (
    IN_FULL,
    Args,
    Dns1123Subdomain,
    DnsLabel,
    PodSecurity,
    defaults_of,
    matches,
)
from ..certificates.args import HttpsArgs
from ..exoscale.load_balancer_args import LoadBalancerArgs

CONTROLLER_PORTS = (80, 443)
"""Ports of the controller's Service, in both charts."""

INGRESS_NAMESPACE = "ingress-nginx"
"""Namespace of every controller, so that a change of the controller keeps Service and address."""


CHARTS = {
    "nginx": Chart("ingress-nginx", "https://kubernetes.github.io/ingress-nginx", "4.15.1"),
    "traefik": Chart("traefik", "https://traefik.github.io/charts", "41.3.0"),
}


class ExistingControllerArgs(Args):
    """An ingress controller that is already installed on the cluster, for example by another
    stack."""

    class_name: DnsLabel = "nginx"
    """Its Ingress class. It must implement ingress-nginx's annotations, as Traefik's provider for
    ingress-nginx does."""
    namespace: DnsLabel = INGRESS_NAMESPACE
    """Namespace of its pods, which may connect to the applications."""
    service: DnsLabel = "ingress-nginx-controller"
    """Name of its Service, whose load balancer has the applications' address."""
    address: Annotated[StrictStr, Field(min_length=1, examples=["192.0.2.7"])] | None = None
    """Instead of service: the address or host name of the controller."""


FIRST_TRAEFIK_CHART = "41.3.0"
"""The first chart with Traefik 3.7.11, which fixes CVE-2026-85596 and mitigates CVE-2026-85597 with
the value `core.strictTLSOptions`."""


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


class IngressControllerArgs(Args):
    """The ingress controller: its chart, its pods and its load balancer."""

    existing: ExistingControllerArgs | None = None
    """A controller that is already installed on an existing cluster, instead of all other keys
    here. Default: this stack installs one."""

    controller: Literal["nginx", "traefik"] | None = None
    """`nginx` for ingress-nginx (no fixes since March 2026), or `traefik`, which serves the same
    Ingresses. Default: nginx, with a warning. A change keeps the load balancer and its address."""
    chart: ChartName | None = None
    """Name of the chart in the repository, or a path that starts with . or /. Default: the
    controller's official chart."""
    repository: Annotated[StrictStr, chart_repository(CHARTS["traefik"].repository)] | None = None
    """URL of the chart repository, not used for a path. Default: the official one."""
    version: (
        Annotated[
            StrictStr, IN_FULL, matches(r"\d+\.\d+\.\d+", "a chart version in full", "4.15.1")
        ]
        | None
    ) = None
    """Version of the chart. Default: the version that the program is tested with."""
    replicas: Annotated[StrictInt, Field(ge=1, examples=[2])] | None = None
    """Number of pods. Default: one on every node, as Exoscale recommends."""
    timeout_seconds: Annotated[StrictInt, Field(ge=60, examples=[1800])] | None = None
    """Timeout in seconds for a rollout of its pods. A change that takes longer is rolled back.
    Default: 300, plus the time to drain connections for each pod (nginx: 300, traefik: 60)."""
    nodepool: DnsLabel | None = Field(default=None, examples=["workers"])
    """Name of the node pool that its load balancer sends traffic to. With `replicas`, its pods run
    there. Default: the first node pool without a NoSchedule or NoExecute taint."""
    metrics: StrictBool = False
    """Whether a Service exposes metrics for Prometheus."""
    resources: ResourcesArgs | None = None
    """Resources of its pods. Default: the chart's."""
    default_certificate: Dns1123Subdomain | None = Field(default=None, examples=["wildcard"])
    """Name of a TLS Secret in the namespace ingress-nginx, for hosts without a certificate."""
    admission_webhook: StrictBool | None = None
    """Whether nginx validates Ingresses on admission. Default: the chart's."""
    pod_security: PodSecurity = "restricted"
    """Pod Security level of its namespace. Both official charts comply with the default; some of
    their values, such as hostPort, do not."""
    network_policy: StrictBool = True
    """Whether a network policy allows only HTTP, HTTPS, calls of the API server and, with metrics,
    pods to connect to its pods. If false, everything may connect."""
    load_balancer: LoadBalancerArgs = defaults_of(LoadBalancerArgs)
    """The controller's load balancer."""
    https: HttpsArgs | None = None
    """Serves each host by HTTPS, with a certificate that is requested and renewed automatically.
    Default: only hosts with `ingress.tls`."""
    values: Mapping[str, Any] = Field(default_factory=dict, examples=[{"revisionHistoryLimit": 3}])
    """Helm values, merged over those that this program sets. They can't contain secrets."""

    @property
    def official(self) -> Chart:
        """Returns the controller's official chart."""
        return CHARTS[self.controller or "nginx"]

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for keys that Traefik does not have, and for keys beside `existing`."""
        if self.existing and len(self.model_fields_set) > 1:
            message = (
                "must be the only key of ingress: the stack does not manage an existing controller"
            )
            yield Problem(("existing",), self.existing, message)
        if self.controller != "traefik":
            return
        if self.admission_webhook is not None:
            message = "must not be given with controller traefik, which has none"
            yield Problem(("admissionWebhook",), self.admission_webhook, message)
        if self.version and _parts(self.version) < _parts(FIRST_TRAEFIK_CHART):
            message = f"must be {FIRST_TRAEFIK_CHART} or later, the first with Traefik 3.7.11"
            yield Problem(("version",), self.version, message)
