"""The inputs of the provider: `exoscale:*` in a stack's configuration, or of an explicit provider.

Source: pulumiverse/pulumi-exoscale 0.66.1, `provider/resources.go`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sandbox.plugins import wire
from sandbox.plugins.exoscale import api
from sandbox.plugins.rpc import ProviderError

NAMES: Final = ("delay", "environment", "key", "secret", "sosEndpoint", "timeout")
ENGINES_OWN: Final = ("version", "pluginDownloadURL", "__internal")
KEYS: Final = "https://portal.exoscale.com/iam/keys"
CREDENTIALS: Final = {"key": "EXOSCALE_API_KEY", "secret": "EXOSCALE_API_SECRET"}


def unknown_names(names: Iterable[str]) -> list[str]:
    """Returns the names that are not names of inputs."""
    return [name for name in names if name not in (*NAMES, *ENGINES_OWN)]


def from_environment(values: Mapping[str, Any]) -> dict[str, wire.Secret]:
    """Returns the credentials that are in the environment but not in the inputs."""
    found = {name: os.environ.get(variable) for name, variable in CREDENTIALS.items()}
    return {
        name: wire.Secret(value) for name, value in found.items() if value and name not in values
    }


def account(values: Mapping[str, Any]) -> api.Clients:
    """Returns the account's clients, with the credentials in the inputs or the environment.

    Raises:
        ProviderError: if a credential is missing.
    """
    return api.Clients(
        key=_credential(values, "key"),
        secret=_credential(values, "secret"),
        endpoint=os.environ.get("EXOSCALE_API_ENDPOINT"),
        environment=values.get("environment") or api.DEFAULT_ENVIRONMENT,
    )


def timeout(values: Mapping[str, Any]) -> float:
    """Returns the default timeout of operations in seconds."""
    return float(values.get("timeout") or api.DEFAULT_TIMEOUT)


def _credential(values: Mapping[str, Any], name: str) -> str | None:
    """Returns the key or the secret, `None` while it is unknown."""
    value = values.get(name) or os.environ.get(CREDENTIALS[name])
    if not value:
        raise ProviderError(
            f"the Exoscale API {name} is missing: set the environment variable "
            f"{CREDENTIALS[name]} or the configuration exoscale:{name}; keys are made at {KEYS}"
        )
    return None if isinstance(value, wire.Unknown) else str(value)
