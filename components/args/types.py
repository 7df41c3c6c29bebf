"""The types of single values, each with what it allows."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictStr,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from .problem import Problem, Problems

_Zone = Literal[
    "at-vie-1", "at-vie-2", "bg-sof-1", "ch-dk-2", "ch-gva-2", "de-fra-1", "de-muc-1", "hr-zag-1"
]
Zone = Annotated[_Zone, Field(examples=["ch-gva-2"])]

QUALIFIED_NAME = (
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
"""A label's or annotation's key (kubernetes.io/docs/concepts/overview/working-with-objects)."""

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(frozen=True)
class Told:
    """What a value has to be, in words and by examples."""

    words: str
    examples: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """Both."""
        *some, last = self.examples
        others = f"{', '.join(some)} or " if some else ""
        return f"{self.words}, such as {others}{last}"


@dataclass(frozen=True)
class Matches(Told):
    """A string that matches the whole of a regular expression."""

    pattern: str

    def check(self, value: str) -> str:
        """Returns the value.

        Raises:
            ValueError: it does not match.
        """
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"must be {self.allowed}")
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^({self.pattern})$"}


def matches(pattern: str, words: str, *examples: str) -> Matches:
    """The strings that match the whole pattern."""
    return Matches(words, examples, pattern)


def _has_items(value: object) -> object:
    if value == []:
        raise ValueError("must have 1 or more items")
    return value


CIDR = Told("a network in CIDR notation", ("192.0.2.0/24",))


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError(f"must be {CIDR.allowed}") from None


IN_QUOTES = "must be in quotes: YAML reads a number, and loses how it is written"


EXACT = 2**53
"""The largest whole number that Pulumi always hands over as written: a larger one may become a
float."""


def keeps_its_digits(value: int) -> bool:
    """Whether a whole number in the settings has the digits that are written."""
    return -EXACT <= value <= EXACT


def _number_too(value: object) -> object:
    return str(value) if type(value) in (int, float) else value


def _text(value: object) -> object:
    """YAML reads `true` and `5` as a boolean and a number where a string is meant."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) or (isinstance(value, int) and not keeps_its_digits(value)):
        raise ValueError(IN_QUOTES)
    return str(value) if isinstance(value, int) else value


