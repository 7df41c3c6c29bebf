"""Values that may be outputs of resources, which are known only once those are deployed.

Nothing here imports Pulumi, so that tools load args without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeGuard, TypeVar

from pydantic import (
    GetCoreSchemaHandler,
    SecretStr,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    ValidatorFunctionWrapHandler,
)
from pydantic_core import CoreSchema, core_schema

from .output import SHOWN, is_output
from .secret import ClearOrSecret, Secret, SetSecret

if TYPE_CHECKING:
    from pulumi import Output

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True)
class OrOutput:
    """A type whose values may also be outputs, which are not checked."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        serialization = core_schema.wrap_serializer_function_ser_schema(
            _serialized, schema=schema, info_arg=True
        )
        return core_schema.no_info_wrap_validator_function(
            _checked, schema, serialization=serialization
        )


def _checked(value: object, check: ValidatorFunctionWrapHandler) -> object:
    return value if is_output(value) else check(value)


def _serialized(
    value: object, serialize: SerializerFunctionWrapHandler, info: SerializationInfo
) -> object:
    if not is_output(value):
        return serialize(value)
    return SHOWN if info.mode_is_json() else value


if TYPE_CHECKING:
    Input: TypeAlias = Value | Output[Value]
    """A value of a type, or an output. A stack's file, its schema and its page have the type's."""

    SecretInput: TypeAlias = SecretStr | Output[str]
    SetSecretInput: TypeAlias = SecretInput
    ClearOrSecretInput: TypeAlias = SecretInput
else:

    class Input:
        """An annotation `Input[TYPE]`."""

        def __class_getitem__(cls, kind: Any) -> Any:
            return Annotated[kind, OrOutput()]

    SecretInput = Input[Secret]
    SetSecretInput = Input[SetSecret]
    ClearOrSecretInput = Input[ClearOrSecret]


def is_known(value: Input[Value]) -> TypeGuard[Value]:
    """Whether a value is known, as it is unless it is an output."""
    return not is_output(value)


def known(values: Mapping[Key, Input[Value]]) -> dict[Key, Value]:
    """Returns the values that are no outputs."""
    return {key: value for key, value in values.items() if is_known(value)}
