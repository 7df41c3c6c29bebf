"""Plans changes as Terraform does: new inputs are compared with the state, not with the old inputs.

Therefore each run shows an update of a field that the official provider ignores on updates. After a
refresh, drift is shown as the change that reverts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.plugins import property_diff, rpc
from sandbox.plugins.exoscale.fields import (
    DEFAULTS_KEY,
    Field,
    by_name,
    is_empty,
    without_defaults_key,
)
from sandbox.plugins.property_diff import Kind, join
from sandbox.plugins.wire import UNKNOWN, Secret, Unknown, has_unknown


def changes(
    fields: Iterable[Field], state: Mapping[str, Any], news: Mapping[str, Any], path: str = ""
) -> dict[str, Kind]:
    """Maps each property path that an update would change to the kind of change.

    Args:
        fields: the resource's properties.
        state: its plain outputs.
        news: its plain checked inputs, which may contain `UNKNOWN`.
        path: the path of the object that contains the fields.
    """
    found: dict[str, Kind] = {}
    for field in fields:
        old, new = state.get(field.name), news.get(field.name)
        here = join(path, field.name)
        if not field.configurable:
            continue
        if field.type == "map" and isinstance(old, Mapping) and not isinstance(new, Unknown):
            found.update(property_diff.diff(old, new or {}, here))
        elif _is_unset(field, new) or (is_empty(old) and is_empty(new)):
            if not field.computed and not is_empty(old):
                found[here] = "delete" if new in (None, [], {}) else "update"
        elif old in (None, [], {}):
            found[here] = "add"
        else:
            found.update(_value_changes(field, old, new, here))
    return found


def told_maps(
    fields: Iterable[Field], state: Mapping[str, Any], news: Mapping[str, Any]
) -> dict[str, Kind]:
    """Returns the maps in objects that are null in the state, and that any other change adds.

    A map in an object that is not given at the creation is null until a refresh or an update.
    """
    return {
        join(field.name, part.name): "add"
        for field in fields
        if field.type == "object" and isinstance(state.get(field.name), Mapping)
        for part in field.fields
        if part.type == "map"
        and state[field.name].get(part.name, "") is None
        and not (news.get(field.name) or {}).get(part.name)
    }


def _is_unset(field: Field, value: Any) -> bool:
    """Returns whether a value is not given. For a computed field, a zero value is given."""
    return value in (None, "", [], {}) if field.computed else is_empty(value)


def _value_changes(field: Field, old: Any, new: Any, path: str) -> dict[str, Kind]:
    if field.type == "set" and isinstance(old, list) and isinstance(new, list):
        return _set_changes(old, new, path)
    if field.type == "object" and isinstance(old, Mapping) and isinstance(new, Mapping):
        return changes(field.fields, old, new, path)
    if field.type == "objects" and isinstance(old, list) and isinstance(new, list):
        olds, news = [
            [_without_empty(item) for item in without_defaults_key(items)] for items in (old, new)
        ]
        return property_diff.diff(olds, news, path)
    if field.ignore_case and isinstance(old, str) and isinstance(new, str):
        old, new = old.lower(), new.lower()
    return property_diff.diff(old, new, path)


def _set_changes(old: list[Any], new: list[Any], path: str) -> dict[str, Kind]:
    found: dict[str, Kind] = {
        join(path, index): "delete" for index, item in enumerate(old) if item not in new
    }
    for index, item in enumerate(new):
        if item not in old:
            here = join(path, index)
            found[here] = "update" if here in found else "add"
    return found


def _without_empty(item: Any) -> Any:
    if isinstance(item, Mapping):
        return {key: value for key, value in item.items() if not is_empty(value)}
    return item


def forced_replacements(fields: Iterable[Field], found: Mapping[str, Kind]) -> list[str]:
    """Returns the paths among `found` whose change replaces the resource."""
    forcing = {field.name for field in fields if field.force_new}
    return [path for path in found if rpc.top_level(path) in forcing]


def delete_before_replace(fields: Iterable[Field], news: Mapping[str, Any]) -> bool:
    """Returns whether the original must be deleted first, because the name is given."""
    defaulted = news.get(DEFAULTS_KEY)
    if defaulted is None:
        return False
    return any(
        field.autonamed and field.name in news and field.name not in defaulted for field in fields
    )


def planned_creation(fields: Iterable[Field], news: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the planned outputs of a creation; those that the API sets are `UNKNOWN`."""
    planned: dict[str, Any] = {**_ordered(fields, without_defaults_key(news)), "id": UNKNOWN}
    for field in fields:
        if field.computed and _is_unset(field, planned.get(field.name)):
            planned[field.name] = UNKNOWN
    return planned


