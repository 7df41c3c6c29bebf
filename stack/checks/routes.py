"""Rejects applications whose hosts and paths overlap, so that one gets the requests of another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple


class Route(NamedTuple):
    """A path or regular expression that an application serves on a host."""

    number: int
    key: str
    value: str
    host: str | None
    regex: str | None
    rewrite: bool
    """Whether the controller removes the path, for which it uses a regular expression."""

    @property
    def setting(self) -> str | None:
        """Returns the value of the setting."""
        return self.value if self.key in ("path", "ingress.regex") else self.host

    @property
    def path(self) -> str:
        """Returns the path in lower case: regular expressions make paths case-insensitive."""
        return self.value.lower()

    @property
    def is_expression(self) -> bool:
        """Whether the controller uses a regular expression for all paths of the host."""
        return bool(self.regex) or self.rewrite or "~" in self.value


def route_conflicts(apps: object, *, nested: bool = True) -> list[str]:
    """Returns a line for each pair of applications of which one gets requests for the other.

    The controller tries the longest path first. So an application may serve the root (`/`) of a
    host on which others serve paths, and a path may be below another one: `/api/auth` below `/api`.

    If a host has a regular expression, the controller treats all paths of the host as regular
    expressions without an end. Then `/api/auth` must have `rewrite`, which makes it
    `/api/auth(/|$)(.*)`. Without `rewrite`, `/api(/|$)(.*)` is longer, and `/api/auth` also matches
    `/api/authors`.

    Sources: kubernetes/ingress-nginx 1.15.1, internal/ingress/controller/controller.go,
    `getBackendServers`, and template/template.go, `buildLocation`; traefik/traefik 3.7,
    pkg/provider/kubernetes/ingress-nginx/translator.go, `buildRule`, and pkg/muxer/http/mux.go,
    `GetRulePriority`.

    Args:
        apps: the applications in the stack's configuration, which may be invalid.
        nested: whether a path may be below the path of another application.
    """
    routes = [*_routes(apps)] if isinstance(apps, list) else []
    by_expression = {each.host for each in routes if each.is_expression}

    def has_its_own(inner: Route) -> bool:
        return nested and (inner.rewrite or inner.host not in by_expression)

    found: dict[tuple[int, int], str] = {}
    for earlier, later in combinations(routes, 2):
        if earlier.number == later.number or earlier.host != later.host:
            continue
        if reason := _conflict(earlier, later, has_its_own):
            text = f"apps[{later.number}].{later.key}: {json.dumps(later.setting)}: {reason}"
            found.setdefault((earlier.number, later.number), text)
    return [*found.values()]


def _routes(apps: Sequence[object]) -> Iterator[Route]:
    for index, app in enumerate(apps):
        if not isinstance(app, Mapping):
            continue
        path, ingress = app.get("path"), app.get("ingress")
        regex = _regex(ingress)
        keeps_path = isinstance(ingress, Mapping) and ingress.get("rewrite") is False
        for key, host in _hosts(app):
            if regex:
                yield Route(index, "ingress.regex", regex, host, regex, rewrite=False)
            elif isinstance(path, str):
                yield Route(index, "path", path, host, None, rewrite=not keeps_path and path != "/")
            elif host:
                yield Route(index, key, "/", host, None, rewrite=False)


def _hosts(app: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yields all host names, each with its key."""
    host, others = app.get("host"), app.get("additionalHosts")
    yield "host", host if isinstance(host, str) else None
    for index, other in enumerate(others if isinstance(others, list) else ()):
        if isinstance(other, str):
            yield f"additionalHosts[{index}]", other


def _regex(ingress: Any) -> str | None:
    regex = ingress.get("regex") if isinstance(ingress, Mapping) else None
    if not isinstance(regex, str):
        return None
    try:
        re.compile(regex)
    except re.error:
        return None  # its validation reports it
    return regex


def _conflict(earlier: Route, later: Route, has_its_own: Callable[[Route], bool]) -> str | None:
    """Returns why one of two routes would get requests for the other, or None.

    Args:
        earlier: the route of the application that is listed first.
        later: the route of the other application.
        has_its_own: whether a path below another one gets exactly its own requests.
    """
    other = f"apps[{earlier.number}]"
    where = f" on {earlier.host}" if earlier.host else ""
    remedy = "give one of them another path or host"
    if earlier.path == later.path:
        return f"is {other}'s{where} too; {remedy}"
    for outer, inner, verb in (
        (earlier, later, "is matched by"),
        (later, earlier, "would also match"),
    ):
        if outer.regex and _matches(outer.regex, inner):
            return f"{verb} {other}'s {earlier.value}{where}; {remedy}"
        if _is_below(inner, outer) and not has_its_own(inner):
            if not inner.regex and not inner.rewrite:
                remedy = f"set ingress.rewrite to true for the longer path, or {remedy}"
            return f"{verb} {other}'s {earlier.value}{where}; {remedy}"
    return None


def _matches(regex: str, inner: Route) -> bool:
    examples = (inner.path, f"{inner.path.rstrip('/')}/")
    return inner.regex is None and any(
        re.match(regex, example, re.IGNORECASE) for example in examples
    )


def _is_below(inner: Route, outer: Route) -> bool:
    return not outer.regex and outer.path != "/" and inner.path.startswith(f"{outer.path}/")
