"""Inputs in the form that the API server would store them in.

Two ways to write the same object must not look like a change. The official provider sends inputs
of built-in kinds through their Go types for that (`provider/pkg/clients/unstructured.go`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.kubernetes.kinds import is_built_in
from sandbox.plugins.kubernetes.objects import Manifest, group_of, without_read_only
from sandbox.plugins.kubernetes.quantities import canonical
from sandbox.plugins.wire import has_unknown

_QUANTITY_MAPS: Final = frozenset(
    "allocatable capacity default defaultRequest hard limits max maxLimitRequestRatio min overhead"
    " podFixed requests".split()
)
_QUANTITIES: Final = frozenset({"divisor", "sizeLimit"})
_DASHED: Final = {
    name.replace("-", "_"): name
    for name in (
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    )
}
_UNDERSCORED: Final = {dashed: name for name, dashed in _DASHED.items()}


def normalize(manifest: Manifest) -> Manifest:
    """The object as the API server would write it: quantities, Secret data, no read-only fields.

    A null in a built-in kind is a field that is not given.
    """
    manifest = without_read_only(manifest)
    kind = (group_of(manifest), manifest.get("kind"))
    if kind == ("apiextensions.k8s.io", "CustomResourceDefinition"):
        return {key: value for key, value in manifest.items() if key != "status"}
    if not is_built_in(manifest):
        return manifest
    manifest = _without_nulls(manifest)
    if kind == ("", "Secret"):
        return _with_encoded_data(manifest)
    if isinstance(manifest.get("spec"), Mapping):
        return {**manifest, "spec": _with_canonical_quantities(manifest["spec"])}
    return manifest


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _with_encoded_data(secret: Manifest) -> Manifest:
    data, text = secret.get("data") or {}, secret.get("stringData") or {}
    if not isinstance(data, Mapping) or not isinstance(text, Mapping):
        return secret
    encoded = {key: _reencoded(value) for key, value in data.items()}
    for key, value in text.items():
        known = not has_unknown(value)
        encoded[key] = base64.b64encode(str(value).encode()).decode() if known else value
    if not encoded:
        return secret
    rest = {key: value for key, value in secret.items() if key != "stringData"}
    return {**rest, "data": encoded}


def _reencoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64encode(base64.b64decode("".join(value.split()), validate=True)).decode()
    except binascii.Error:
        return value


def _with_canonical_quantities(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_canonical_quantities(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    result: dict[str, Any] = {}
    for key, item in value.items():
        if key in _QUANTITIES:
            result[key] = _quantity(item)
        elif key in _QUANTITY_MAPS and isinstance(item, Mapping):
            result[key] = {name: _quantity(amount) for name, amount in item.items()}
        else:
            result[key] = _with_canonical_quantities(item)
    return result


def _quantity(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return canonical(value) if isinstance(value, str) else value


def to_manifest(properties: Mapping[str, Any]) -> Manifest:
    """Pulumi's property names turned into Kubernetes' (`x_kubernetes_...` in a CRD's schema)."""
    return _renamed(properties, _DASHED) if _is_crd(properties) else dict(properties)


def to_properties(manifest: Mapping[str, Any]) -> Manifest:
    """The reverse of `to_manifest`."""
    return _renamed(manifest, _UNDERSCORED) if _is_crd(manifest) else dict(manifest)


def _is_crd(manifest: Mapping[str, Any]) -> bool:
    return manifest.get("kind") == "CustomResourceDefinition"


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value
