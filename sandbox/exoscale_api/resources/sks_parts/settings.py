"""Checks the settings of a control plane in a request, and converts them for the SKS runtime.

Exoscale doesn't publish which settings it rejects in addition to its OpenAPI document. Here, the
settings with which kube-apiserver wouldn't start are rejected, before any change is made.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from packaging.version import Version

from sandbox.exoscale_api.errors import BadRequest
from sandbox.exoscale_api.store import Json
from sandbox.sks.spec import CCM_ADDON, CSI_ADDON, Audit, ClusterSpec, Networking, Oidc

AUDIT_BACKOFF = "10s"
"""Default of `initial-backoff` (OpenAPI, sks-audit-create)."""

_DURATION = re.compile(r"(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+")
_Network = IPv4Network | IPv6Network


def specification(cluster: Json, zone: str, token: str | None) -> ClusterSpec:
    """Returns a stored cluster for the runtime; `token` is that of the audit endpoint."""
    audit, oidc = cluster.get("audit"), cluster.get("oidc")
    return ClusterSpec(
        name=cluster["name"],
        version=cluster["version"],
        zone=zone,
        addons=cluster["addons"],
        feature_gates=cluster["feature-gates"],
        cni=cluster.get("cni"),
        kube_proxy=cluster["enable-kube-proxy"],
        audit=_audit(audit, token) if audit and audit["enabled"] else None,
        oidc=Oidc(**_snake_case(oidc)) if oidc else None,
        networking=_networking(cluster.get("networking") or {}),
    )


def check_audit(audit: Mapping[str, Any], token: str | None) -> None:
    """Raises BadRequest if the API server couldn't send the audit log to the endpoint."""
    if audit["enabled"]:
        if not audit.get("endpoint") or not token:
            raise BadRequest("Invalid request: body.audit: endpoint and bearer-token are required")
        address = urlsplit(audit["endpoint"])
        if address.scheme not in ("http", "https") or not address.hostname:
            raise BadRequest("Invalid request: body.audit.endpoint: not an http(s) URL")
    if not _DURATION.fullmatch(audit["initial-backoff"]):
        raise BadRequest("Invalid request: body.audit.initial-backoff: not a duration such as 10s")


def check_oidc(oidc: Mapping[str, Any]) -> None:
    """Raises BadRequest unless the issuer is an https URL, which kube-apiserver requires."""
    address = urlsplit(oidc["issuer-url"])
    if address.scheme != "https" or not address.hostname or address.query or address.fragment:
        raise BadRequest("Invalid request: body.oidc.issuer-url: not an https URL")


def check_addons(addons: list[str], before: list[str]) -> None:
    """Raises BadRequest if addons are removed, or if an addon that another one needs is missing."""
    if removed := sorted(set(before) - set(addons)):
        raise BadRequest(f"Disabling addons is not supported: {', '.join(removed)}")
    if CSI_ADDON in addons and CCM_ADDON not in addons:
        raise BadRequest(f"Addon {CSI_ADDON} requires {CCM_ADDON}")


def check_upgrade(name: str, version: str, to: str) -> None:
    """Raises BadRequest unless `to` has the same or the next minor version, and is not older."""
    old, new = Version(version), Version(to)
    if new < old:
        raise BadRequest(f"SKS cluster {name} can't be downgraded from {version} to {to}")
    if (new.major, new.minor) > (old.major, old.minor + 1):
        raise BadRequest(
            f"SKS cluster {name} can't be upgraded from {version} to {to}: "
            "one minor version at a time"
        )


def check_networking(given: Mapping[str, Any]) -> None:
    """Raises BadRequest unless the networks of pods and Services are separate CIDRs."""
    networking = _networking(given)
    networks = [
        *_networks("cluster-cidr", networking.pods),
        *_networks("service-cluster-ip-range", networking.services),
    ]
    for one, other in combinations(networks, 2):
        if one.version == other.version and one.overlaps(other):
            raise BadRequest(f"Invalid request: body.networking: {one} and {other} overlap")


def _networks(name: str, text: str) -> list[_Network]:
    try:
        networks = [ip_network(part) for part in text.split(",")]
    except ValueError as error:
        raise BadRequest(f"Invalid request: body.networking.{name}: {error}") from error
    if len(networks) != len({network.version for network in networks}):
        raise BadRequest(f"Invalid request: body.networking.{name}: two of one IP version")
    return networks


def _networking(given: Mapping[str, Any]) -> Networking:
    names = {
        "cluster-cidr": "pods",
        "service-cluster-ip-range": "services",
        "node-cidr-mask-size-ipv4": "node_mask_ipv4",
        "node-cidr-mask-size-ipv6": "node_mask_ipv6",
    }
    return Networking(**{names[name]: value for name, value in given.items() if name in names})


def _audit(audit: Mapping[str, Any], token: str | None) -> Audit:
    assert token is not None
    return Audit(
        endpoint=audit["endpoint"], bearer_token=token, initial_backoff=audit["initial-backoff"]
    )


def _snake_case(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in fields.items()}
