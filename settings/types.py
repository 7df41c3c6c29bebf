"""The types of single values, each with what it allows."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

import pulumi
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    StrictStr,
)
from pydantic.alias_generators import to_camel

Zone = Literal[
    "at-vie-1", "at-vie-2", "bg-sof-1", "ch-dk-2", "ch-gva-2", "de-fra-1", "de-muc-1", "hr-zag-1"
]


QUALIFIED_NAME = (
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
"""A label's or annotation's key (kubernetes.io/docs/concepts/overview/working-with-objects)."""

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


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


def _text(value: object) -> object:
    """YAML reads `true` and `5` as a boolean and a number where a string is meant."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


WHOLE_NUMBER_TOO = BeforeValidator(lambda value: str(value) if type(value) is int else value)
"""A string that YAML reads as a whole number where nothing else is in it."""

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
EnvironmentValue = Annotated[StrictStr, BeforeValidator(_text)]
Network = Annotated[StrictStr, AfterValidator(_network)]
Description = Annotated[StrictStr, Field(max_length=255)]
Identifier = Annotated[
    StrictStr,
    matches(
        UUID,
        "an ID, such as 5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b",
    ),
]
Duration = Annotated[
    StrictStr, matches(r"(\d+(ms|s|m|h))+", "a duration with its unit, such as 10s or 1h30m")
]
Address = Annotated[
    StrictStr, matches(r"https?://\S+", "an address that starts with https:// or http://")
]
LabelKey = Annotated[
    StrictStr,
    matches(
        QUALIFIED_NAME,
        "a Kubernetes label's key, such as tier or example.com/tier",
    ),
]
LabelValue = Annotated[
    StrictStr,
    BeforeValidator(_text),
    matches(
        r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?",
        "a Kubernetes label's value: letters, digits and - _ . between them, at most 63 characters",
    ),
]
Taint = Annotated[
    StrictStr,
    matches(
        r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?:(NoSchedule|PreferNoSchedule|NoExecute)",
        "VALUE:EFFECT, with the effect NoSchedule, PreferNoSchedule or NoExecute",
    ),
]
Secret = Annotated[
    SecretStr,
    Field(strict=True, min_length=1),
    PlainSerializer(lambda secret: pulumi.Output.secret(secret.get_secret_value())),
]


class SettingsModel(BaseModel):
    """A mapping of the stack's file: its keys in camel case, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)
