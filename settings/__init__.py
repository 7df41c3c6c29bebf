"""The stack's settings: the only reader of configuration.

Everything is checked before the first resource is declared, and every mistake in the stack's file
is reported at once. The keys are described in `Pulumi.yaml`.
"""

from __future__ import annotations

import json
from typing import Any, Self

import pulumi
from pydantic import StrictBool, ValidationError, model_validator

from settings.app import AppSettings
from settings.checks import stack_checks
from settings.checks.routes import conflicts
from settings.cluster import ClusterSettings
from settings.errors import explain, one_cluster, repeated, unencrypted
from settings.existing_cluster import ExistingClusterSettings
from settings.ingress import IngressSettings
from settings.mistakes import refuse
from settings.namespace import NamespaceSettings
from settings.types import SettingsModel

LEFT_OUT_IF_EMPTY = ("cluster", "existingCluster", "ingress")
"""Keys that a stack need not have; a default in `Pulumi.yaml` can't be less than `{}`."""


class Settings(SettingsModel):
    """All settings of one stack."""

    cluster: ClusterSettings | None = None
    existing_cluster: ExistingClusterSettings | None = None
    ingress: IngressSettings | None = None
    production: StrictBool = False
    namespaces: tuple[NamespaceSettings, ...] = ()
    apps: tuple[AppSettings, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(stack_checks.mistakes(self))
        return self

    @classmethod
    def load(cls) -> Self:
        """Read and check the stack's configuration.

        Raises:
            pulumi.RunError: naming every wrong key, its value and what is allowed.
        """
        values = {
            key: value
            for key, value in _configuration(pulumi.get_project()).items()
            if value != {} or key not in LEFT_OUT_IF_EMPTY
        }
        secret = {key for key in values if _is_secret(key)}
        problems = one_cluster(values) + unencrypted(values, secret) + repeated(values, secret)
        problems += conflicts(values.get("apps"))
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            problems = explain(error, cls, secret) + problems
        if problems:
            raise pulumi.RunError(
                f"wrong settings in Pulumi.{pulumi.get_stack()}.yaml, nothing was changed:\n"
                + "\n".join(f"  {problem}" for problem in problems)
            )
        return settings

    @property
    def app_namespaces(self) -> tuple[NamespaceSettings, ...]:
        """Those that are listed, and those that applications name and nobody lists."""
        listed = {namespace.name for namespace in self.namespaces}
        named = dict.fromkeys(app.namespace_name for app in self.apps)
        others = (NamespaceSettings(name=name) for name in named if name not in listed)
        return (*self.namespaces, *others)

    @property
    def warnings(self) -> list[str]:
        """What is allowed, and yet seldom meant."""
        return list(stack_checks.warnings(self))

    @property
    def controller(self) -> IngressSettings | None:
        """The ingress controller's settings, if it is asked for or an application needs it."""
        needed = any(app.is_served for app in self.apps)
        return self.ingress or (IngressSettings() if needed else None)


def _configuration(project: str) -> dict[str, Any]:
    """The project's own keys as plain values; an object's JSON is parsed."""
    everything = pulumi.runtime.config.CONFIG.get() or pulumi.runtime.config.get_config_env()
    prefix = f"{project}:"
    return {
        key.removeprefix(prefix): _parse(value)
        for key, value in everything.items()
        if key.startswith(prefix)
    }


def _is_secret(key: str) -> bool:
    """Whether the key's value, or anything in it, is encrypted in the stack's file."""
    full = f"{pulumi.get_project()}:{key}"
    return bool(pulumi.runtime.config.is_config_secret(full))


def _parse(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
