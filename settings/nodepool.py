"""A nodepool's settings."""

from __future__ import annotations

from pydantic import Field, StrictInt

from settings.types import DnsLabel, InstanceType, SettingsModel


class NodepoolSettings(SettingsModel):
    """One nodepool: `size` nodes of one instance type, with `disk_size` GiB each."""

    name: DnsLabel
    instance_type: InstanceType
    size: StrictInt = Field(ge=1)
    disk_size: StrictInt = Field(default=50, ge=20, le=51200)
