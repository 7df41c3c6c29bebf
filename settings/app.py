"""An application's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pydantic import Field, StrictInt, ValidationInfo, field_validator

from settings.app_ingress import PathPrefix
from settings.ingress import INGRESS_NAMESPACE
from settings.service import ServiceType
from settings.types import (
    DnsLabel,
    EnvironmentName,
    EnvironmentValue,
    Image,
    SettingsModel,
)

if TYPE_CHECKING:
    from components.web_app import WebAppArgs

RESERVED_NAMESPACES = frozenset(
    {"default", "kube-system", "kube-public", "kube-node-lease", INGRESS_NAMESPACE}
)


class AppSettings(SettingsModel):
    """One web application."""

    name: DnsLabel
    image: Image
    namespace: DnsLabel | None = None
    replicas: StrictInt = Field(default=1, ge=0)
    port: StrictInt = Field(default=8080, ge=1, le=65535)
    environment: dict[EnvironmentName, EnvironmentValue] = Field(default_factory=dict)
    generated_secrets: tuple[EnvironmentName, ...] = ()
    service: ServiceType = "ClusterIP"
    path: PathPrefix | None = None

    @field_validator("name", "namespace")
    @classmethod
    def _not_reserved(cls, name: str | None) -> str | None:
        if name in RESERVED_NAMESPACES:
            raise ValueError(f"must be another one than {', '.join(sorted(RESERVED_NAMESPACES))}")
        return name

    @field_validator("generated_secrets")
    @classmethod
    def _one_source(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"must have {name} once")
            if name in info.data.get("environment", {}):
                raise ValueError(f"must not have {name}, which is in environment too")
        return names

    @property
    def args(self) -> WebAppArgs:
        settings = self.model_dump(exclude={"name"}, exclude_none=True)
        return cast("WebAppArgs", {"namespace": self.name} | settings)
