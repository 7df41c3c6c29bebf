"""Inputs made from a live object that the state does not know: for import and `.get`."""

from __future__ import annotations

from typing import Final

from sandbox.plugins.kubernetes.objects import Manifest, metadata, without_read_only

_SERVER_ANNOTATIONS: Final = frozenset(
    {"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"}
)


def of(live: Manifest) -> Manifest:
    """All that a program could have written: neither status nor what the API server manages."""
    manifest = without_read_only({key: live[key] for key in live if key != "status"})
    annotations = metadata(manifest).get("annotations")
    if annotations is None:
        return manifest
    kept = {key: value for key, value in annotations.items() if key not in _SERVER_ANNOTATIONS}
    fields = {key: value for key, value in metadata(manifest).items() if key != "annotations"}
    return {**manifest, "metadata": {**fields, **({"annotations": kept} if kept else {})}}
