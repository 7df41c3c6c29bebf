"""The inputs of a Helm release: which there are, their types, defaults and name.

Source: pulumi/pulumi-kubernetes, `provider/pkg/provider/helm_release.go`, `Release` and `Check`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.wire import Secret, Unknown, reveal

DEFAULT_TIMEOUT_SECONDS: Final = 300
NAME_HEX_DIGITS: Final = 8

FLAGS: Final = (
    "allowNullValues",
    "atomic",
    "cleanupOnFail",
    "createNamespace",
    "dependencyUpdate",
    "devel",
    "disableCRDHooks",
    "disableOpenapiValidation",
    "disableWebhooks",
    "forceUpdate",
    "lint",
    "recreatePods",
    "renderSubchartNotes",
    "replace",
    "resetValues",
    "reuseValues",
    "skipAwait",
    "skipCrds",
    "takeOwnership",
    "verify",
    "waitForJobs",
)
STRINGS: Final = (
    "chart",
    "description",
    "keyring",
    "name",
    "namespace",
    "postrender",
    "version",
)
REPOSITORY_STRINGS: Final = ("repo", "caFile", "certFile", "keyFile", "password", "username")

_IGNORED: Final = {"compat", "checksum", "manifest", "resourceNames", "status"}
_UNSUPPORTED: Final = {
    "valueYamlFiles": "give the values themselves, as values",
    "disableCRDHooks": "the helm program has no such flag; disableWebhooks disables all hooks",
}

Failure = tuple[str, str]


def complete(
    urn: str, olds: Mapping[str, Any], news: Mapping[str, Any], namespace: str
) -> dict[str, Any]:
    """The inputs with a name, the defaults, and a zero for all else, as the official one stores.

    Args:
        urn: the resource's, whose last part an automatic name starts with.
        olds: the inputs before; an automatic name is kept.
        news: what the user gives.
        namespace: the provider's default namespace.
    """
    inputs: dict[str, Any] = dict.fromkeys(FLAGS, False) | dict.fromkeys(STRINGS, "")
    inputs |= {"timeout": 0, "values": {}}
    inputs |= {
        key: value for key, value in news.items() if key not in _IGNORED and value is not None
    }
    if isinstance(inputs.get("repositoryOpts"), Mapping):
        inputs["repositoryOpts"] = dict.fromkeys(REPOSITORY_STRINGS, "") | {
            key: value for key, value in inputs["repositoryOpts"].items() if value is not None
        }
    if reveal(inputs["name"]) == "":
        inputs["name"] = olds.get("name") or automatic_name(urn)
    if reveal(inputs["namespace"]) == "":
        inputs["namespace"] = namespace
    if news.get("timeout") is None and not reveal(inputs["skipAwait"]):
        inputs["timeout"] = DEFAULT_TIMEOUT_SECONDS
    if reveal(inputs["verify"]) is True and reveal(inputs["keyring"]) == "":
        inputs["keyring"] = os.path.expanduser("~/.gnupg/pubring.gpg")
    return inputs


def automatic_name(urn: str) -> str:
    """The resource's name with a hyphen and 8 random hexadecimal digits."""
    return f"{urn.rsplit('::', 1)[-1]}-{secrets.token_hex(NAME_HEX_DIGITS // 2)}"


def failures(inputs: Mapping[str, Any]) -> list[Failure]:
    """What is wrong with completed inputs: `(property, reason)`, for all of them at once."""
    found: list[Failure] = []
    for key, value in inputs.items():
        plain = reveal(value)
        if key in _UNSUPPORTED:
            if plain not in (False, None, []):
                found.append((key, f"{key} is not supported by the sandbox: {_UNSUPPORTED[key]}"))
        elif key == "repositoryOpts":
            found += _repository_failures(value)
        elif key not in {*FLAGS, *STRINGS, "values", "timeout", "maxHistory"}:
            found.append((key, f"{key} is not a property of a Helm release"))
        elif not isinstance(plain, Unknown) and not _fits(key, plain):
            found.append((key, f"{key} must be {_expected(key)}, not {_described(value)}"))
    if reveal(inputs["chart"]) == "":
        found.append(("chart", "chart is required"))
    return found


def _repository_failures(value: Any) -> list[Failure]:
    plain = reveal(value)
    if isinstance(plain, Unknown):
        return []
    if not isinstance(plain, Mapping):
        return [("repositoryOpts", f"repositoryOpts must be an object, not {_described(value)}")]
    found = []
    for key, item in plain.items():
        path = f"repositoryOpts.{key}"
        if key not in REPOSITORY_STRINGS:
            found.append((path, f"{path} is not a property of a Helm release"))
        elif not isinstance(item, str | Unknown):
            found.append((path, f"{path} must be a string, not a {type(item).__name__}"))
    return found


def _fits(key: str, plain: Any) -> bool:
    if key in FLAGS:
        return isinstance(plain, bool)
    if key in STRINGS:
        return isinstance(plain, str)
    if key == "values":
        return isinstance(plain, Mapping)
    return isinstance(plain, int) and not isinstance(plain, bool) and plain >= 0


def _expected(key: str) -> str:
    if key in FLAGS:
        return "true or false"
    if key in STRINGS:
        return "a string"
    return "an object" if key == "values" else "a whole number, 0 or more"


def _described(value: Any) -> str:
    return "the secret given" if isinstance(value, Secret) else repr(reveal(value))
