"""Values that args call secret, as outputs that are secret."""

from __future__ import annotations

import pulumi
from pydantic import SecretStr

from ..args.inputs import SecretInput


def secret_value(value: SecretInput) -> pulumi.Output[str]:
    """The value as a secret, also where an output that is none was given."""
    given = value.get_secret_value() if isinstance(value, SecretStr) else value
    return pulumi.Output.secret(given)
