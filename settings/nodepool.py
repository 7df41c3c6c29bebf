"""A nodepool's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool, StrictInt, ValidationInfo, field_validator

from settings.types import (
    Description,
    DnsLabel,
    Duration,
    Identifier,
    InstanceType,
    LabelKey,
    LabelValue,
    SettingsModel,
    Taint,
    matches,
)

InstancePrefix = Annotated[
    str,
    Field(strict=True, max_length=30),
    matches(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", "lower-case letters, digits and dashes between them"),
]
Percent = Annotated[StrictInt, Field(ge=1, le=100)]


class ImageGarbageCollectionSettings(SettingsModel):
    """When a kubelet removes unused images: disk use in percent, and the images' least age."""

    low_threshold: Percent = 80
    high_threshold: Percent = 85
    min_age: Duration = "2m"

    @field_validator("high_threshold")
    @classmethod
    def _above_low(cls, high: int, info: ValidationInfo) -> int:
        low = info.data.get("low_threshold")
        if low is not None and high <= low:
            raise ValueError(f"must be more than lowThreshold, {low}")
        return high


class NodepoolSettings(SettingsModel):
    """One nodepool: `size` nodes of one instance type, with `disk_size` GiB each."""

    name: DnsLabel
    instance_type: InstanceType
    size: StrictInt = Field(ge=1)
    disk_size: StrictInt = Field(default=50, ge=20, le=51200)
    description: Description = ""
    instance_prefix: InstancePrefix = "pool"
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    taints: dict[LabelKey, Taint] = Field(default_factory=dict)
    anti_affinity: StrictBool = True
    anti_affinity_groups: tuple[Identifier, ...] = Field(default=(), max_length=7)
    security_groups: tuple[Identifier, ...] = Field(default=(), max_length=15)
    private_networks: tuple[Identifier, ...] = Field(default=(), max_length=16)
    deploy_target: Identifier | None = None
    local_storage: StrictBool = False
    ipv6: StrictBool = False
    image_garbage_collection: ImageGarbageCollectionSettings | None = None
    replace_on_upgrade: StrictBool = True

    @property
    def repels(self) -> bool:
        """Whether pods without a toleration can't run here."""
        return any(taint.endswith((":NoSchedule", ":NoExecute")) for taint in self.taints.values())
