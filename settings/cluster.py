"""The cluster's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

from pydantic import BeforeValidator, Field, StrictInt, ValidationInfo, field_validator

from settings.nodepool import NodepoolSettings
from settings.types import Network, SettingsModel, Version, Zone, not_empty

if TYPE_CHECKING:
    from components.sks_cluster import SksClusterArgs


class KubeconfigSettings(SettingsModel):
    """Lifetime of the program's own credentials, in seconds."""

    ttl_seconds: StrictInt = Field(default=30 * 24 * 3600, ge=60)
    early_renewal_seconds: StrictInt = Field(default=7 * 24 * 3600, ge=0)

    @field_validator("early_renewal_seconds")
    @classmethod
    def _within_lifetime(cls, seconds: int, info: ValidationInfo) -> int:
        lifetime = info.data.get("ttl_seconds")
        if lifetime is not None and seconds >= lifetime:
            raise ValueError(f"must be less than ttlSeconds, {lifetime}")
        return seconds


class ClusterSettings(SettingsModel):
    """The SKS cluster."""

    zone: Zone
    version: Version
    level: Literal["starter", "pro"] = "starter"
    cni: Literal["calico", "cilium"] = "calico"
    node_port_sources: tuple[Network, ...] = ()
    nodepools: Annotated[tuple[NodepoolSettings, ...], BeforeValidator(not_empty)]
    kubeconfig: KubeconfigSettings = Field(default_factory=KubeconfigSettings)

    @property
    def args(self) -> SksClusterArgs:
        return cast("SksClusterArgs", self.model_dump())
