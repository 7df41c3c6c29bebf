"""Names that the provider makes up: of objects from logical names, and of field managers."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final, Literal

from sandbox.plugins.kubernetes.objects import (
    AUTONAMED,
    PATCH_FIELD_MANAGER,
    Manifest,
    annotation,
    metadata,
    with_metadata,
)
from sandbox.plugins.rpc import ProviderError
from sandbox.plugins.wire import Unknown

FIELD_MANAGER_KEY: Final = "__fieldManager"
_SUFFIX_LENGTH: Final = 8

Mode = Literal["PROPOSE", "ENFORCE", "DISABLE"]


def unique(prefix: str, seed: bytes = b"") -> str:
    """The prefix and eight hexadecimal digits: always the same ones for a seed, else random."""
    if seed:
        return prefix + hashlib.sha256(seed).hexdigest()[:_SUFFIX_LENGTH]
    return prefix + secrets.token_hex(_SUFFIX_LENGTH // 2)


def is_named(manifest: Mapping[str, Any]) -> bool:
    """Whether the object has a name of its own, known or not."""
    return bool(metadata(manifest).get("name")) or isinstance(manifest.get("metadata"), Unknown)


def is_autonamed(manifest: Mapping[str, Any]) -> bool:
    return annotation(manifest, AUTONAMED) == "true"


def has_generated_name(manifest: Mapping[str, Any]) -> bool:
    """Whether the API server is asked to make up the name."""
    return not is_named(manifest) and bool(metadata(manifest).get("generateName"))


def keep_old_name(manifest: Manifest, old: Mapping[str, Any]) -> Manifest:
    """An unnamed object keeps the name that was made up for it before."""
    if is_named(manifest) or not is_autonamed(old):
        return manifest
    return _autonamed(manifest, metadata(old)["name"])


def assign_name(
    manifest: Manifest,
    logical_name: str,
    seed: bytes,
    autonaming: tuple[Mode, str] | None = None,
) -> Manifest:
    """Name an object that has no name: `<logical name>-<8 hex digits>`.

    Args:
        autonaming: the engine's own setting (`pulumi:autonaming`) with the name it proposes.

    Raises:
        ProviderError: if the setting forbids made-up names.
    """
    if is_named(manifest) or has_generated_name(manifest):
        return manifest
    if autonaming and autonaming[0] == "DISABLE":
        raise ProviderError(
            "autonaming is disabled, resource requires the .metadata.name field to be set"
        )
    return _autonamed(manifest, autonaming[1] if autonaming else unique(f"{logical_name}-", seed))


def _autonamed(manifest: Manifest, name: str) -> Manifest:
    annotations = metadata(manifest).get("annotations") or {}
    if isinstance(annotations, Mapping):
        annotations = {**annotations, AUTONAMED: "true"}
    return with_metadata(manifest, name=name, annotations=annotations)


def field_manager(manifest: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """The field manager of an object: as annotated, as in the state, or a new one."""
    return str(
        annotation(manifest, PATCH_FIELD_MANAGER)
        or state.get(FIELD_MANAGER_KEY)
        or unique("pulumi-kubernetes-")
    )
