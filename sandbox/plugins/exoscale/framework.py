"""The bridge's behavior for resources of Terraform's plugin framework, which is only `Dbaas`.

The other resources use Terraform's SDK. The differences are:

- Defaults are not written into the inputs.
- A diff contains only properties, not paths.
- A replacement is created before the original is deleted.
- An update makes computed properties unknown.
- Errors have a title in place of a frame.

Source: pulumi/pulumi-terraform-bridge 3.116, `pkg/pf/tfbridge`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins import rpc
from sandbox.plugins.exoscale import api
from sandbox.plugins.exoscale.fields import Field, without_defaults_key
from sandbox.plugins.exoscale.resource import META
from sandbox.plugins.property_diff import Kind
from sandbox.plugins.rpc import ProviderError
from sandbox.plugins.wire import UNKNOWN


class TitledError(ProviderError):
    """An error with a title, which is shown unchanged."""


@contextmanager
def client_errors(doing: str) -> Iterator[None]:
    """Adds the failed action to the API's errors, such as `Unable to ..., got error`.

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
        raise TitledError(f"Client Error: {doing}: {api.describe(error)}") from error


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


def diff_response(
    fields: tuple[Field, ...], changes: Mapping[str, Kind], replaces: list[str]
) -> provider_pb2.DiffResponse:
    """Returns a diff that contains only properties: those that change or may change."""
    response = provider_pb2.DiffResponse
    if not changes:
        return response(changes=response.DIFF_NONE)
    changed = {rpc.top_level(path) for path in changes}
    return response(
        changes=response.DIFF_SOME,
        replaces=replaces,
        diffs=sorted(changed | set(with_unknowns(fields, {}, update=True))),
    )


def with_unknowns(
    fields: tuple[Field, ...], planned: Mapping[str, Any], *, update: bool
) -> dict[str, Any]:
    """Returns the planned outputs, which are unknown if only the API knows them.

    In an update, these are the `unsettled` properties. In objects, computed properties that are not
    given are unknown in creations and updates.
    """
    result = {name: value for name, value in planned.items() if name != META}
    for field in fields:
        if update and field.unsettled:
            result[field.name] = UNKNOWN
        parts = [part for part in field.fields if part.computed]
        if parts and (update or field.name in planned):
            given = {key: value for key, value in (planned.get(field.name) or {}).items() if value}
            result[field.name] = {**{part.name: UNKNOWN for part in parts}, **given}
    return result


def imported_inputs(fields: tuple[Field, ...], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inputs for an existing object: all properties that can be given."""
    return {
        field.name: outputs[field.name]
        for field in fields
        if field.configurable and outputs.get(field.name) is not None
    }
