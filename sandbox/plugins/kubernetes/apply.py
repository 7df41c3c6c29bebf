"""Creating, updating and deleting objects: requests, dry runs, field managers, waiting.

Source: pulumi/pulumi-kubernetes, `provider/pkg/await/await.go`. An object is created by a plain
request under the field manager `pulumi-kubernetes`, so that one that exists is not taken over
unasked. The first update hands its fields to the object's own manager and applies from then on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.plugins.kubernetes import managed_fields
from sandbox.plugins.kubernetes.api_errors import ApiError, UnknownKind
from sandbox.plugins.kubernetes.api_objects import ApiObjects
from sandbox.plugins.kubernetes.managed_fields import CREATE_MANAGER
from sandbox.plugins.kubernetes.objects import (
    DELETION_PROPAGATION,
    PATCH_FORCE,
    Manifest,
    Path,
    annotation,
    group_of,
    metadata,
    with_metadata,
)
from sandbox.plugins.rpc import ProviderError

_RETRIES: Final = 5
_CONFLICT_HELP: Final = (
    "server-side apply field conflict detected, see https://www.pulumi.com/registry/packages/"
    "kubernetes/how-to-guides/managing-resources-with-server-side-apply/"
    "#handle-field-conflicts-on-existing-resources for troubleshooting help"
)
_EXISTS_HELP: Final = """

The resource already exists in the cluster. This can happen when:

  - Renaming a Pulumi resource: use an alias to preserve the identity,
    or use deleteBeforeReplace if the resource needs replacement.
  - Managing an existing resource: use a Patch resource (e.g. NamespacePatch)
    to manage specific fields without owning the resource lifecycle.
  - Adopting a resource into Pulumi: use `pulumi import`. Note that
    protected resources (e.g. kube-system) cannot be deleted on destroy.
  - Intentional upsert: set upsertExistingObjects on the provider to allow
    server-side apply to update existing objects on create."""


@dataclass(frozen=True)
class Applier:
    """Changes objects in one cluster.

    Attributes:
        force: take fields over from other managers (`enablePatchForce`).
        upsert: creating an object that exists updates it (`upsertExistingObjects`).
        cancelled: set when the user interrupts.
    """

    objects: ApiObjects
    force: bool
    upsert: bool
    cancelled: threading.Event

    def create(
        self, manifest: Manifest, manager: str, *, dry_run: bool, status: Callable[[str], None]
    ) -> Manifest:
        """Create the object; a kind or namespace still missing is tried again for a while.

        Raises:
            ApiError: if the API server refuses.
            UnknownKind: if it does not know the kind.
        """
        attempt = 0
        while True:
            try:
                return self._create(manifest, manager, dry_run)
            except (ApiError, UnknownKind) as error:
                missing = isinstance(error, UnknownKind) or error.not_found
                if not missing or dry_run or attempt == _RETRIES:
                    raise
                attempt += 1
                status(f"Retry #{attempt}; creation failed: {error}")
                if self.cancelled.wait(0.25 * 2**attempt):
                    raise

    def _create(self, manifest: Manifest, manager: str, dry_run: bool) -> Manifest:
        if self.upsert:
            force = self.force or dry_run or annotation(manifest, PATCH_FORCE) == "true"
            return self._apply(manifest, manager, force, dry_run)
        return self.objects.create(manifest, manager=CREATE_MANAGER, dry_run=dry_run)

    def update(
        self, manifest: Manifest, name: str, manager: str, ignored: Sequence[Path], *, dry_run: bool
    ) -> Manifest:
        """Make the object, of the given name, what the manifest says.

        Raises:
            ApiError: if the API server refuses.
            FieldConflict: if another manager owns a field that would change.
            UnknownKind: if it does not know the kind.
        """
        manifest = with_metadata(manifest, name=name)
        live = self.objects.get(manifest) if dry_run else self._taken_over(manifest, manager)
        if _is_crd(manifest):
            version = metadata(live)["resourceVersion"]
            replacement = with_metadata(manifest, resourceVersion=version)
            return self.objects.replace(replacement, manager=manager, dry_run=dry_run)
        kept = managed_fields.keep_ignored(manifest, live, manager, ignored)
        force = (
            self.force
            or annotation(manifest, PATCH_FORCE) == "true"
            or managed_fields.has_none(live)
            or (dry_run and managed_fields.was_created_without_apply(live))
        )
        return self._apply(kept, manager, force, dry_run)

    def _taken_over(self, manifest: Manifest, manager: str) -> Manifest:
        """The live object, the fields of its creation now the manager's."""
        for attempt in range(_RETRIES + 1):
            live = self.objects.get(manifest)
            patch = None if _is_crd(manifest) else managed_fields.take_over(live, manager)
            if patch is None:
                break
            try:
                return self.objects.json_patch(manifest, patch)
            except ApiError as error:
                if not error.conflict or attempt == _RETRIES:
                    raise
        return live

    def _apply(self, manifest: Manifest, manager: str, force: bool, dry_run: bool) -> Manifest:
        try:
            return self.objects.apply(manifest, manager=manager, force=force, dry_run=dry_run)
        except ApiError as error:
            if not error.conflict:
                raise
            raise FieldConflict(manager, error) from None

    def relinquish(self, manifest: Manifest, manager: str) -> None:
        """Give up what another manager of the same object owns, after it was renamed."""
        identity = {key: metadata(manifest).get(key) for key in ("name", "namespace")}
        bare = {
            "apiVersion": manifest["apiVersion"],
            "kind": manifest["kind"],
            "metadata": {key: value for key, value in identity.items() if value},
        }
        self.objects.apply(bare, manager=manager, force=False, dry_run=False)

    def delete(self, manifest: Manifest) -> bool:
        """Ask for the object's deletion. Returns whether there was anything to delete."""
        policies = {"orphan": "Orphan", "background": "Background"}
        wanted = annotation(manifest, DELETION_PROPAGATION).lower()
        try:
            self.objects.delete(manifest, propagation=policies.get(wanted, "Foreground"))
        except UnknownKind:
            return False
        except ApiError as error:
            if error.not_found:
                return False
            raise
        return True


class FieldConflict(ProviderError):
    """Another field manager owns a field that server-side apply would change."""

    def __init__(self, manager: str, error: ApiError) -> None:
        super().__init__(
            f'{_CONFLICT_HELP}\nThe resource managed by field manager "{manager}" had an apply '
            f"conflict: {error}"
        )


def creation_error(urn: str, error: ProviderError) -> ProviderError:
    """The error that the user reads when an object could not be created."""
    if isinstance(error, UnknownKind):
        return ProviderError(
            f'creation of resource "{urn}" failed because the Kubernetes API server reported that '
            "the apiVersion for this resource does not exist. Verify that any required CRDs have "
            f"been created: {error}"
        )
    exists = isinstance(error, ApiError) and error.already_exists
    return ProviderError(
        f'resource "{urn}" was not successfully created by the Kubernetes API server: {error}'
        + (_EXISTS_HELP if exists else "")
    )


def _is_crd(manifest: Manifest) -> bool:
    return (
        group_of(manifest) == "apiextensions.k8s.io"
        and manifest.get("kind") == "CustomResourceDefinition"
    )
