"""The outputs of a Helm release: its inputs, what helm made of them, and how it fares.

Source: pulumi/pulumi-kubernetes, `provider/pkg/provider/helm_release.go`, `setReleaseAttributes`
and `checkpointRelease`, and `manifest_json.go`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from sandbox.plugins.kubernetes.helm_program import secret_strings
from sandbox.plugins.wire import UNKNOWN, Secret, conceal, reveal

INPUTS: Final = "__inputs"
COMPUTED: Final = ("manifest", "resourceNames", "status")


@dataclass(frozen=True)
class Release:
    """A release as helm has it stored, in its newest revision."""

    name: str
    namespace: str
    revision: int
    status: str
    chart: str
    version: str
    app_version: str
    values: dict[str, Any]
    manifest: str

    @classmethod
    def of(cls, status: Mapping[str, Any], metadata: Mapping[str, Any]) -> Release:
        """Take the answers of `helm status` and `helm get metadata`."""
        return cls(
            name=status["name"],
            namespace=status["namespace"],
            revision=status["version"],
            status=status["info"]["status"],
            chart=metadata["chart"],
            version=metadata["version"],
            app_version=metadata.get("appVersion", ""),
            values=status.get("config") or {},
            manifest=status.get("manifest", ""),
        )


def outputs(inputs: Mapping[str, Any], release: Release) -> dict[str, Any]:
    """The outputs, as secret as the inputs are."""
    plain = reveal(inputs)
    plain["values"] = merge(plain.get("values") or {}, release.values)
    plain["version"] = release.version
    found = conceal(plain, inputs)
    objects, names = objects_of(release.manifest)
    found["manifest"] = Secret(objects) if secret_strings(inputs) else objects
    found["resourceNames"] = names
    found["status"] = {
        "appVersion": release.app_version,
        "chart": release.chart,
        "name": release.name,
        "namespace": release.namespace,
        "revision": release.revision,
        "status": release.status,
        "version": release.version,
    }
    found[INPUTS] = Secret(dict(inputs))
    return dict(found)


def previewed(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs as far as a preview knows them."""
    return {**inputs, **dict.fromkeys(COMPUTED, UNKNOWN), INPUTS: Secret(dict(inputs))}


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid on it, objects merged at any depth."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def objects_of(manifest: str) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The objects of a rendered manifest by `[namespace/]kind/apiVersion/name`, the data of Secrets
    as hashes only; and their names by `Kind/apiVersion`."""
    objects: dict[str, Any] = {}
    names: dict[str, set[str]] = {}
    for item in documents(manifest):
        group, _, _ = item["apiVersion"].rpartition("/")
        kind = f"{item['kind']}.{group}" if group else item["kind"]
        name = item["metadata"]["name"]
        namespace = item["metadata"].get("namespace")
        prefix = f"{namespace}/" if namespace else ""
        names.setdefault(f"{kind}/{item['apiVersion']}", set()).add(prefix + name)
        objects[f"{prefix}{kind.lower()}/{item['apiVersion']}/{name}"] = _without_data(item)
    return objects, {kind: sorted(found) for kind, found in sorted(names.items())}


def documents(manifest: str) -> Iterator[dict[str, Any]]:
    """The objects of a rendered manifest, as JSON would have them."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for item in yaml.load_all(manifest, Loader=loader):
        if isinstance(item, dict) and item.get("kind"):
            yield json.loads(json.dumps(item, default=str))


def _without_data(item: dict[str, Any]) -> dict[str, Any]:
    if item["kind"] != "Secret":
        return item
    hashed = {
        field: {
            key: f"(sensitive value {hashlib.shake_256(str(value).encode()).hexdigest(8)})"
            for key, value in item[field].items()
        }
        for field in ("data", "stringData")
        if item.get(field)
    }
    return item | hashed
