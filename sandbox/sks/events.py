"""Writes Events on objects, in the format of Kubernetes' controllers."""

import uuid
from datetime import UTC, datetime
from typing import Any

from kubernetes import client


class EventRecorder:
    """Writes Events on objects of the kind `kind`, with the component `source`.

    Events on objects without a namespace are in the namespace `default`. If an Event is repeated
    for the same object, its count is increased instead.
    """

    def __init__(self, api: client.CoreV1Api, kind: str, source: str) -> None:
        self._api = api
        self._kind = kind
        self._source = source
        self._written: dict[tuple[str, ...], tuple[str, int]] = {}

    def normal(self, regarding: dict[str, Any], reason: str, text: str) -> None:
        """Writes an Event of type Normal."""
        self._record("Normal", regarding, reason, text)

    def warning(self, regarding: dict[str, Any], reason: str, text: str) -> None:
        """Writes an Event of type Warning."""
        self._record("Warning", regarding, reason, text)

    def _record(self, kind: str, regarding: dict[str, Any], reason: str, text: str) -> None:
        metadata = regarding["metadata"]
        namespace = metadata.get("namespace") or "default"
        key = (metadata["uid"], kind, reason, text)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        name, count = self._written.get(key, ("", 0))
        if name:
            change = {"count": count + 1, "lastTimestamp": now}
            try:
                self._api.patch_namespaced_event(
                    name,
                    namespace,
                    change,
                    _content_type="application/strategic-merge-patch+json",
                )
            except client.ApiException as error:
                # Events expire after an hour.
                if error.status != 404:
                    raise
            else:
                self._written[key] = (name, count + 1)
                return
        name = f"{metadata['name']}.{uuid.uuid4().hex[:16]}"
        event = {
            "metadata": {"name": name, "namespace": namespace},
            "type": kind,
            "reason": reason,
            "message": text,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": self._source},
            "reportingComponent": self._source,
            "involvedObject": {
                "apiVersion": "v1",
                "kind": self._kind,
                "name": metadata["name"],
                "namespace": metadata.get("namespace"),
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
            },
        }
        try:
            self._api.create_namespaced_event(namespace, event)
        except client.ApiException as error:
            # A namespace that is being deleted rejects new objects.
            if error.status != 403:
                raise
            return
        self._written[key] = (name, 1)
