"""The life of a resource that is one Kubernetes object: check, diff, create, read, update, delete.

Properties are as `wire.decode` gives them; manifests are the same in plain, by Kubernetes' names.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.plugins.kubernetes import inputs, live_inputs, naming, state
from sandbox.plugins.kubernetes.api_errors import ApiError, UnknownKind
from sandbox.plugins.kubernetes.api_objects import ApiObjects, is_namespaced
from sandbox.plugins.kubernetes.apply import Applier, FieldConflict, creation_error
from sandbox.plugins.kubernetes.cluster import Cluster, Unreachable
from sandbox.plugins.kubernetes.difference import Difference, compare
from sandbox.plugins.kubernetes.kinds import kind_of, name_of
from sandbox.plugins.kubernetes.objects import (
    REPLACE_UNREADY,
    Manifest,
    Path,
    annotation,
    annotation_warnings,
    metadata,
    object_id,
    parse_id,
    prune,
    with_metadata,
)
from sandbox.plugins.kubernetes.options import Options
from sandbox.plugins.kubernetes.waiting import Waiting
from sandbox.plugins.property_diff import join
from sandbox.plugins.rpc import Engine, InitializationError, ProviderError
from sandbox.plugins.wire import has_unknown, reveal

Properties = dict[str, Any]


class KubernetesResources:
    """Objects of any kind in one cluster."""

    def __init__(
        self, cluster: Cluster, options: Options, engine: Engine, cancelled: threading.Event
    ) -> None:
        self._cluster = cluster
        self._options = options
        self._engine = engine
        self._cancelled = cancelled

    def check(
        self,
        urn: str,
        olds: Properties,
        news: Properties,
        seed: bytes,
        autonaming: tuple[naming.Mode, str] | None,
    ) -> Properties:
        """The inputs, named, with a namespace, in the form that the API server stores.

        Raises:
            ProviderError: if the resource is of a kind, or names itself in a way, not supported.
        """
        api_version, kind = kind_of(urn)
        manifest = inputs.normalize(inputs.to_manifest(reveal(news)))
        hooks = not self._options.suppress_helm_hook_warnings
        for warning in annotation_warnings(manifest, hooks=hooks):
            self._engine.warning(urn, warning)
        if olds:
            manifest = naming.keep_old_name(manifest, reveal(olds))
        else:
            manifest = naming.assign_name(manifest, name_of(urn), seed, autonaming)
        if naming.has_generated_name(manifest):
            raise ProviderError(
                "the `.metadata.generateName` field is not supported in Server-Side Apply mode"
            )
        namespace = self._cluster.namespace
        if (
            namespace
            and not metadata(manifest).get("namespace")
            and self._is_namespaced({"apiVersion": api_version, "kind": kind})
        ):
            manifest = with_metadata(manifest, namespace=namespace)
        return state.with_secrets(inputs.to_properties(manifest), news)

    def diff(
        self, urn: str, olds: Properties, news: Properties, ignored: Sequence[Path]
    ) -> Difference:
        old_inputs, live = state.parse(olds)
        manifest = inputs.to_manifest(reveal(news))
        difference = compare(
            old_inputs,
            live,
            manifest,
            namespaced=self._is_namespaced(manifest),
            options=self._options,
            ignored=ignored,
        )
        if annotation(manifest, REPLACE_UNREADY) == "true" and self._is_unready(urn, live):
            path = join("metadata.annotations", REPLACE_UNREADY)
            changes = {**difference.changes, path: "update"}
            return Difference(
                changes, [*difference.replaces, path], difference.delete_before_replace
            )
        return difference

    def create(
        self, urn: str, properties: Properties, timeout: float | None, *, preview: bool
    ) -> tuple[str, Properties]:
        """Create the object and wait until it is ready; in a preview, ask the API server if it may.

        Raises:
            ProviderError: if it can't be created.
            InitializationError: if it was created and does not become ready.
        """
        manifest = inputs.to_manifest(reveal(properties))
        if preview and not self._can_dry_run(manifest):
            return "", properties
        objects = self._objects()
        manager = naming.field_manager(manifest, {})
        outputs = functools.partial(
            state.outputs,
            manifest,
            properties=properties,
            api_version=manifest["apiVersion"],
            field_manager=manager,
        )
        status = functools.partial(self._engine.status, urn)
        try:
            live = self._applier(objects).create(manifest, manager, dry_run=preview, status=status)
        except (ApiError, UnknownKind) as error:
            if preview and isinstance(error, ApiError) and error.says_nothing_of_creation:
                return "", properties
            raise creation_error(urn, error) from None
        if preview:
            return "", outputs({key: live[key] for key in live if key != "status"})
        explanation = (
            f'resource "{urn}" was successfully created, but the Kubernetes API server reported '
            "that it failed to fully initialize or become live"
        )
        live = self._waiting(urn, objects).until_ready(live, timeout, explanation, outputs)
        return object_id(live), outputs(live)

    def update(
        self,
        urn: str,
        olds: Properties,
        news: Properties,
        timeout: float | None,
        ignored: Sequence[Path],
        *,
        preview: bool,
    ) -> Properties:
        """Apply the new inputs and wait until the object is ready.

        Raises:
            ProviderError: if there is nothing to update.
            InitializationError: if the API server refuses, or the object does not become ready.
        """
        manifest = inputs.normalize(inputs.to_manifest(reveal(news)))
        if preview and not self._can_dry_run(manifest):
            return news
        objects = self._objects()
        old_inputs, old_live = state.parse(olds)
        old_manager = naming.field_manager(old_inputs, olds)
        manager = naming.field_manager(manifest, olds)
        outputs = functools.partial(
            state.outputs,
            manifest,
            properties=news,
            api_version=state.initial_api_version(olds, manifest),
            field_manager=manager,
        )
        explanation = (
            f'the Kubernetes API server reported that "{object_id(old_live)}" failed to fully '
            "initialize or become live"
        )
        applier, name = self._applier(objects), metadata(old_live)["name"]
        try:
            live = applier.update(manifest, name, manager, ignored, dry_run=preview)
        except UnknownKind as error:
            raise ProviderError(
                f'update of resource "{urn}" failed because the Kubernetes API server reported '
                "that the apiVersion for this resource does not exist. Verify that any required "
                f"CRDs have been created: {error}"
            ) from None
        except (ApiError, FieldConflict) as error:
            if preview and isinstance(error, ApiError) and error.forbidden:
                return news
            try:
                live = objects.get(old_live)
            except ApiError as second:
                raise ProviderError(
                    f'update of resource "{urn}" failed: {error}\n'
                    f"unable to get cluster state: {second}"
                ) from None
            raise InitializationError(
                object_id(live), outputs(live), [f"{explanation}: {error}"]
            ) from None
        if preview:
            return outputs(live)
        live = self._waiting(urn, objects).until_ready(live, timeout, explanation, outputs)
        if old_manager != manager:
            applier.relinquish(live, old_manager)
        return outputs(live)

    def read(
        self, urn: str, identifier: str, old_properties: Properties, olds: Properties
    ) -> tuple[Properties, Properties] | None:
        """The inputs and outputs of the object as it is now; `None` if it is gone.

        Raises:
            InitializationError: if the object, known to the state, is not ready.
        """
        old_inputs = inputs.normalize(inputs.to_manifest(reveal(old_properties)))
        stored_inputs, old_live = state.parse(olds)
        if "kind" not in old_inputs:  # the engine keeps no inputs of what `.get` read
            old_inputs = stored_inputs
        from_cluster = "kind" not in old_inputs and "kind" not in old_live
        if "kind" not in old_inputs:
            api_version, kind = kind_of(urn)
            old_inputs = {
                "apiVersion": old_live.get("apiVersion", api_version),
                "kind": old_live.get("kind", kind),
                **old_inputs,
            }
        namespace, name = parse_id(identifier)
        namespace = metadata(old_inputs).get("namespace") or namespace
        identity = with_metadata(old_inputs, name=name, namespace=namespace or None)
        objects = self._objects()
        try:
            live = objects.get(identity)
        except UnknownKind:
            return None
        except ApiError as error:
            if error.not_found:
                return None
            raise
        manifest = live_inputs.of(live) if from_cluster else prune(live, old_inputs)
        outputs = state.outputs(
            manifest,
            live,
            old_properties,
            api_version=state.initial_api_version(olds, identity),
            field_manager=naming.field_manager(old_inputs, olds),
        )
        properties = state.with_secrets(inputs.to_properties(manifest), old_properties)
        if not from_cluster:
            reasons = self._waiting(urn, objects).unready_reasons(live)
            if reasons:
                raise InitializationError(identifier, outputs, reasons, properties)
        return properties, outputs

    def delete(self, urn: str, olds: Properties, timeout: float | None) -> None:
        """Delete the object and wait until it is gone; nothing happens if it is already.

        Raises:
            ProviderError: if the API server refuses, or the object is still there in the end.
        """
        _, live = state.parse(olds)
        objects = self._objects()
        if not self._applier(objects).delete(live):
            return
        self._waiting(urn, objects).until_gone(live, timeout)

    def _is_unready(self, urn: str, live: Manifest) -> bool:
        if live.get("kind") != "Job":
            self._engine.warning(
                urn, "replaceUnready annotation is not supported for this resource"
            )
            return False
        try:
            objects = self._objects()
            return bool(self._waiting(urn, objects).unready_reasons(objects.get(live)))
        except Unreachable:
            self._engine.warning(urn, "Cluster is unreachable, skipping replaceUnready check")
            return False
        except ApiError:
            return False

    def _can_dry_run(self, manifest: Manifest) -> bool:
        if has_unknown(manifest) or self._cluster.unreachable_reason():
            return False
        return self._objects().has_kind(manifest)

    def _is_namespaced(self, manifest: Mapping[str, Any]) -> bool:
        try:
            return is_namespaced(manifest, self._objects)
        except Unreachable:
            return True

    def _objects(self) -> ApiObjects:
        return ApiObjects(self._cluster.client())

    def _waiting(self, urn: str, objects: ApiObjects) -> Waiting:
        return Waiting(objects.client, functools.partial(self._engine.status, urn), self._cancelled)

    def _applier(self, objects: ApiObjects) -> Applier:
        return Applier(objects, self._options.patch_force, self._options.upsert, self._cancelled)
