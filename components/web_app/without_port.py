"""Rules on pods that listen on no port, so that they have no Service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..args.problem import Problem
from ..args.types import given
from .pod.probes_args import ProbeArgs, ProbesArgs

if TYPE_CHECKING:
    from .fields import WebAppFields

SERVED_KEYS = (
    *("additionalHosts", "host", "ingress", "loadBalancer", "path"),
    *("ports", "service", "servicePort"),
)
"""Keys of an application that concern its Service, and what leads to it."""


def check_without_port(app: WebAppFields) -> Iterator[Problem]:
    """Rejects what an application without a port can't have: it has no Service."""
    if app.has_port:
        return
    for key, value in given(app).items():
        if key in SERVED_KEYS:
            message = "must not be given with port none: the application has no Service"
            yield Problem((key,), value, message)
    if sources := app.network_policy.sources:
        message = "must not be given with port none: nobody can connect"
        yield Problem(("networkPolicy", "from"), sources, message)
    yield from probes_without_port(app.probes)


def probes_without_port(probes: ProbesArgs) -> Iterator[Problem]:
    """Yields a problem for each probe that needs a port."""
    for key, value in given(probes).items():
        if not isinstance(value, ProbeArgs):
            yield Problem(("probes", key), value, "must not be given: there is no port to probe")
        elif value.type not in ("exec", "none"):
            message = "must be exec or none: there is no port to probe"
            yield Problem(("probes", key, "type"), value.type, message)
