"""The settings of taints that an application's pods do not mind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from settings.types import LabelKey, LabelValue, SettingsModel


class TolerationSettings(SettingsModel):
    """Taints of nodes that pods may be on all the same."""

    key: LabelKey | None = Field(default=None, examples=["gpu"])
    """The taint's key. Without it: any taint."""
    value: LabelValue | None = Field(default=None, examples=["a40"])
    """The taint's value. Without it: any."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The taint's effect. Without it: any."""
    seconds: Annotated[StrictInt, Field(ge=0, examples=[60])] | None = None
    """Of NoExecute: how long a pod stays on a node that gets the taint. Without it: for ever."""
