"""The bridge's behavior for resources of Terraform's plugin framework: Dbaas, IamApiKey, IamRole.

The other resources use Terraform's SDK. The differences are:

- Defaults are not written into the inputs.
- A diff contains only properties, not paths.
- A replacement is created before the original is deleted.
- An update makes computed properties unknown.
- Errors have a title in place of a frame.

Source: pulumi/pulumi-terraform-bridge 3.116, `pkg/pf/tfbridge`;
hashicorp/terraform-plugin-framework 1.16, `internal/fwserver/server_planresourcechange.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import zip_longest
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins import property_diff
from sandbox.plugins.exoscale import api
from sandbox.plugins.exoscale.fields import Field, by_name, without_defaults_key
from sandbox.plugins.rpc import ProviderError
from sandbox.plugins.wire import UNKNOWN, Unknown, has_unknown


class TitledError(ProviderError):
    """An error with a title, which is shown unchanged."""


@contextmanager
def titled(title: str) -> Iterator[None]:
    """Puts a title before the API's errors, such as `Unable to create IAM Role`.

    Raises:
        TitledError: in place of the API's errors.
    """
    try:
        yield
    except TitledError:
        raise
    except Exception as error:
        if not isinstance(error, api.api_errors()):
            raise
        raise TitledError(f"{title}: {api.describe(error)}") from error


def client_errors(doing: str) -> AbstractContextManager[None]:
    """Adds the failed action to the API's errors, such as `Unable to ..., got error`.

    Raises:
        TitledError: in place of the API's errors.
    """
    return titled(f"Client Error: {doing}")


def inputs(checked: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the checked inputs without defaults, except an automatic name."""
    defaulted = [name for name in checked["__defaults"] if name != "name"]
    given = {key: value for key, value in checked.items() if key not in defaulted}
    plain: dict[str, Any] = without_defaults_key(given)
    return plain


def with_defaults(fields: tuple[Field, ...], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inputs with defaults, as Terraform plans them."""
    defaults = {field.name: field.default for field in fields if field.default is not None}
    return {**defaults, **inputs}


def diff(
    fields: tuple[Field, ...],
    state: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    settled_id: bool,
) -> provider_pb2.DiffResponse:
    """Returns a diff that contains only properties: those that change or may change."""
    response = provider_pb2.DiffResponse
    found = changed(fields, state, planned(fields, state, inputs))
    if not found:
        return response(changes=response.DIFF_NONE)
    if not settled_id:
        found.add("id")
    forcing = {field.name for field in fields if field.force_new}
    return response(
        changes=response.DIFF_SOME, replaces=sorted(found & forcing), diffs=sorted(found)
    )


def planned(
    fields: tuple[Field, ...], state: Mapping[str, Any] | None, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the planned outputs, which are unknown if only the API knows them.

    In an update that changes something, these are the `unsettled` properties that are not given.
    In objects, computed properties that are not given are unknown in creations and updates.

    Args:
        fields: the resource's properties.
        state: the current outputs, None for a creation.
        inputs: the inputs with defaults.
    """
    before = state or {}
    result = _proposed(fields, before, inputs)
    if state is None or changed(fields, state, result):
        kept = () if state is None else [field.name for field in fields if not field.unsettled]
        result |= _unknowns(fields, inputs, result, {name for name in kept if name in before})
    return {"id": before.get("id", UNKNOWN), **result}


def changed(
    fields: tuple[Field, ...], state: Mapping[str, Any], news: Mapping[str, Any]
) -> set[str]:
    """Returns the properties in which `news` differs from the state, or is unknown."""
    return {
        field.name
        for field in fields
        if property_diff.diff(
            _comparable(field, state.get(field.name)), _comparable(field, news.get(field.name))
        )
    }


def _proposed(
    fields: tuple[Field, ...], state: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the inputs, and the state's values of computed properties that are not given."""
    result = {}
    for field in fields:
        old, new = state.get(field.name), inputs.get(field.name)
        if new is not None and field.configurable:
            result[field.name] = _each(field, new, old, partial(_proposed, field.fields))
        elif field.computed and old is not None:
            result[field.name] = old
    return result


def _unknowns(
    fields: tuple[Field, ...],
    inputs: Mapping[str, Any],
    plan: Mapping[str, Any],
    kept: Collection[str] = (),
) -> dict[str, Any]:
    """Returns the plan, with UNKNOWN for computed properties that are neither given nor kept."""
    result = dict(plan)
    for field in fields:
        new = inputs.get(field.name)
        if new is not None:
            result[field.name] = _each(
                field, plan[field.name], new, partial(_unknowns, field.fields)
            )
        elif field.computed and field.name not in kept:
            result[field.name] = UNKNOWN
    return result


def _each(
    field: Field,
    value: Any,
    other: Any,
    change: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]],
) -> Any:
    """Returns the value with each of its objects replaced by `change(same object in other, it)`."""

    def one(item: Any, beside: Any) -> Any:
        if not isinstance(item, Mapping):
            return item
        return change(beside if isinstance(beside, Mapping) else {}, item)

    if field.type == "object":
        return one(value, other)
    if field.type == "objects" and isinstance(value, list):
        items = other[: len(value)] if isinstance(other, list) else []
        return [one(item, beside) for item, beside in zip_longest(value, items)]
    if field.type == "object map" and isinstance(value, Mapping):
        known = other if isinstance(other, Mapping) else {}
        return {key: one(item, known.get(key)) for key, item in value.items()}
    return value


