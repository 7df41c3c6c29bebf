"""The types of single values, each with what it allows."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictStr
from pydantic.alias_generators import to_camel

Zone = Literal[
    "at-vie-1", "at-vie-2", "bg-sof-1", "ch-dk-2", "ch-gva-2", "de-fra-1", "de-muc-1", "hr-zag-1"
]


def matches(pattern: str, allowed: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"must be {allowed}")
        return value

    return AfterValidator(check)


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError("must be a network in CIDR notation, such as 192.0.2.0/24") from None


def not_empty(value: object) -> object:
    if value == []:
        raise ValueError("must have 1 or more items")
    return value


def _environment_value(value: object) -> object:
    """YAML reads `true` and `5` as a boolean and a number; a variable's value is a string."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


DnsLabel = Annotated[
    StrictStr,
    matches(
        r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
        "a DNS label: lower-case letters, digits and dashes, a letter first, at most 63 characters",
    ),
]
Version = Annotated[
    StrictStr, matches(r"\d+\.\d+\.\d+", "a Kubernetes version in full, such as 1.34.3")
]
InstanceType = Annotated[
    StrictStr,
    matches(r"[a-z0-9]+\.[a-z0-9-]+", "an instance type, family.size, such as standard.small"),
]
PathPrefix = Annotated[
    StrictStr,
    matches(
        r"(/[A-Za-z0-9._~-]+)+",
        "a path of letters, digits and . _ ~ - that starts with a slash and ends without one,"
        " such as /rickroller",
    ),
]
Image = Annotated[
    StrictStr,
    matches(
        r"[a-z0-9][a-zA-Z0-9._/:-]*(@sha256:[0-9a-f]{64})?",
        "a container image, such as derlin/rickroller:1.0.0",
    ),
]
EnvironmentName = Annotated[
    StrictStr,
    matches(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "an environment variable's name: letters, digits and _, no digit first",
    ),
]
EnvironmentValue = Annotated[StrictStr, BeforeValidator(_environment_value)]
Network = Annotated[StrictStr, AfterValidator(_network)]


class SettingsModel(BaseModel):
    """A mapping of the stack's file: its keys in camel case, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)
