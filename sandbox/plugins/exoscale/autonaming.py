"""Automatic names of resources."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.exoscale.check import Invalid
from sandbox.plugins.rpc import ProviderError

MAX_NAME_LENGTH: Final = 255
RANDOM_LENGTH: Final = 7


def automatic_name(request: provider_pb2.CheckRequest, logical_name: str) -> str:
    """Returns a name by the user's autonaming configuration, by default the plugin's format."""
    if not request.HasField("autonaming"):
        return _own(logical_name, request.randomSeed)
    rules = request.autonaming
    if rules.mode == rules.DISABLE:
        raise ProviderError("automatic naming is disabled but no explicit name was provided")
    if rules.mode == rules.PROPOSE and len(rules.proposed_name) > MAX_NAME_LENGTH:
        raise ProviderError(
            f"calculated name '{rules.proposed_name}' exceeds maximum length of {MAX_NAME_LENGTH}"
        )
    return str(rules.proposed_name)


def _own(logical_name: str, seed: bytes) -> str:
    """Returns `<logical name>-<7 hexadecimal digits>`, the same for the same seed.

    Raises:
        Invalid: if the name is too long for Exoscale.
    """
    if len(logical_name) + 1 + RANDOM_LENGTH > MAX_NAME_LENGTH:
        raise Invalid(
            f"name '{logical_name}' plus {RANDOM_LENGTH} random chars is longer than "
            f"maximum length {MAX_NAME_LENGTH}"
        )
    digits = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(RANDOM_LENGTH)
    return f"{logical_name}-{digits[:RANDOM_LENGTH]}"
