"""All rules, each of the settings that it is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from settings.checks import (
    annotation_checks,
    app_checks,
    cluster_checks,
    collision_checks,
    database_checks,
    ingress_checks,
    load_balancer_checks,
    network_checks,
    pod_checks,
    quota_checks,
    reach_checks,
    route_checks,
    security_checks,
    size_checks,
    stack_checks,
)
from settings.errors import line
from settings.mistakes import Mistake, Place, Rule
from settings.types import SettingsModel

RULES: tuple[Rule, ...] = (
    *cluster_checks.RULES,
    *pod_checks.RULES,
    *load_balancer_checks.RULES,
    *route_checks.RULES,
    *database_checks.RULES,
    *app_checks.RULES,
    *network_checks.RULES,
    *reach_checks.RULES,
    *ingress_checks.RULES,
    *annotation_checks.RULES,
    *security_checks.RULES,
    *quota_checks.RULES,
    *size_checks.RULES,
    *stack_checks.RULES,
    *collision_checks.RULES,
)


class WrongSettings(ValueError):
    """Settings that can't be: one line for each mistake."""


def check(settings: SettingsModel) -> None:
    """Check settings that were made in Python as those of a stack's file are.

    Raises:
        WrongSettings: naming every wrong key, its value and what is allowed.
    """
    lines = [line(*mistake) for mistake in mistakes(settings)]
    if lines:
        raise WrongSettings("\n".join(lines))


def mistakes(settings: SettingsModel, place: Place = ()) -> Iterator[Mistake]:
    """Those of settings at a place, and of all settings within them.

    Fields may be missing, for they are wrong: a rule that looks at one of them tells nothing.
    """
    for key, value in _items(settings):
        if isinstance(value, SettingsModel):
            yield from mistakes(value, (*place, *key))
    complete = settings.__dict__.keys() == type(settings).model_fields.keys()
    for model, rule in RULES:
        if isinstance(settings, model):
            try:
                found = list(rule(settings))
            except AttributeError:
                if complete:
                    raise
                continue
            for mistake in found:
                yield mistake._replace(location=(*place, *mistake.location))


def _items(settings: SettingsModel) -> Iterator[tuple[Place, Any]]:
    """What is in the fields, and in lists and mappings in them."""
    for name, field in type(settings).model_fields.items():
        key, value = str(field.validation_alias), settings.__dict__.get(name)
        yield (key,), value
        if isinstance(value, tuple):
            yield from (((key, index), item) for index, item in enumerate(value))
        elif isinstance(value, dict):
            yield from (((key, name), item) for name, item in value.items())