def _in_full(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError('must be in quotes and in full, such as "1.36.5"')
    return value


WHOLE_NUMBER_TOO = BeforeValidator(
    lambda value: str(value) if type(value) is int else value, json_schema_input_type=int | str
)
"""A string that YAML reads as a whole number where nothing else is in it."""

NOT_EMPTY = (BeforeValidator(_has_items), Field(json_schema_extra={"minItems": 1}))
"""A list of one or more. Pydantic's own check counts only items that are right by themselves."""

NUMBER_TOO = BeforeValidator(_number_too, json_schema_input_type=float | str)
"""A quantity, which is the same as a number and as a string."""

TEXT = BeforeValidator(_text, json_schema_input_type=bool | int | str)
"""A string that YAML may read as something else. A whole number is one too: `pulumi config set`
writes it without quotes."""

WORDS = (WHOLE_NUMBER_TOO, TEXT)
"""Strings that a number is another way of writing, in which its digits count."""

IN_FULL = BeforeValidator(_in_full, json_schema_input_type=str)
"""A version, which has more parts than a number."""

DNS_LABEL = matches(
    r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
    "a DNS label: lower-case letters, digits and dashes, a letter first, at most 63 characters",
    "web",
)
DNS_1123_LABEL = matches(
    r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
    "a DNS label: lower-case letters, digits and dashes between them, at most 63 characters",
    "web",
)
DnsLabel = Annotated[StrictStr, DNS_LABEL]
Dns1123Label = Annotated[StrictStr, DNS_1123_LABEL]
"""A namespace's, container's or volume's name, which may begin with a digit; a Service's may not
(kubernetes.io/docs/concepts/overview/working-with-objects/names)."""

Dns1123Subdomain = Annotated[
    StrictStr,
    Field(max_length=253),
    matches(
        r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
        "an object's name: lower-case letters and digits, with dashes and dots between them",
        "wildcard.example.com",
    ),
]
"""The name of most objects."""

Version = Annotated[
    StrictStr, IN_FULL, matches(r"\d+\.\d+\.\d+", "a Kubernetes version in full", "1.36.5")
]
InstanceType = Annotated[
    StrictStr, matches(r"[a-z0-9]+\.[a-z0-9-]+", "an instance type, family.size", "standard.small")
]
VariableName = Annotated[
    StrictStr,
    matches(r"[ -<>-~]+", "an environment variable's name: printable ASCII without =", "LOG_LEVEL"),
]
"""What Kubernetes takes since 1.34, and by default since 1.32 (KEP 4369)."""

VariableKey = Annotated[
    StrictStr,
    Field(max_length=253),
    matches(
        r"(?![\d.])[-._A-Za-z0-9]+",
        "an environment variable's name: letters, digits and - _ ., neither digit nor dot first",
        "LOG_LEVEL",
    ),
]
"""The name of a variable that is kept in a ConfigMap or Secret, where it is a key."""

EnvironmentValue = Annotated[StrictStr, TEXT, Field(examples=["info"])]
Network = Annotated[StrictStr, AfterValidator(_network), CIDR]
Description = Annotated[StrictStr, Field(max_length=255, examples=["the shop's"])]
Identifier = Annotated[StrictStr, matches(UUID, "an ID", "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b")]
Duration = Annotated[
    StrictStr, matches(r"(\d+(ms|s|m|h))+", "a duration with its unit", "10s", "1h30m")
]
Address = Annotated[
    StrictStr,
    matches(
        r"https?://\S+",
        "an address that starts with https:// or http://",
        "https://logs.example.com",
    ),
]
LabelKey = Annotated[
    StrictStr, matches(QUALIFIED_NAME, "a Kubernetes label's key", "tier", "example.com/tier")
]
LABEL_VALUE = matches(
    r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?",
    "a Kubernetes label's value: letters, digits and - _ . between them, at most 63 characters",
    "front",
)
LabelValue = Annotated[StrictStr, TEXT, LABEL_VALUE]
Taint = Annotated[
    StrictStr,
    matches(
        r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?:(NoSchedule|PreferNoSchedule|NoExecute)",
        "VALUE:EFFECT, with the effect NoSchedule, PreferNoSchedule or NoExecute",
        "gpu:NoSchedule",
    ),
]
FilePath = Annotated[
    StrictStr,
    matches(
        r"(/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*)+",
        "an absolute path of letters, digits and . _ -",
        "/etc/app/app.conf",
    ),
]
PodSecurity = Literal["restricted", "baseline", "privileged"]
"""Levels of the Pod Security standards, the strictest first."""
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]


class Args(BaseModel):
    """The args of a component or of a part of one: a mapping of the stack's file.

    The file has its keys in camel case, and no others. In Python its fields are named as they are
    here.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,
        hide_input_in_errors=True,  # it may be secret
    )

    renamed_keys: ClassVar[Mapping[str, str]] = {}
    """Keys of earlier versions, with their present names."""

    refused_keys: ClassVar[Mapping[str, str]] = {}
    """Keys that users may expect here, with the reason why they don't exist."""

    def problems(self) -> Iterator[Problem]:
        """Yields what is wrong with several fields together. Each is right by itself."""
        yield from ()

    @model_validator(mode="after")
    def _has_no_problems(self) -> Self:
        if problems := tuple(self.problems()):
            raise Problems(problems)
        return self


def defaults_of(model: type[Args]) -> Any:
    """A field that has its own defaults where the file says nothing.

    They need no check. With one, Pydantic would build a validator for each of these classes, beside
    that of the whole stack: 30 ms of each preview.
    """
    return Field(default_factory=model.model_construct)


def by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """A model's fields by the keys that they have in the stack's file."""
    return {str(field.validation_alias): field for field in model.model_fields.values()}


def given(settings: Args) -> dict[str, Any]:
    """What the file itself says of settings, by key."""
    fields = type(settings).model_fields
    return {
        str(fields[name].validation_alias): getattr(settings, name)
        for name in fields
        if name in settings.model_fields_set
    }
