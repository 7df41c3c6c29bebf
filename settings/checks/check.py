"""All checks, each of the settings that it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from settings.app import AppSettings
from settings.apps.availability import AutoscalerSettings
from settings.apps.rollout import RolloutSettings
from settings.checks import app_checks, ingress_checks, rollout_checks, stack_checks
from settings.errors import line
from settings.ingress import IngressSettings
from settings.mistakes import Mistake, Place
from settings.stack import Settings
from settings.types import SettingsModel, by_key

CHECKS: tuple[tuple[type[SettingsModel], Callable[[Any], Iterable[Mistake]]], ...] = (
    (RolloutSettings, rollout_checks.rollout_mistakes),
    (AutoscalerSettings, rollout_checks.autoscaler_mistakes),
    (AppSettings, app_checks.mistakes),
    (IngressSettings, ingress_checks.traefik_mistakes),
    (Settings, stack_checks.mistakes),
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
    """Those of settings at a place, and of all settings within them."""
    for key, value in _items(settings):
        if isinstance(value, SettingsModel):
            yield from mistakes(value, (*place, *key))
    for model, find in CHECKS:
        if isinstance(settings, model):
            for mistake in find(settings):
                yield mistake._replace(location=(*place, *mistake.location))


def _items(settings: SettingsModel) -> Iterator[tuple[Place, Any]]:
    """What is in the fields, and in lists in them."""
    for key, (_, value) in zip(by_key(type(settings)), settings, strict=True):
        yield (key,), value
        if isinstance(value, tuple):
            yield from (((key, index), item) for index, item in enumerate(value))
