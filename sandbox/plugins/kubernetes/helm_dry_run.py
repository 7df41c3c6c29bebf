"""What the API server says to a rendered chart's objects, before any of them is made.

Helm's own dry run renders and looks for conflicts, but shows no object to the API server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sandbox.plugins.kubernetes.helm_outputs import documents

if TYPE_CHECKING:
    from kubernetes.dynamic import DynamicClient
    from kubernetes.dynamic.resource import Resource

_REFUSED: Final = (400, 422)
_EXISTS: Final = 409
_NOT_FOUND: Final = 404


def refusals(client: DynamicClient, namespace: str, manifest: str) -> list[str]:
    """The objects that the API server would not take as they are, each with its words.

    Kinds that it does not know yet are passed over, since their definitions may come with the
    chart, and so are objects in a namespace that is not there yet, but for their form.

    Args:
        client: for the API server.
        namespace: of objects that name none.
        manifest: as helm renders it.
    """
    from kubernetes.dynamic.exceptions import ResourceNotFoundError

    found = []
    for item in documents(manifest):
        try:
            resource = client.resources.get(api_version=item["apiVersion"], kind=item["kind"])
        except ResourceNotFoundError:
            continue
        reason = _refusal(resource, item, namespace)
        if reason:
            found.append(f"{item['kind']} {item['metadata']['name']}: {reason}")
    return found


def _refusal(resource: Resource, item: dict[str, Any], namespace: str) -> str:
    scope: dict[str, Any] = {"dry_run": "All"}
    if resource.namespaced:
        scope["namespace"] = item["metadata"].get("namespace") or namespace
    code, reason = _asked(resource.create, {"body": item, **scope})
    if code not in (_EXISTS, *_REFUSED):
        return ""
    name = item["metadata"]["name"]
    updated, update_reason = _asked(resource.patch, {"body": item, "name": name, **scope})
    if updated == _NOT_FOUND:
        return reason
    return update_reason if updated in _REFUSED else ""


def _asked(request: Any, arguments: Mapping[str, Any]) -> tuple[int, str]:
    from kubernetes.client.exceptions import ApiException

    try:
        request(**arguments)
    except ApiException as error:
        try:
            return error.status, json.loads(error.body)["message"]
        except (TypeError, ValueError, KeyError):
            return error.status, str(error.reason)
    return 0, ""
