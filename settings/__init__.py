"""The stack's settings: the only reader of configuration.

Everything is checked before the first resource is declared, and every mistake in the stack's file
is reported at once. The keys are described in `Pulumi.yaml`.
"""

from __future__ import annotations

import json
from typing import Any, Self

import pulumi
from pydantic import Field, ValidationError

from settings.app import AppSettings
from settings.cluster import ClusterSettings
from settings.errors import explain, repeated
from settings.ingress import IngressSettings
from settings.types import SettingsModel


class Settings(SettingsModel):
    """All settings of one stack."""

    cluster: ClusterSettings
    ingress: IngressSettings = Field(default_factory=IngressSettings)
    apps: tuple[AppSettings, ...] = ()

    @classmethod
    def load(cls) -> Self:
        """Read and check the stack's configuration.

        Raises:
            pulumi.RunError: naming every wrong key, its value and what is allowed.
        """
        values = _configuration(pulumi.get_project())
        problems = repeated(values)
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            problems = explain(error, cls) + problems
        if problems:
            raise pulumi.RunError(
                f"wrong settings in Pulumi.{pulumi.get_stack()}.yaml, nothing was changed:\n"
                + "\n".join(f"  {problem}" for problem in problems)
            )
        return settings


def _configuration(project: str) -> dict[str, Any]:
    """The project's own keys as plain values; an object's JSON is parsed."""
    everything = pulumi.runtime.config.CONFIG.get() or pulumi.runtime.config.get_config_env()
    prefix = f"{project}:"
    return {
        key.removeprefix(prefix): _parse(value)
        for key, value in everything.items()
        if key.startswith(prefix)
    }


def _parse(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
