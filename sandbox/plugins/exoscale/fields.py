"""The words in which a resource's properties are described.

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

Type = Literal["string", "integer", "number", "boolean", "set", "map", "object", "objects"]
Check = Callable[[str, Any], str | None]


@dataclass(frozen=True)
class Field:
    """One property.

    Attributes:
        name: Pulumi's name of it.
        type: `set` is of strings, `map` from string to string; objects have `fields`.
        required: must be given.
        configurable: False for what the API alone decides.
        computed: the API decides where it is not given.
        unsettled: computed anew by each update (of the plugin framework's resources alone).
        default: what is sent where it is not given.
        autonamed: where not given, made from the logical name.
        force_new: a change replaces the resource.
        secret: encrypted in the state.
        ignore_case: values that differ in case alone are equal.
        conflicts: Pulumi's names of the properties that must not be given beside it.
        check: given Terraform's name and a value, says what is wrong with the value.
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
        """The name that messages of the official provider use."""
        return terraform_name(self.name)


def given(name: str, type: Type = "string", **traits: Any) -> Field:
    """A property that must be given."""
    return Field(name, type, required=True, **traits)


def optional(name: str, type: Type = "string", **traits: Any) -> Field:
    """A property that may be given."""
    return Field(name, type, **traits)


def output(name: str, type: Type = "string", **traits: Any) -> Field:
    """A property that the API alone decides."""
    return Field(name, type, configurable=False, computed=True, **traits)


def autonamed(**traits: Any) -> Field:
    """The property `name`, made from the logical name where it is not given."""
    return Field("name", autonamed=True, **traits)


def forcing_replacement(*fields: Field) -> tuple[Field, ...]:
    """The same fields, whose changes replace the resource."""
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
    """Whether a value equals an absent one: Terraform knows no difference to the zero value."""
    if isinstance(value, Mapping):
        return not any(key != DEFAULTS_KEY for key in value)
    return value is None or value in ("", 0, False, [])


def without_defaults_key(value: Any) -> Any:
    """The value without the bridge's lists of defaulted properties, at any depth."""
    if isinstance(value, Mapping):
        return {
            key: without_defaults_key(item) for key, item in value.items() if key != DEFAULTS_KEY
        }
    if isinstance(value, list):
        return [without_defaults_key(item) for item in value]
    return value
