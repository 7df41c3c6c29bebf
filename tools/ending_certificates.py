"""Finds certificates that end soon and that cert-manager does not renew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tools.cluster import cluster_client
from tools.existing_stack import stack_outputs, stack_settings

SOON = timedelta(days=20)
"""cert-manager renews a certificate of 90 days 30 days before it ends."""

NAMESPACE = "_namespace"
"""The suffix of the output with an application's namespace."""


def ending_certificates(stack: str, folder: Path) -> Iterator[str]:
    """Yields a line for each certificate of the stack's hosts that ends in less than 20 days,
    although it should have been renewed.

    Raises:
        ToolError: the cluster does not respond, or responds with an error.
    """
    if "https" not in stack_settings(stack, folder).get("ingress", {}):
        return
    outputs = stack_outputs(stack, folder, "--show-secrets")
    if "kubeconfig" not in outputs:
        return
    namespaces = {outputs[key] for key in outputs if key.endswith(NAMESPACE)}
    with cluster_client(stack, outputs, folder) as api:
        for each in _certificates(client.CustomObjectsApi(api)):
            if each["metadata"]["namespace"] in namespaces:
                yield from _overdue(each, datetime.now(UTC))


def _certificates(api: client.CustomObjectsApi) -> list[dict[str, Any]]:
    """Returns all certificates of the cluster; none if cert-manager is not installed yet."""
    try:
        found = api.list_cluster_custom_object("cert-manager.io", "v1", "certificates")
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return []
        raise
    items: list[dict[str, Any]] = found["items"]
    return items


def _overdue(certificate: dict[str, Any], now: datetime) -> Iterator[str]:
    status = certificate.get("status") or {}
    end, renewal = _time(status.get("notAfter")), _time(status.get("renewalTime"))
    if end and renewal and renewal < now and end < now + SOON:
        hosts = ", ".join(certificate["spec"].get("dnsNames") or ())
        messages = {each["type"]: each.get("message") for each in status.get("conditions") or ()}
        reason = " ".join((messages.get("Issuing") or messages.get("Ready") or "").split())
        yield (
            f"{hosts}: the certificate ends on {end:%Y-%m-%d} and has not been renewed since"
            f" {renewal:%Y-%m-%d}: {reason}"
        )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
