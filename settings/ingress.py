"""The ingress controller's settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StrictBool, StrictInt, StrictStr

from settings.load_balancer import LoadBalancerSettings
from settings.resources import ResourcesSettings
from settings.types import IN_FULL, Dns1123Subdomain, SettingsModel, defaults_of, matches

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


class IngressSettings(SettingsModel):
    """The ingress controller: its chart, how it runs, its load balancer."""

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
    metrics: StrictBool = False
    """A Service that Prometheus can read."""
    resources: ResourcesSettings | None = None
    """Of its pods. Without them: the chart's."""
    default_certificate: Dns1123Subdomain | None = Field(default=None, examples=["wildcard"])
    """Name of a TLS Secret in the namespace ingress-nginx, for hosts without one."""
    admission_webhook: StrictBool | None = None
    """nginx checks Ingresses when they are made. Without it: the chart's choice."""
    load_balancer: LoadBalancerSettings = defaults_of(LoadBalancerSettings)
    """The load balancer in front of it."""
    values: dict[str, Any] = Field(default_factory=dict, examples=[{"revisionHistoryLimit": 3}])
    """Helm values, merged over those that this program sets. Nothing in them can be secret."""

    @property
    def official(self) -> Chart:
        """The controller's own chart."""
        return CHARTS[self.controller or "nginx"]
