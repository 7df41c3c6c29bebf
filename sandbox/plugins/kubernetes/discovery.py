"""What kinds an API server has: by aggregated discovery, in two requests, kept in memory.

The dynamic client's own discoverers ask group by group and keep a file in the temporary directory
that outlives the cluster it describes.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Final

from kubernetes.dynamic import Resource
from kubernetes.dynamic.discovery import Discoverer

_ACCEPT: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

_TIMEOUT: Final = (5.0, 30.0)
"""Seconds to connect and between two bytes of an answer."""


class AggregatedDiscovery(Discoverer):
    """Needs Kubernetes 1.30 or newer. Asks again when a kind is missing: it may be new."""

    def __init__(self, client: Any, cache_file: str | None) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._resources: list[Resource] = []
        self.discover()

    @property
    def version(self) -> Any:
        return self.client.request("get", "/version")

    @property
    def api_groups(self) -> list[str]:
        return sorted({resource.group for resource in self._resources})

    def invalidate_cache(self) -> None:
        self.discover()

    def discover(self) -> None:
        """Ask the API server.

        Raises:
            RuntimeError: if it does not know aggregated discovery.
        """
        resources = [
            resource
            for prefix in ("api", "apis")
            for group in self._groups(prefix)
            for resource in self._resources_of(prefix, group)
        ]
        with self._lock:
            self._resources = resources

    def _groups(self, prefix: str) -> list[dict[str, Any]]:
        response = self.client.request(
            "get",
            f"/{prefix}",
            header_params={"Accept": _ACCEPT},
            serialize=False,
            _request_timeout=_TIMEOUT,
        )
        document = json.loads(response.data)
        if document.get("kind") != "APIGroupDiscoveryList":
            raise RuntimeError("the API server is older than Kubernetes 1.30")
        return list(document.get("items") or [])

    def _resources_of(self, prefix: str, group: dict[str, Any]) -> list[Resource]:
        return [
            Resource(
                prefix=prefix,
                group=group.get("metadata", {}).get("name", ""),
                api_version=version["version"],
                kind=entry["responseKind"]["kind"],
                name=entry["resource"],
                namespaced=entry["scope"] == "Namespaced",
                verbs=entry.get("verbs") or [],
                preferred=position == 0,
                client=self.client,
                singularName=entry.get("singularResource"),
                shortNames=entry.get("shortNames"),
                categories=entry.get("categories"),
                subresources=_subresources(entry),
            )
            for position, version in enumerate(group.get("versions") or [])
            for entry in version.get("resources") or []
        ]

    def search(
        self,
        prefix: str | None = None,
        group: str | None = None,
        api_version: str | None = None,
        kind: str | None = None,
        **attributes: Any,
    ) -> list[Resource]:
        """All resources that match, after asking the API server again if none does."""
        if not group and api_version and "/" in api_version:
            group, api_version = api_version.split("/")
        elif group is None and api_version == "v1" and kind is not None:
            group = ""
        wanted = {"prefix": prefix, "group": group, "api_version": api_version, "kind": kind}
        wanted = {key: value for key, value in (wanted | attributes).items() if value is not None}
        matches = self._matching(wanted)
        if not matches:
            self.discover()
            matches = self._matching(wanted)
        return matches

    def _matching(self, wanted: dict[str, Any]) -> list[Resource]:
        with self._lock:
            resources = self._resources
        return [
            resource
            for resource in resources
            if all(getattr(resource, key) == value for key, value in wanted.items())
        ]


def _subresources(entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        subresource["subresource"]: {
            "name": f"{entry['resource']}/{subresource['subresource']}",
            "kind": subresource["responseKind"]["kind"],
            "namespaced": entry["scope"] == "Namespaced",
            "verbs": subresource.get("verbs") or [],
        }
        for subresource in entry.get("subresources") or []
        if subresource.get("responseKind")
    }
