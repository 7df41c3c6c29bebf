"""Checks the hosts of applications together with the DNS zone."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.inputs import is_known
from components.args.problem import Place, Problem, path
from stack.args import StackArgs


def check_record_targets(settings: StackArgs) -> Iterator[Problem]:
    """Rejects a host that two load balancers serve: it has one record, which leads to one."""
    if not settings.dns:
        return
    first: dict[str, tuple[Place, int | None]] = {}
    for index, app in enumerate(settings.apps):
        own = index if app.balancer else None
        for place, host in _hosts(settings, index):
            if not settings.dns.contains(host):
                continue
            other, target = first.setdefault(host, (place, own))
            if other[:2] != place[:2] and target != own:
                allowed = (
                    f"must differ from {path(other)}, which has another load balancer: the DNS"
                    " record of a host leads to one of them"
                )
                yield Problem(place, host, allowed)


def _hosts(settings: StackArgs, index: int) -> Iterator[tuple[Place, str]]:
    app = settings.apps[index]
    if app.host and is_known(app.host):
        yield ("apps", index, "host"), app.host
    for number, host in enumerate(app.additional_hosts):
        if is_known(host):
            yield ("apps", index, "additionalHosts", number), host


CHECKS = (check_record_targets,)
