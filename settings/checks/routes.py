"""Applications that would take each other's requests at the ingress controller."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple


class Route(NamedTuple):
    """What one application asks to be served: a path, or a regular expression of paths."""

    number: int
    key: str
    value: str
    host: str | None
    regex: str | None

    @property
    def told(self) -> str | None:
        """The setting's own value."""
        return self.value if self.key in ("path", "ingress.regex") else self.host

    @property
    def path(self) -> str:
        """In lower case: beside a regular expression the controller minds no case."""
        return self.value.lower()


def conflicts(apps: object) -> list[str]:
    """One line for each two applications of which one would get requests meant for the other.

    The controller tries the longest path first, so an application may have all of a host (`/`)
    beside others' paths. Between two longer paths, one below the other, it is not told what of the
    outer application's own pages is lost.

    Args:
        apps: the list of applications as the stack's file has it, right or wrong.
    """
    routes = _routes(apps) if isinstance(apps, list) else iter(())
    found: dict[tuple[int, int], str] = {}
    for earlier, later in combinations(routes, 2):
        if earlier.number == later.number or earlier.host != later.host:
            continue
        if reason := _conflict(earlier, later):
            told = f"apps[{later.number}].{later.key}: {json.dumps(later.told)}: {reason}"
            found.setdefault((earlier.number, later.number), told)
    return [*found.values()]


def _routes(apps: Sequence[object]) -> Iterator[Route]:
    for index, app in enumerate(apps):
        if not isinstance(app, Mapping):
            continue
        path, regex = app.get("path"), _regex(app.get("ingress"))
        for key, host in _hosts(app):
            if regex:
                yield Route(index, "ingress.regex", regex, host, regex)
            elif isinstance(path, str):
                yield Route(index, "path", path, host, None)
            elif host:
                yield Route(index, key, "/", host, None)


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


def _conflict(earlier: Route, later: Route) -> str | None:
    other = f"apps[{earlier.number}]"
    where = f" on {earlier.host}" if earlier.host else ""
    if earlier.path == later.path:
        return f"is {other}'s{where} too; give one of them another path or host"
    if _swallows(earlier, later):
        return f"lies in {other}'s {earlier.value}{where}; give one of them another path or host"
    if _swallows(later, earlier):
        return f"would swallow {other}'s {earlier.value}{where}; give one another path or host"
    return None


def _swallows(outer: Route, inner: Route) -> bool:
    if outer.regex:
        examples = (inner.path, f"{inner.path.rstrip('/')}/")
        return inner.regex is None and any(
            re.match(outer.regex, example, re.IGNORECASE) for example in examples
        )
    return outer.path != "/" and inner.path.startswith(f"{outer.path}/")
