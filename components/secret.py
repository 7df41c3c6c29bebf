"""Secret settings on their way to a resource."""

from __future__ import annotations

import pulumi
from pydantic import SecretStr


def secret_output(value: SecretStr) -> pulumi.Output[str]:
    """The value, encrypted in the stack's state."""
    return pulumi.Output.secret(value.get_secret_value())
