"""The ingress controller's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StrictBool, StrictInt, StrictStr

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
from ..exoscale.load_balancer_args import LoadBalancerArgs

CONTROLLER_PORTS = (80, 443)
"""The ports of the controller's Service, in both charts."""

INGRESS_NAMESPACE = "ingress-nginx"
"""Also that of another controller, so that its Service, and the address, can stay."""


class Chart(NamedTuple):
    """A controller's official Helm chart."""

    name: str
    repository: str
    version: str


CHARTS = {
    "nginx": Chart("ingress-nginx", "https://kubernetes.github.io/ingress-nginx", "4.15.1"),
    "traefik": Chart("traefik", "https://traefik.github.io/charts", "41.3.0"),
}


class ExistingControllerArgs(Args):
    """An ingress controller that other hands, such as another stack, installed on the cluster."""

    class_name: DnsLabel = "nginx"
    """Its Ingress class. It has to do what ingress-nginx does, as Traefik's provider for it."""
    namespace: DnsLabel = INGRESS_NAMESPACE
    """Where its pods are, which are let in to the applications."""
    service: DnsLabel = "ingress-nginx-controller"
    """Its Service, whose load balancer's address the applications have."""
    address: Annotated[StrictStr, Field(min_length=1, examples=["192.0.2.7"])] | None = None
    """In place of service: the address or host name at which it is reached."""


FIRST_TRAEFIK_CHART = "41.3.0"
"""The first with Traefik 3.7.11, which mends CVE-2026-85596 and has an answer to CVE-2026-85597,
the value `core.strictTLSOptions`."""


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


class IngressControllerArgs(Args):
    """The ingress controller: its chart, how it runs, its load balancer."""

    existing: ExistingControllerArgs | None = None
    """A controller that is on an existing cluster already, in place of all other keys here.
    Without it: this stack installs one."""

    controller: Literal["nginx", "traefik"] | None = None
    """ingress-nginx (no fixes since March 2026), or Traefik, which serves the same Ingresses.
    Without it: nginx, with a warning. A change keeps the load balancer and its address."""
    chart: Annotated[StrictStr, Field(min_length=1, examples=["./chart"])] | None = None
    """Name of the chart in the repository, or a path that starts with . or /. Without it: the
    controller's official one."""
    repository: (
        Annotated[
            StrictStr,
            matches(
                r"(https?|oci)://\S+",
                "an address that starts with https:// or oci://",
                "https://traefik.github.io/charts",
            ),
        ]
        | None
    ) = None
    """Address of the chart repository; not used for a path. Without it: the official one."""
    version: (
        Annotated[
            StrictStr, IN_FULL, matches(r"\d+\.\d+\.\d+", "a chart version in full", "4.15.1")
        ]
        | None
    ) = None
    """Version of the chart. Without it: the one that the program is tested with."""
    replicas: Annotated[StrictInt, Field(ge=1, examples=[2])] | None = None
    """Number of pods. Without it: one on every node, as Exoscale recommends."""
    timeout_seconds: Annotated[StrictInt, Field(ge=60, examples=[1800])] | None = None
    """What its pods may take until all are new and ready; then the change is taken back. Without
    it: 300, and the time in which connections end for each pod (300 of nginx, 60 of traefik)."""
    nodepool: DnsLabel | None = Field(default=None, examples=["workers"])
    """Name of the nodepool that its load balancer sends to. With `replicas`, its pods are there.
    Without it: the first that has no taint NoSchedule or NoExecute."""
    metrics: StrictBool = False
    """A Service that Prometheus can read."""
    resources: ResourcesArgs | None = None
    """Of its pods. Without them: the chart's."""
    default_certificate: Dns1123Subdomain | None = Field(default=None, examples=["wildcard"])
    """Name of a TLS Secret in the namespace ingress-nginx, for hosts without one."""
    admission_webhook: StrictBool | None = None
    """nginx checks Ingresses when they are made. Without it: the chart's choice."""
    pod_security: PodSecurity = "restricted"
    """What the API server refuses in its pods. Both official charts are within the default; some
    of their values, such as hostPort, are not."""
    network_policy: StrictBool = True
    """Its pods let in HTTP, HTTPS and the API server's calls, and with metrics those of pods. If
    false: everything."""
    load_balancer: LoadBalancerArgs = defaults_of(LoadBalancerArgs)
    """The load balancer in front of it."""
    values: dict[str, Any] = Field(default_factory=dict, examples=[{"revisionHistoryLimit": 3}])
    """Helm values, merged over those that this program sets. Nothing in them can be secret."""

    @property
    def official(self) -> Chart:
        """The controller's own chart."""
        return CHARTS[self.controller or "nginx"]

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for what Traefik does not have, and for fields beside `existing`."""
        if self.existing and len(self.model_fields_set) > 1:
            message = "must be alone in ingress: a controller that is there is not this stack's"
            yield Problem(("existing",), self.existing, message)
        if self.controller != "traefik":
            return
        if self.admission_webhook is not None:
            message = "must not be given with controller traefik, which has none"
            yield Problem(("admissionWebhook",), self.admission_webhook, message)
        if self.version and _parts(self.version) < _parts(FIRST_TRAEFIK_CHART):
            message = f"must be {FIRST_TRAEFIK_CHART} or later, the first with Traefik 3.7.11"
            yield Problem(("version",), self.version, message)
