"""The ingress controller's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self, cast

from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from settings.load_balancer import LoadBalancerSettings
from settings.mistakes import Mistake, refuse
from settings.resources import ResourcesSettings
from settings.types import DnsLabel, SettingsModel, matches

if TYPE_CHECKING:
    from components.ingress_controller import IngressControllerArgs

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

FIRST_TRAEFIK_CHART = 40
"""The first with Traefik 3.7, which has the annotation `x-forwarded-prefix` (traefik#12697)."""


class IngressSettings(SettingsModel):
    """The ingress controller: its chart, how it runs, its load balancer."""

    controller: Literal["nginx", "traefik"] | None = None
    chart: Annotated[StrictStr, Field(min_length=1)] | None = None
    repository: (
        Annotated[
            StrictStr,
            matches(r"(https?|oci)://\S+", "an address that starts with https:// or oci://"),
        ]
        | None
    ) = None
    version: (
        Annotated[StrictStr, matches(r"\d+\.\d+\.\d+", "a chart version in full, such as 4.15.1")]
        | None
    ) = None
    replicas: Annotated[StrictInt, Field(ge=1)] | None = None
    metrics: StrictBool = False
    resources: ResourcesSettings | None = None
    default_certificate: DnsLabel | None = None
    admission_webhook: StrictBool | None = None
    load_balancer: LoadBalancerSettings = Field(default_factory=LoadBalancerSettings)
    values: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _suits_traefik(self) -> Self:
        if self.controller == "traefik":
            refuse(self._not_traefiks())
        return self

    def _not_traefiks(self) -> Iterator[Mistake]:
        if self.admission_webhook is not None:
            allowed = "must not be given with controller traefik, which has none"
            yield Mistake(("admissionWebhook",), self.admission_webhook, allowed)
        if self.version and int(self.version.partition(".")[0]) < FIRST_TRAEFIK_CHART:
            allowed = f"must be {FIRST_TRAEFIK_CHART}.0.0 or later, the first with Traefik 3.7"
            yield Mistake(("version",), self.version, allowed)

    @property
    def args(self) -> IngressControllerArgs:
        controller = self.controller or "nginx"
        chart, repository, version = CHARTS[controller]
        settings = self.model_dump(exclude={"values"}, exclude_none=True)
        defaults = {"chart": chart, "repository": repository, "version": version}
        return cast(
            "IngressControllerArgs",
            defaults
            | settings
            | {
                "controller": controller,
                "namespace": INGRESS_NAMESPACE,
                "values": self.values,
            },
        )
