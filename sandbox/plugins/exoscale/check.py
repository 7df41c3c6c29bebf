"""Validation and defaults, as in the bridged provider's `Check`.

Source: pulumi/pulumi-terraform-bridge 3.116, `pkg/tfbridge/{schema,check_failures}.go`, and
hashicorp/terraform-plugin-sdk v2, `helper/schema/schema.go`, for rules and wording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sandbox.plugins.exoscale.fields import DEFAULTS_KEY, Field, by_name, terraform_name
from sandbox.plugins.property_diff import join
from sandbox.plugins.wire import has_unknown

Autoname = Callable[[], str]
OBJECTS: Final = ("object", "objects", "object map")


class Invalid(ValueError):
    """A value that is not valid for its property."""


def failures(
    fields: Iterable[Field],
    news: Mapping[str, Any],
    resource: str,
    more: Iterable[tuple[str, str]] = (),
) -> list[str]:
    """Returns the errors in a resource's inputs: sentences that contain the property.

    Args:
        fields: the resource's properties.
        news: its plain inputs, which may contain `UNKNOWN`.
        resource: its logical name.
        more: paths and reasons of additional errors.
    """
    return [
        f"{reason}. Examine values at '{resource}.{path}'."
        for path, reason in (*_problems(tuple(fields), news, "", ""), *more)
    ]


def _problems(
    fields: tuple[Field, ...], news: Mapping[str, Any], path: str, prefix: str
) -> list[tuple[str, str]]:
    known = by_name(fields)
    found = [
        (join(path, key), "Invalid or unknown key")
        for key in news
        if key not in known and key != DEFAULTS_KEY
    ]
    for field in fields:
        here, name = join(path, field.name), prefix + field.terraform_name
        value = news.get(field.name)
        if value is None:
            if field.required:
                reason = f'The argument "{name}" is required, but no definition was found.'
                found.append((here, f"Missing required argument. {reason}"))
        elif not field.configurable:
            reason = (
                f'Can\'t configure a value for "{name}": its value will be decided automatically '
                "based on the result of applying this configuration."
            )
            found.append((here, f"Value for unconfigurable attribute. {reason}"))
        elif has_unknown(value) and field.type not in OBJECTS:
            continue
        elif conflict := _conflict(field, news):
            found.append((here, f"Conflicting configuration arguments. {conflict}"))
        else:
            found.extend(_value_problems(field, value, here, name))
    return found


def _conflict(field: Field, news: Mapping[str, Any]) -> str | None:
    for other in field.conflicts:
        if news.get(other) is not None and not has_unknown(news[other]):
            return f'"{field.terraform_name}": conflicts with {terraform_name(other)}'
    return None


def _value_problems(field: Field, value: Any, path: str, name: str) -> list[tuple[str, str]]:
    if field.type in OBJECTS:
        return _object_problems(field, value, path, name)
    try:
        typed = coerce(field, value)
    except Invalid as error:
        return [(path, str(error))]
    if field.check is None:
        return []
    items = [(name, typed)]
    if field.type == "set":
        items = [(f"{name}.{index}", item) for index, item in enumerate(typed)]
    checked = [field.check(where, item) for where, item in items]
    return [(path, reason) for reason in checked if reason]


def _object_problems(field: Field, value: Any, path: str, name: str) -> list[tuple[str, str]]:
    if field.type == "object":
        if isinstance(value, Mapping):
            return _problems(field.fields, value, path, f"{name}.0.")
        return [(path, "Attribute must be a map")] if not has_unknown(value) else []
    if field.type == "object map":
        if not isinstance(value, Mapping):
            return [(path, "Attribute must be a map")] if not has_unknown(value) else []
        return [
            problem
            for key, item in value.items()
            if key != DEFAULTS_KEY and isinstance(item, Mapping)
            for problem in _problems(field.fields, item, join(path, key), f"{name}.{key}.")
        ]
    if not isinstance(value, list):
        return [(path, "Attribute must be a list")] if not has_unknown(value) else []
    return [
        (path, reason)
        for index, item in enumerate(value)
        if isinstance(item, Mapping)
        for _, reason in _problems(field.fields, item, path, f"{name}.{index}.")
    ]


def with_defaults(
    fields: Iterable[Field],
    olds: Mapping[str, Any],
    news: Mapping[str, Any],
    autoname: Autoname,
) -> dict[str, Any]:
    """Returns the inputs, converted to their types, with defaults and an automatic name.

    Defaults and names that are in use are kept. `__defaults` lists the properties with a default,
    so that a later run can distinguish an automatic name from a given one.
    """
    inputs: dict[str, Any] = {}
    defaulted: list[str] = []
    old_defaults = olds.get(DEFAULTS_KEY)
    for field in fields:
        value = news.get(field.name)
        if value is not None:
            inputs[field.name] = _typed(field, olds.get(field.name), value, autoname)
            continue
        if field.default is None and not field.autonamed:
            continue
        old = olds.get(field.name)
        if old is not None and (
            field.autonamed or old_defaults is None or field.name in old_defaults
        ):
            inputs[field.name] = old
        else:
            inputs[field.name] = autoname() if field.autonamed else field.default
        defaulted.append(field.name)
    return {**inputs, DEFAULTS_KEY: sorted(defaulted)}


def _typed(field: Field, old: Any, value: Any, autoname: Autoname) -> Any:
    if field.type == "object" and isinstance(value, Mapping):
        olds = old if isinstance(old, Mapping) else {}
        return with_defaults(field.fields, olds, value, autoname)
    if field.type == "objects" and isinstance(value, list):
        return [
            with_defaults(field.fields, {}, item, autoname) if isinstance(item, Mapping) else item
            for item in value
        ]
    if field.type == "object map" and isinstance(value, Mapping):
        return {
            key: with_defaults(field.fields, {}, item, autoname)
            if isinstance(item, Mapping)
            else item
            for key, item in value.items()
            if key != DEFAULTS_KEY
        }
    return value if has_unknown(value) else coerce(field, value)


def coerce(field: Field, value: Any) -> Any:
    """Returns the value, converted to its property's type as Terraform converts primitive types.

    Raises:
        Invalid: if it can't be converted.
    """
    if field.type in ("list", "set"):
        items = value if isinstance(value, list) else [value]
        return [_scalar("string", item) for item in items]
    if field.type == "map":
        if not isinstance(value, Mapping):
            raise Invalid("Attribute must be a map")
        return {key: _scalar("string", item) for key, item in value.items() if key != DEFAULTS_KEY}
    return _scalar(field.type, value)


def _scalar(type: str, value: Any) -> Any:
    if isinstance(value, list):
        raise Invalid("Attribute must be a single value, not a list")
    if isinstance(value, Mapping):
        raise Invalid("Attribute must be a single value, not a map")
    if type == "string":
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)
    if type == "boolean":
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        raise Invalid(_unparsed("bool", "ParseBool", value))
    if isinstance(value, bool):
        kind = "a whole number" if type == "integer" else "a number"
        raise Invalid(f"Attribute must be {kind}, got {str(value).lower()}")
    try:
        number = float(value)
    except ValueError:
        raise Invalid(_unparsed("float", "ParseFloat", value)) from None
    return int(number) if type == "integer" else number


def _unparsed(type: str, parser: str, value: Any) -> str:
    return f"cannot parse '' as {type}: strconv.{parser}: parsing \"{value}\": invalid syntax"
