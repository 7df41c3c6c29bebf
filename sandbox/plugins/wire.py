"""Converts the engine's property values between the wire format and plain Python values.

The wire format is a protobuf `Struct`, in which signatures mark secrets, unknowns and other special
values. Source: pulumi/pulumi, `sdk/go/common/resource/plugin/rpc.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNKNOWN_STRINGS: Final = {
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9": "string",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7": "bool",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421": "number",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2": "array",
    "030794c1-ac77-496b-92df-f27374a8bd58": "assets",
    "e48ece36-62e2-4504-bad9-02848725956a": "archives",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff": "object",
}


class Unknown:
    """A value that is unknown until `pulumi up`; previews use it for unknown outputs."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in its state. It is never printed."""

    value: Any

    def __repr__(self) -> str:
        return "Secret([secret])"


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Converts a wire struct to plain values, `Secret` and `UNKNOWN`; whole floats become ints."""
    return {key: _decode_value(value) for key, value in struct.fields.items()}


def _decode_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object(value.struct_value)
    if kind == "list_value":
        return [_decode_value(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_STRINGS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    return None


def _decode_object(struct: struct_pb2.Struct) -> Any:
    if SIGNATURE_KEY not in struct.fields:
        return decode(struct)
    signature = struct.fields[SIGNATURE_KEY].string_value
    if signature == SECRET_SIGNATURE:
        return Secret(_decode_value(struct.fields["value"]))
    if signature == OUTPUT_SIGNATURE:
        known = "value" in struct.fields
        inner = _decode_value(struct.fields["value"]) if known else UNKNOWN
        return Secret(inner) if struct.fields["secret"].bool_value else inner
    raise ValueError(f"assets, archives and resource references are not supported ({signature})")


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Converts plain values, `Secret` and `UNKNOWN` to a wire struct."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        struct.fields[key].CopyFrom(_encode_value(value))
    return struct


def _encode_value(value: Any) -> struct_pb2.Value:
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, Unknown):
        return struct_pb2.Value(string_value=next(iter(UNKNOWN_STRINGS)))
    if isinstance(value, Secret):
        wrapped = encode({SIGNATURE_KEY: SECRET_SIGNATURE, "value": value.value})
        return struct_pb2.Value(struct_value=wrapped)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=encode(value))
    if isinstance(value, Iterable):
        values = [_encode_value(item) for item in value]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=values))
    raise TypeError(f"a {type(value).__name__} has no wire form")


def reveal(value: Any) -> Any:
    """Returns the value with all `Secret` objects, at any depth, replaced by their values."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, Mapping):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Returns whether `UNKNOWN` occurs at any depth."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, Unknown)


def conceal(value: Any, template: Any) -> Any:
    """Returns `value` with a `Secret` wherever `template` has one, so that inputs stay secret.

    If a list has another length than the template's and the template's contains a secret, the
    whole list becomes secret, because its items can't be matched.
    """
    if isinstance(value, Secret):
        return value
    if isinstance(template, Secret):
        return Secret(value)
    if isinstance(value, Mapping) and isinstance(template, Mapping):
        return {key: conceal(item, template.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(template, list):
        if len(value) == len(template):
            return [conceal(item, other) for item, other in zip(value, template, strict=True)]
        return Secret(value) if _has_secret(template) else value
    return value


def _has_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_secret(item) for item in value)
    return isinstance(value, Secret)
