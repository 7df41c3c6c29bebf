"""What the bridge makes of a resource of Terraform's plugin framework: of `Dbaas` alone.

The other resources are of Terraform's SDK. Differences: no default is written into the inputs, a
diff names no path, a replacement is made first, an update leaves computed properties unknown, and
errors have a title in place of a frame.

Source: pulumi/pulumi-terraform-bridge 3.116, `pkg/pf/tfbridge`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins import rpc
from sandbox.plugins.exoscale import api
from sandbox.plugins.exoscale.fields import Field, without_defaults_key
from sandbox.plugins.property_diff import Kind
from sandbox.plugins.rpc import ProviderError
from sandbox.plugins.wire import UNKNOWN

META: Final = {"__meta": '{"schema_version":"1"}'}
"""Without it in the state, the official plugin takes it for one of version 0, and can't read it."""


class TitledError(ProviderError):
    """An error with its title, which is told as it is."""


@contextmanager
def client_errors(doing: str) -> Iterator[None]:
    """Tell what was being done when the API refused, as `Unable to ..., got error`.

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
    """The checked inputs without defaults; an automatic name stays."""
    defaulted = [name for name in checked["__defaults"] if name != "name"]
    given = {key: value for key, value in checked.items() if key not in defaulted}
    plain: dict[str, Any] = without_defaults_key(given)
    return plain


def with_defaults(fields: tuple[Field, ...], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as Terraform plans them."""
    defaults = {field.name: field.default for field in fields if field.default is not None}
    return {**defaults, **inputs}


def diff_response(
    fields: tuple[Field, ...], changes: Mapping[str, Kind], replaces: list[str]
) -> provider_pb2.DiffResponse:
    """A diff that names properties alone: those that change, and those that may."""
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
    """Planned outputs, unknown where only the API tells them: in an update, what is `unsettled`.

    Of an object, what is computed and not given is unknown in both.
    """
    result = {name: value for name, value in planned.items() if name not in META}
    for field in fields:
        if update and field.unsettled:
            result[field.name] = UNKNOWN
        parts = [part for part in field.fields if part.computed]
        if parts and (update or field.name in planned):
            given = {key: value for key, value in (planned.get(field.name) or {}).items() if value}
            result[field.name] = {**{part.name: UNKNOWN for part in parts}, **given}
    return result


def imported_inputs(fields: tuple[Field, ...], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that describe an existing object: whatever can be given."""
    return {
        field.name: outputs[field.name]
        for field in fields
        if field.configurable and outputs.get(field.name) is not None
    }
