"""The controller's checks of an Ingress, with its error messages.

Source: kubernetes/ingress-nginx 1.15.1, internal/ingress/controller/controller.go (CheckIngress,
CheckWarning, checkOverlap) and internal/ingress/inspector. Since CVE-2025-1974, the controller
doesn't test the resulting nginx configuration.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.sks.ingress_nginx import annotations
from sandbox.sks.ingress_nginx.settings import Settings, is_true

Ingress = dict[str, Any]
"""An Ingress in the API server's JSON format."""

_VALID_PATH = re.compile(r"/[A-Za-z0-9._/-]*")
_FORBIDDEN = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\s*alias\s*.*;",
        r"\s*root\s*.*;",
        r"/etc/(passwd|shadow|group|nginx|ingress-controller)",
        r"/var/run/secrets",
        r"_by_lua",
    )
]
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_CANARY = f"{annotations.PREFIX}canary"
_ANY_HOST = "_"


def refusal(ingress: Ingress, others: Sequence[Ingress], settings: Settings) -> str | None:
    """Returns the error with which the controller rejects `ingress`, None if it accepts it.

    Args:
        ingress: the Ingress to check.
        others: all existing Ingresses.
        settings: the controller's settings.
    """
    if "deletionTimestamp" in ingress["metadata"]:
        return None
    if settings.deep_inspect and (found := _forbidden(ingress)):
        return f"invalid object: {found}"
    if not _is_own(ingress, settings):
        return None
    if not settings.catch_all and ingress["spec"].get("defaultBackend"):
        return (
            "this deployment is trying to create a catch-all ingress while DisableCatchAll flag is "
            "set to true. Remove '.spec.defaultBackend' or set DisableCatchAll flag to false"
        )
    if settings.strict_path_type and (paths := _invalid_paths(ingress)):
        return "ingress contains invalid paths: " + "\n".join(paths)
    given = _annotations(ingress)
    return (
        annotations.forbidden(given, settings)
        or annotations.invalid(given, settings)
        or _overlap(ingress, _accepted(others, settings))
    )


def warnings(ingress: Ingress) -> list[str]:
    """Returns the controller's warnings about `ingress`, whatever its class."""
    return [] if "deletionTimestamp" in ingress["metadata"] else _invalid_paths(ingress)


def _is_own(ingress: Ingress, settings: Settings) -> bool:
    metadata = ingress["metadata"]
    if settings.namespace and metadata["namespace"] != settings.namespace:
        return False
    if name := ingress["spec"].get("ingressClassName"):
        return name in settings.classes
    if _CLASS_ANNOTATION in _annotations(ingress):
        return _annotations(ingress)[_CLASS_ANNOTATION] == settings.annotation_class
    return settings.without_class


def _paths(ingress: Ingress) -> Iterator[tuple[str, dict[str, Any]]]:
    for rule in ingress["spec"].get("rules", ()):
        for path in rule.get("http", {}).get("paths", ()):
            yield rule.get("host", ""), path


def _invalid_paths(ingress: Ingress) -> list[str]:
    return [
        f"path {path['path']} cannot be used with pathType {path['pathType']}"
        for _, path in _paths(ingress)
        if path.get("path")
        and path["pathType"] != "ImplementationSpecific"
        and not _VALID_PATH.fullmatch(path["path"])
    ]


def _forbidden(ingress: Ingress) -> str | None:
    key, spec = _key(ingress), ingress["spec"]
    places: list[tuple[str, str]] = []
    for rule in spec.get("rules", ()):
        places.append((f"host in ingress {key}", rule.get("host", "")))
    for _, path in _paths(ingress):
        places.append((f"rule in ingress {key}: invalid http path", path.get("path", "")))
    for tls in spec.get("tls", ()):
        places.append((f"secret in ingress {key}", tls.get("secretName", "")))
        places += [(f"host in ingress tls config {key}", host) for host in tls.get("hosts", ())]
    for place, value in places:
        if any(pattern.search(value) for pattern in _FORBIDDEN):
            return f"invalid {place}: invalid value found: {value}"
    return None


def _accepted(ingresses: Sequence[Ingress], settings: Settings) -> list[Ingress]:
    """Returns the Ingresses that the controller serves, in its order: oldest first."""
    served = [
        ingress
        for ingress in ingresses
        if _is_own(ingress, settings)
        and not (settings.deep_inspect and _forbidden(ingress))
        and not annotations.invalid(_annotations(ingress), settings)
    ]
    served.sort(key=_key, reverse=True)
    return sorted(served, key=lambda ingress: str(ingress["metadata"]["creationTimestamp"]))


def _overlap(ingress: Ingress, others: Sequence[Ingress]) -> str | None:
    """Returns the error if another Ingress has the same host and path, None otherwise.

    If one of the two has the annotation `canary`, they may share them.
    """
    owners: dict[tuple[str, str], dict[str, Ingress]] = {}
    for other in others:
        if _key(other) != _key(ingress) and not _is_canary(other):
            for place, path_type in _places(other):
                owners.setdefault(place, {}).setdefault(path_type, other)
    for (host, path), _ in _places(ingress):
        for owner in owners.get((host, path), {}).values():
            if _CANARY not in _annotations(ingress) and _CANARY not in _annotations(owner):
                return (
                    f'host "{host}" and path "{path}" is already defined in ingress {_key(owner)}'
                )
    return None


def _places(ingress: Ingress) -> Iterator[tuple[tuple[str, str], str]]:
    """Yields the hosts and paths that lead to a Service, with the controller's path type."""
    for host, path in _paths(ingress):
        if "service" in path["backend"]:
            exact = "Exact" if path["pathType"] == "Exact" else "Prefix"
            yield (host or _ANY_HOST, path.get("path") or "/"), exact


def _is_canary(ingress: Ingress) -> bool:
    return is_true(_annotations(ingress).get(_CANARY, ""))


def _annotations(ingress: Ingress) -> dict[str, str]:
    found: dict[str, str] = ingress["metadata"].get("annotations", {})
    return found


def _key(ingress: Ingress) -> str:
    return f"{ingress['metadata']['namespace']}/{ingress['metadata']['name']}"
