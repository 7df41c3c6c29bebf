"""Applications that would take each other's requests at the ingress controller."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple


class Route(NamedTuple):
    """What one application asks to be served: a path, or a regular expression of paths."""

    number: int
    key: str
    value: str
    host: str | None
    regex: str | None
    rewrite: bool
    """Whether the path is taken off, for which the controller has a regular expression of it."""

    @property
    def told(self) -> str | None:
        """The setting's own value."""
        return self.value if self.key in ("path", "ingress.regex") else self.host

    @property
    def path(self) -> str:
        """In lower case: beside a regular expression the controller minds no case."""
        return self.value.lower()

    @property
    def is_expression(self) -> bool:
        """Whether the controller has it as a regular expression, and so all paths of the host."""
        return bool(self.regex) or self.rewrite or "~" in self.value


def conflicts(apps: object, *, nested: bool = True) -> list[str]:
    """One line for each two applications of which one would get requests meant for the other.

    The controller tries the longest path first, so an application may have all of a host (`/`)
    beside others' paths, and one may lie below another's: `/api/auth` below `/api`. Beside a
    regular expression all paths of a host are some, without an end: there `/api/auth` has to be
    taken off, for which it is `/api/auth(/|$)(.*)`. Otherwise `/api(/|$)(.*)` is longer, and
    `/api/authors` is matched too.

    Sources: kubernetes/ingress-nginx 1.15.1, internal/ingress/controller/controller.go,
    `getBackendServers`, and template/template.go, `buildLocation`; traefik/traefik 3.7,
    pkg/provider/kubernetes/ingress-nginx/translator.go, `buildRule`, and pkg/muxer/http/mux.go,
    `GetRulePriority`.

    Args:
        apps: the list of applications as the stack's file has it, right or wrong.
        nested: whether one may lie below another's path on purpose.
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
            told = f"apps[{later.number}].{later.key}: {json.dumps(later.told)}: {reason}"
            found.setdefault((earlier.number, later.number), told)
    return [*found.values()]


def _routes(apps: Sequence[object]) -> Iterator[Route]:
    for index, app in enumerate(apps):
        if not isinstance(app, Mapping):
            continue
        path, ingress = app.get("path"), app.get("ingress")
        regex = _regex(ingress)
        left_on = isinstance(ingress, Mapping) and ingress.get("rewrite") is False
        for key, host in _hosts(app):
            if regex:
                yield Route(index, "ingress.regex", regex, host, regex, rewrite=False)
            elif isinstance(path, str):
                yield Route(index, "path", path, host, None, rewrite=not left_on and path != "/")
            elif host:
                yield Route(index, key, "/", host, None, rewrite=False)


def _hosts(app: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """All host names, each with its key."""
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
        return None  # reported where it is validated
    return regex


def _conflict(earlier: Route, later: Route, has_its_own: Callable[[Route], bool]) -> str | None:
    """Why one of the two would get the other's requests.

    Args:
        has_its_own: whether one that lies below the other gets its own requests, and no more.
    """
    other = f"apps[{earlier.number}]"
    where = f" on {earlier.host}" if earlier.host else ""
    remedy = "give one of them another path or host"
    if earlier.path == later.path:
        return f"is {other}'s{where} too; {remedy}"
    for outer, inner, verb in ((earlier, later, "lies in"), (later, earlier, "would swallow")):
        if outer.regex and _matches(outer.regex, inner):
            return f"{verb} {other}'s {earlier.value}{where}; {remedy}"
        if _is_below(inner, outer) and not has_its_own(inner):
            if not inner.regex and not inner.rewrite:
                remedy = f"let ingress.rewrite be true for the longer path, or {remedy}"
            return f"{verb} {other}'s {earlier.value}{where}; {remedy}"
    return None


def _matches(regex: str, inner: Route) -> bool:
    examples = (inner.path, f"{inner.path.rstrip('/')}/")
    return inner.regex is None and any(
        re.match(regex, example, re.IGNORECASE) for example in examples
    )


def _is_below(inner: Route, outer: Route) -> bool:
    return not outer.regex and outer.path != "/" and inner.path.startswith(f"{outer.path}/")