def planned_update(
    fields: Iterable[Field], state: Mapping[str, Any], news: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the planned outputs of an update; those that the API sets don't change."""
    planned = dict(state)
    plain = _ordered(fields, without_defaults_key(news))
    for field in fields:
        if not field.configurable:
            continue
        new, old = plain.get(field.name), state.get(field.name)
        if field.ignore_case and isinstance(new, str) and isinstance(old, str):
            new = old if new.lower() == old.lower() else new
        if new is not None and not (field.computed and _is_unset(field, new)):
            planned[field.name] = new
        elif not field.computed:
            planned.pop(field.name, None)
    return planned


def _ordered(fields: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values, each set sorted, as in the official provider's states."""
    sets = {field.name for field in fields if field.type == "set"}
    return {
        key: sorted(value) if key in sets and not has_unknown(value) and value else value
        for key, value in values.items()
    }


def merged(
    fields: Iterable[Field],
    prior: Mapping[str, Any],
    found: Mapping[str, Any],
    *,
    read: bool = False,
    created: bool = False,
) -> dict[str, Any]:
    """Returns the prior outputs, updated with the API's answer.

    After a creation or an update, optional properties that are not given are absent instead of
    empty, and a set is as planned, whatever the API answers (terraform-plugin-sdk,
    `normalizeNullValues`). After a refresh or an import (`read`), they are as in the answer.
    """
    known = by_name(fields)
    outputs = {
        key: value
        for key, value in without_defaults_key(prior).items()
        if key in known and value is not None
    }
    for name, value in found.items():
        absent = value in ([], {}) and name not in outputs and not known[name].computed
        planned = known[name].type == "set" and name in outputs
        if read or not (absent or planned):
            outputs[name] = value
    whole = {name: _whole(known[name], outputs[name], created=created) for name in outputs}
    return _ordered(fields, whole)


def _whole(field: Field, value: Any, *, created: bool) -> Any:
    """Returns an object with all its strings and maps, which are empty if they are not given.

    After the creation, a map that is not given is null.
    """
    if field.type != "object" or not isinstance(value, Mapping):
        return value
    empty: dict[str, Any] = {"string": "", "map": None if created else {}}
    whole = {part.name: empty[part.type] for part in field.fields if part.type in empty}
    return {**whole, **{name: each for name, each in value.items() if each is not None or created}}


def refreshed_inputs(olds: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the old inputs with the API's current values; a changed one is not a default."""
    inputs: dict[str, Any] = {}
    for key, old in olds.items():
        if key == DEFAULTS_KEY or key not in outputs:
            continue
        new = outputs[key]
        nested = isinstance(old, Mapping) and DEFAULTS_KEY in old and isinstance(new, Mapping)
        inputs[key] = refreshed_inputs(old, new) if nested else new
    if DEFAULTS_KEY in olds:
        inputs[DEFAULTS_KEY] = [
            name for name in olds[DEFAULTS_KEY] if name in inputs and inputs[name] == olds[name]
        ]
    return inputs


def imported_inputs(fields: Iterable[Field], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inputs for an existing object: those that are required or not the default.

    The official provider requires names, also those that have an automatic one here.

    Of conflicting properties, only the first by name is included.
    """
    inputs: dict[str, Any] = {}
    for field in sorted(fields, key=lambda field: field.name):
        value = outputs.get(field.name)
        if not field.configurable or value is None or inputs.keys() & set(field.conflicts):
            continue
        if field.required or field.autonamed or not _is_default(field, value):
            inputs[field.name] = _imported(field, value)
    return {**inputs, DEFAULTS_KEY: []}


def _is_default(field: Field, value: Any) -> bool:
    """Returns whether a value is its default; for numbers, whether it is 0.

    The bridge compares integers with floats, so other defaults of numbers are never equal.
    """
    if field.type == "boolean":
        return bool(value) == bool(field.default)
    return is_empty(value) or (field.type == "string" and value == field.default)


def _imported(field: Field, value: Any) -> Any:
    if field.type == "object":
        return imported_inputs(field.fields, value)
    return {**value, DEFAULTS_KEY: []} if field.type == "map" else value


def with_secrets(fields: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values; those that are secret in the schema are wrapped in `Secret`."""
    marked = dict(values)
    for field in fields:
        value = marked.get(field.name)
        if value is None or isinstance(value, Secret):
            continue
        if field.secret:
            marked[field.name] = Secret(value)
        elif field.type == "object" and isinstance(value, Mapping):
            marked[field.name] = with_secrets(field.fields, value)
    return marked