def _comparable(field: Field, value: Any) -> Any:
    """Returns the value with its sets sorted and without its unknown keys."""
    if field.type == "set" and isinstance(value, list) and not has_unknown(value):
        return sorted(value)
    parts = by_name(field.fields)

    def sorted_parts(_: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
        return {key: _comparable(parts[key], each) for key, each in item.items() if key in parts}

    return _each(field, value, None, sorted_parts) if field.fields else value


def imported_inputs(fields: tuple[Field, ...], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inputs for an existing object: all properties that can be given, if not empty."""
    return {
        field.name: without_empty(outputs[field.name])
        for field in fields
        if field.configurable and outputs.get(field.name) not in (None, [], {})
    }


def refreshed_inputs(olds: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the old inputs with the API's current values."""
    return {
        key: outputs[key] if outputs[key] == old else without_empty(outputs[key])
        for key, old in olds.items()
        if key in outputs
    }


def without_empty(value: Any) -> Any:
    """Returns a value without the empty lists and objects in it, and without what is null."""
    if isinstance(value, Mapping):
        return {
            key: without_empty(item) for key, item in value.items() if item not in (None, [], {})
        }
    return [without_empty(item) for item in value] if isinstance(value, list) else value


def type_problems(
    fields: tuple[Field, ...], news: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, str]]:
    """Yields the paths of values of another type, which are not converted, and the reasons."""
    for field in fields:
        value, here = news.get(field.name), property_diff.join(path, field.name)
        if value is None or isinstance(value, Unknown):
            continue
        type_, name = _TYPES[field.type]
        if not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool):
            yield here, f"Expected {name}"
        elif field.type == "object":
            yield from type_problems(field.fields, value, here)
        elif field.type == "object map":
            for key, item in value.items():
                if isinstance(item, Mapping):
                    inner = property_diff.join(here, key)
                    yield from type_problems(field.fields, item, inner)


_TYPES: Final[Mapping[str, tuple[Any, str]]] = {
    "string": (str, "a String"),
    "boolean": (bool, "a Boolean"),
    "integer": (int, "a Number"),
    "number": ((int, float), "a Number"),
    "list": (list, "an Array"),
    "set": (list, "an Array"),
    "objects": (list, "an Array"),
    "map": (Mapping, "an Object"),
    "object": (Mapping, "an Object"),
    "object map": (Mapping, "an Object"),
}
