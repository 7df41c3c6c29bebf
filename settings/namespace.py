"""The settings of a namespace, which one application has for itself or several share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

from pydantic import Field, StrictInt, field_validator

from settings.ingress import INGRESS_NAMESPACE
from settings.resources import Amounts, ResourcesSettings
from settings.types import DnsLabel, SettingsModel

if TYPE_CHECKING:
    from components.app_namespace import AppNamespaceArgs

RESERVED_NAMESPACES = frozenset(
    {"default", "kube-system", "kube-public", "kube-node-lease", INGRESS_NAMESPACE}
)


def not_reserved(name: str | None) -> str | None:
    if name in RESERVED_NAMESPACES:
        raise ValueError(f"must be another one than {', '.join(sorted(RESERVED_NAMESPACES))}")
    return name


class QuotaSettings(SettingsModel):
    """What all pods of the namespace may have together."""

    requests: Amounts = Field(default_factory=Amounts)
    limits: Amounts = Field(default_factory=Amounts)
    pods: Annotated[StrictInt, Field(ge=0)] | None = None


class NamespaceSettings(SettingsModel):
    """One namespace. `defaults` are the resources of containers that say nothing about theirs."""

    name: DnsLabel
    pod_security: Literal["restricted", "baseline", "privileged"] = "restricted"
    quota: QuotaSettings | None = None
    defaults: ResourcesSettings | None = None

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str | None:
        return not_reserved(name)

    @property
    def args(self) -> AppNamespaceArgs:
        settings = self.model_dump(exclude={"name"}, exclude_none=True)
        return cast("AppNamespaceArgs", settings)
