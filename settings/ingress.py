"""The ingress controller's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import Field, StrictStr

from settings.types import SettingsModel, matches

if TYPE_CHECKING:
    from components.ingress_nginx import IngressNginxArgs

INGRESS_NAMESPACE = "ingress-nginx"


class IngressSettings(SettingsModel):
    """The ingress-nginx chart and its values."""

    chart: StrictStr = Field(default="ingress-nginx", min_length=1)
    repository: Annotated[
        StrictStr, matches(r"(https?|oci)://\S+", "an address that starts with https:// or oci://")
    ] = "https://kubernetes.github.io/ingress-nginx"
    version: Annotated[
        StrictStr, matches(r"\d+\.\d+\.\d+", "a chart version in full, such as 4.15.1")
    ] = "4.15.1"
    values: dict[str, Any] = Field(default_factory=dict)

    @property
    def args(self) -> IngressNginxArgs:
        return cast("IngressNginxArgs", self.model_dump() | {"namespace": INGRESS_NAMESPACE})
