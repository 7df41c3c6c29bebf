"""The provider's own options: which ones there are, and what they say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.plugins.wire import Unknown, reveal

_ENGINE_KEYS: Final = {"version", "pluginDownloadURL", "pluginChecksums", "__internal"}
_STRINGS: Final = {"kubeconfig", "context", "cluster", "namespace", "clusterIdentifier"}
_FLAGS: Final = {
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "enableServerSideApply": "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
    "suppressDeprecationWarnings": "PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS",
    "suppressHelmHookWarnings": "PULUMI_K8S_SUPPRESS_HELM_HOOK_WARNINGS",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
}
_UNSUPPORTED: Final = {
    "alwaysRender",
    "helmReleaseSettings",
    "kubeClientSettings",
    "renderYamlToDirectory",
    "skipUpdateUnreachable",
    "strictMode",
}

Failure = tuple[str, str]


@dataclass(frozen=True)
class Options:
    """The options in effect; a flag not given is taken from its environment variable."""

    kubeconfig: str | Mapping[str, Any] | None = None
    context: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    delete_unreachable: bool = False
    config_map_mutable: bool = False
    secret_mutable: bool = False
    patch_force: bool = False
    upsert: bool = False
    suppress_helm_hook_warnings: bool = False

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Options:
        """Read `Configure`'s arguments, in which flags are `"true"` or `True`."""
        plain = reveal(args)
        return cls(
            kubeconfig=plain.get("kubeconfig") or None,
            context=plain.get("context") or None,
            cluster=plain.get("cluster") or None,
            namespace=plain.get("namespace") or None,
            delete_unreachable=_flag(plain, "deleteUnreachable"),
            config_map_mutable=_flag(plain, "enableConfigMapMutable"),
            secret_mutable=_flag(plain, "enableSecretMutable"),
            patch_force=_flag(plain, "enablePatchForce"),
            upsert=_flag(plain, "upsertExistingObjects"),
            suppress_helm_hook_warnings=_flag(plain, "suppressHelmHookWarnings"),
        )


def check(inputs: Mapping[str, Any]) -> list[Failure]:
    """What is wrong with the provider's inputs: `(property, reason)`, for all of them at once."""
    failures: list[Failure] = []
    for name, value in reveal(inputs).items():
        if name in _ENGINE_KEYS or isinstance(value, Unknown) or value is None:
            continue
        if name in _UNSUPPORTED and value not in (False, "false", ""):
            failures.append((name, f"the provider option {name!r} is not supported by the sandbox"))
        elif name in _STRINGS and not isinstance(value, str | Mapping):
            failures.append((name, f"{name!r} must be a string, not {type(value).__name__}"))
        elif name in _FLAGS and value not in (True, False, "true", "false"):
            failures.append((name, f"{name!r} must be true or false, not {value!r}"))
        elif name not in _STRINGS | _FLAGS.keys() | _UNSUPPORTED:
            failures.append((name, f"{name!r} is not an option of the Kubernetes provider"))
    if not _flag(reveal(inputs), "enableServerSideApply", default=True):
        failures.append(
            ("enableServerSideApply", "client-side apply is not supported by the sandbox")
        )
    return failures


def _flag(args: Mapping[str, Any], name: str, default: bool = False) -> bool:
    value = args.get(name)
    if value is None or isinstance(value, Unknown):
        value = os.environ.get(_FLAGS[name])
    return default if value is None else value in (True, "true")
