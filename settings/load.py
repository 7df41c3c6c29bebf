"""Reads the stack's file: the only reader of configuration.

Everything is checked before the first resource is declared, and every mistake in the file is
reported at once. The keys are described in `docs/configuration.md`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import pulumi
import yaml
from pydantic import TypeAdapter, ValidationError

from settings.checks.check import mistakes
from settings.checks.file_checks import misplaced, one_cluster, repeated, unencrypted
from settings.checks.routes import conflicts
from settings.checks.shown_name_checks import refused_names
from settings.checks.stack_checks import warnings
from settings.checks.unquoted import unquoted
from settings.encrypted import encrypted
from settings.errors import explain, is_mapping, line, model_in
from settings.mistakes import Mistake, Place
from settings.stack import Settings
from settings.stack_file import are_the_files, configuration, in_written_order
from settings.types import SettingsModel, by_key

_Model = TypeVar("_Model", bound=SettingsModel)

LEFT_OUT_IF_EMPTY = ("cluster", "existingCluster", "ingress")
"""Keys that a stack need not have; a default in `Pulumi.yaml` can't be less than `{}`."""

ONLY_BY_TYPE = "only what docs/configuration.md calls secret is kept secret"


def load() -> Settings:
    """Read and check the stack's configuration.

    Raises:
        pulumi.RunError: naming every wrong key, its value and what is allowed.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    file = f"Pulumi.{stack}.yaml"
    in_file, given = _in_file(Path(file), project), _configuration(project)
    values = {
        key: in_written_order(value, in_file.get(key))
        for key, value in given.items()
        if value != {} or key not in LEFT_OUT_IF_EMPTY
    }
    secret = [key for key in values if pulumi.runtime.config.is_config_secret(f"{project}:{key}")]
    hidden = encrypted(in_file, values, secret)
    settings, problems = None, []
    try:
        settings = _model(Settings, values)
        found = mistakes(settings)
    except ValidationError as error:
        problems = explain(error, Settings, secret)
        found = _in_wrong(Settings, values)
    problems += [line(*mistake, secret) for mistake in found]
    problems += unquoted(values, in_file, secret)
    problems += one_cluster(values) + unencrypted(values, hidden) + misplaced(values, hidden)
    problems += repeated(values, secret) + conflicts(values.get("apps"))
    problems += refused_names(project, stack, values)
    if settings and settings.production:
        problems += warnings(settings)
    if settings is None or problems:
        where = f"in {file}" if are_the_files(given, in_file) else f"of the stack {stack}"
        raise pulumi.RunError(
            f"wrong settings {where}, nothing was changed:\n"
            + "\n".join(f"  {problem}" for problem in problems)
        )
    for key, places in hidden.places.items():
        if places is None:
            pulumi.warn(f"{key}: {file} does not show what in it is encrypted: {ONLY_BY_TYPE}")
    return settings


def _in_file(file: Path, project: str) -> dict[str, Any]:
    """What the stack's file says; nothing if it can't be read.

    The settings may be from elsewhere, such as another file (`--config-file`): then this one may be
    anything. If they are this one's, Pulumi has read it.
    """
    try:
        return configuration(file, project)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}


def _model(model: type[_Model], values: Any) -> _Model:
    """Settings as the file has them: no key by its name in Python."""
    return model.model_validate(values, by_alias=True, by_name=False)


def _in_wrong(model: type[SettingsModel], values: Any, place: Place = ()) -> Iterator[Mistake]:
    """The mistakes in what is right by itself, within settings that are not."""
    if isinstance(values, list):
        for index, item in enumerate(values):
            yield from _in_wrong(model, item, (*place, index))
    if not isinstance(values, Mapping):
        return
    try:
        found = _model(model, values)
    except ValidationError as error:
        wrong = {str(detail["loc"][0]) for detail in error.errors()}
        found = _without(model, values, wrong)
        for key, field in by_key(model).items():
            part = model_in(field.annotation)
            if part and key in wrong & values.keys():
                for name, item in _by_name(field.annotation, values[key]):
                    yield from _in_wrong(part, item, (*place, key, *name))
    yield from mistakes(found, place)


def _by_name(annotation: Any, value: Any) -> Iterable[tuple[Place, Any]]:
    """The items of a mapping from the user's names to settings; anything else as it is."""
    if is_mapping(annotation) and isinstance(value, Mapping):
        return (((name,), item) for name, item in value.items())
    return (((), value),)


def _without(model: type[_Model], values: Mapping[str, Any], wrong: Collection[str]) -> _Model:
    """Settings whose wrong fields are not there."""
    right = {}
    for name, field in model.model_fields.items():
        key = str(field.validation_alias)
        if key in values and key not in wrong:
            one = _field(model, name)
            right[name] = one.validate_python(values[key], by_alias=True, by_name=False)
    found = model.model_construct(set(right), **right)
    for name, field in model.model_fields.items():
        if field.validation_alias in wrong:
            found.__dict__.pop(name, None)
    return found


@cache
def _field(model: type[SettingsModel], name: str) -> TypeAdapter[Any]:
    """What is right for a field by itself."""
    field = model.model_fields[name]
    return TypeAdapter(Annotated[field.annotation, None, *field.metadata])  # type: ignore[arg-type]


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
