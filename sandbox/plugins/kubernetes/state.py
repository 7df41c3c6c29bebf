"""What the state holds of an object: as it is live, with the inputs it was made from.

Source: pulumi/pulumi-kubernetes, `provider/pkg/provider/provider.go` (`checkpointObject`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.kubernetes import inputs
from sandbox.plugins.kubernetes.naming import FIELD_MANAGER_KEY
from sandbox.plugins.kubernetes.objects import Manifest
from sandbox.plugins.wire import Secret, reveal

INPUTS_KEY: Final = "__inputs"
INITIAL_API_VERSION_KEY: Final = "__initialApiVersion"


def outputs(
    manifest: Mapping[str, Any],
    live: Mapping[str, Any],
    properties: Mapping[str, Any],
    *,
    api_version: str,
    field_manager: str,
) -> dict[str, Any]:
    """A resource's outputs.

    Args:
        manifest: the inputs, in plain.
        live: the object as the API server answered.
        properties: the inputs as the engine gave them: what is secret in them is secret here too.
    """
    return {
        **with_secrets(inputs.to_properties(live), properties),
        INPUTS_KEY: with_secrets(inputs.to_properties(manifest), properties),
        INITIAL_API_VERSION_KEY: api_version,
        FIELD_MANAGER_KEY: field_manager,
    }


def initial_api_version(state: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """The `apiVersion` that the object was created with."""
    return str(state.get(INITIAL_API_VERSION_KEY) or manifest["apiVersion"])


def parse(state: Mapping[str, Any]) -> tuple[Manifest, Manifest]:
    """The inputs and the live object in a state, in plain. Both are empty if the state is."""
    plain = reveal(state)
    live = {key: value for key, value in plain.items() if not key.startswith("__")}
    return inputs.to_manifest(plain.get(INPUTS_KEY) or {}), inputs.to_manifest(live)


def with_secrets(values: Mapping[str, Any], properties: Any) -> dict[str, Any]:
    """The values, secret wherever the properties are, and all data of a Secret in any case.

    A list that holds a secret is secret as a whole: its items may have changed places.
    """
    result = dict(values)
    if result.get("kind") == "Secret":
        for key in ("data", "stringData"):
            if key in result:
                result[key] = Secret(result[key])
        return result
    if not isinstance(properties, Mapping):
        return result
    for key, source in properties.items():
        value = result.get(key)
        if value is None:
            continue
        if isinstance(value, Mapping) and isinstance(source, Mapping):
            result[key] = with_secrets(value, source)
        elif _holds_secret(source):
            result[key] = Secret(value)
    return result


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(_holds_secret(item) for item in value)
    return isinstance(value, Secret)
