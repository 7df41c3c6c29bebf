"""The descriptions of resources' properties.

The descriptions follow the official schema: pulumiverse/pulumi-exoscale 0.66.1,
`provider/cmd/pulumi-resource-exoscale/schema.json`, and exoscale/terraform-provider-exoscale
0.66.0, `exoscale/resource_exoscale_*.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

DEFAULTS_KEY: Final = "__defaults"

Type = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "list",
    "set",
    "map",
    "object",
    "objects",
    "object map",
]
Check = Callable[[str, Any], str | None]


@dataclass(frozen=True)
class Field:
    """One property.

    Attributes:
        name: Pulumi's name of it.
        type: `list` and `set` are of strings, `map` from string to string; objects have `fields`.
            `objects` is a list of objects, `object map` maps strings to objects.
        required: whether it must be given.
        configurable: whether it can be given; if not, only the API sets it.
        computed: whether the API sets it if it is not given.
        unsettled: whether each update computes it (only resources of the plugin framework).
        default: the value that is sent if none is given.
        autonamed: whether the default is made from the logical name.
        force_new: whether a change replaces the resource.
        secret: whether it is encrypted in the state.
        ignore_case: whether values that differ only in case are equal.
        conflicts: Pulumi's names of the properties that can't be combined with it.
        check: returns the error in a value, given Terraform's name and the value.
        fields: the properties of an object.
    """

    name: str
    type: Type = "string"
    required: bool = False
    configurable: bool = True
    computed: bool = False
    unsettled: bool = False
    default: Any = None
    autonamed: bool = False
    force_new: bool = False
    secret: bool = False
    ignore_case: bool = False
    conflicts: tuple[str, ...] = ()
    check: Check | None = None
    fields: tuple[Field, ...] = ()

    @property
    def terraform_name(self) -> str:
        """The name in the messages of the official provider."""
        return terraform_name(self.name)


def given(name: str, type: Type = "string", **traits: Any) -> Field:
    """Returns a required property."""
    return Field(name, type, required=True, **traits)


def optional(name: str, type: Type = "string", **traits: Any) -> Field:
    """Returns an optional property."""
    return Field(name, type, **traits)


def output(name: str, type: Type = "string", **traits: Any) -> Field:
    """Returns a property that only the API sets."""
    return Field(name, type, configurable=False, computed=True, **traits)


def autonamed(**traits: Any) -> Field:
    """Returns the property `name`, whose default is made from the logical name."""
    return Field("name", autonamed=True, **traits)


def forcing_replacement(*fields: Field) -> tuple[Field, ...]:
    """Returns the same fields, whose changes replace the resource."""
    return tuple(replace(field, force_new=True) for field in fields)


def terraform_name(name: str) -> str:
    """
    >>> terraform_name("antiAffinityGroupIds"), terraform_name("kubeletImageGcs")
    ('anti_affinity_group_ids', 'kubelet_image_gc')
    """
    if name == "kubeletImageGcs":
        return "kubelet_image_gc"
    return re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), name)


def by_name(fields: Iterable[Field]) -> dict[str, Field]:
    return {field.name: field for field in fields}


def is_empty(value: Any) -> bool:
    """Returns whether Terraform treats a value as absent, which includes zero values."""
    if isinstance(value, Mapping):
        return not any(key != DEFAULTS_KEY for key in value)
    return value is None or value in ("", 0, False, [])


def without_defaults_key(value: Any) -> Any:
    """Returns the value without the bridge's lists of defaulted properties, at any depth."""
    if isinstance(value, Mapping):
        return {
            key: without_defaults_key(item) for key, item in value.items() if key != DEFAULTS_KEY
        }
    if isinstance(value, list):
        return [without_defaults_key(item) for item in value]
    return value
