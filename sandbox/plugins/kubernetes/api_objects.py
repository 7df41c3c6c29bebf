"""Objects of any kind in a cluster, by discovery and the dynamic client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sandbox.plugins.kubernetes import api_errors
from sandbox.plugins.kubernetes.api_errors import UnknownKind
from sandbox.plugins.kubernetes.kinds import built_in_scope
from sandbox.plugins.kubernetes.objects import Manifest, metadata

if TYPE_CHECKING:
    from kubernetes.dynamic import DynamicClient

_TIMEOUT: Final = (5.0, 90.0)
"""Seconds to connect and between two bytes of an answer."""


class ApiObjects:
    """Creates, reads, changes and deletes objects. Every method raises `ApiError` if refused.

    Methods that find the kind of an object raise `UnknownKind` if the API server has none.
    """

    def __init__(self, client: DynamicClient) -> None:
        self.client = client

    def has_kind(self, manifest: Manifest) -> bool:
        try:
            self._resource(manifest)
        except UnknownKind:
            return False
        return True

    def namespaced(self, manifest: Manifest) -> bool:
        return bool(self._resource(manifest).namespaced)

    def get(self, manifest: Manifest, name: str | None = None) -> Manifest:
        return self._call("get", manifest, name=name or metadata(manifest)["name"])

    def create(self, manifest: Manifest, *, manager: str, dry_run: bool) -> Manifest:
        return self._call(
            "create", manifest, body=manifest, field_manager=manager, **_dry_run(dry_run)
        )

    def apply(self, manifest: Manifest, *, manager: str, force: bool, dry_run: bool) -> Manifest:
        """Server-side apply: creates the object or makes the given fields the manager's."""
        return self._call(
            "server_side_apply",
            manifest,
            body=manifest,
            name=metadata(manifest)["name"],
            field_manager=manager,
            force_conflicts="true" if force else "false",
            **_dry_run(dry_run),
        )

    def replace(self, manifest: Manifest, *, manager: str, dry_run: bool) -> Manifest:
        return self._call(
            "replace",
            manifest,
            body=manifest,
            name=metadata(manifest)["name"],
            field_manager=manager,
            **_dry_run(dry_run),
        )

    def json_patch(self, manifest: Manifest, patch: list[dict[str, Any]]) -> Manifest:
        return self._call(
            "patch",
            manifest,
            body=patch,
            name=metadata(manifest)["name"],
            content_type="application/json-patch+json",
        )

    def delete(self, manifest: Manifest, *, propagation: str) -> None:
        options = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": propagation,
        }
        self._call("delete", manifest, body=options, name=metadata(manifest)["name"])

    def _call(self, verb: str, manifest: Manifest, **parameters: Any) -> Manifest:
        resource = self._resource(manifest)
        if resource.namespaced:
            parameters["namespace"] = metadata(manifest).get("namespace") or "default"
        return api_errors.call(
            getattr(self.client, verb), resource, _request_timeout=_TIMEOUT, **parameters
        )

    def _resource(self, manifest: Manifest) -> Any:
        from kubernetes.dynamic.exceptions import ResourceNotFoundError

        api_version = str(manifest["apiVersion"]).removeprefix("core/")
        kind = manifest["kind"]
        try:
            return self.client.resources.get(api_version=api_version, kind=kind)
        except ResourceNotFoundError:
            raise UnknownKind(f'no matches for kind "{kind}" in version "{api_version}"') from None


def is_namespaced(manifest: Mapping[str, Any], objects: Callable[[], ApiObjects]) -> bool:
    """Whether the object lives in a namespace; `objects` is called only if need be.

    A kind that is neither built in nor known to the API server is taken for one that does: its
    CustomResourceDefinition may not have been created yet.
    """
    scope = built_in_scope(str(manifest.get("apiVersion")), str(manifest.get("kind")))
    if scope is not None:
        return scope
    try:
        return objects().namespaced(dict(manifest))
    except UnknownKind:
        return True


def _dry_run(dry_run: bool) -> dict[str, str]:
    return {"dry_run": "All"} if dry_run else {}
