"""Checks connections between applications, which the network policies of both must allow."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Problem
from components.web_app.network_policy.args import PeerArgs
from stack.args import AppArgs, StackArgs


def check_connections(settings: StackArgs) -> Iterator[Problem]:
    """Rejects a connection between two applications of the stack that only one of them allows."""
    for index, app in enumerate(settings.apps):
        place = ("apps", index, "networkPolicy")
        for number, source in enumerate(app.network_policy.sources):
            for other, client in _named(source, app, settings):
                if not _can_connect(client, app):
                    allowed = f"must be in apps[{other}].networkPolicy.egress too: {_as(app)}"
                    yield Problem((*place, "from", number), source, allowed)
        for number, target in enumerate(app.network_policy.egress):
            for other, server in _named(target, app, settings):
                if not _accepts(server, app):
                    allowed = f"must be in apps[{other}].networkPolicy.from too: {_as(app)}"
                    yield Problem((*place, "egress", number), target, allowed)


def _named(peer: PeerArgs, app: AppArgs, settings: StackArgs) -> Iterator[tuple[int, AppArgs]]:
    """Yields the applications of this stack that a peer of `app` names."""
    for index, other in enumerate(settings.apps):
        if peer.app and other is not app and _matches(peer, app, other):
            yield index, other


def _can_connect(client: AppArgs, server: AppArgs) -> bool:
    """Whether `client` may connect to `server`. A network in its policy may contain any pod."""
    policy = client.network_policy
    return not policy.enabled or any(
        each.network or _matches(each, client, server) for each in policy.egress
    )


def _accepts(server: AppArgs, client: AppArgs) -> bool:
    """Whether `server` accepts connections of `client`. A network may contain any pod."""
    policy = server.network_policy
    open_to_networks = server.service != "ClusterIP"
    return (
        not policy.enabled
        or open_to_networks
        or any(each.network or _matches(each, server, client) for each in policy.sources)
    )


def _matches(peer: PeerArgs, app: AppArgs, other: AppArgs) -> bool:
    """Whether pods of `other` are among those that `app` has as a peer."""
    if peer.network or peer.app not in (None, other.name):
        return False
    return (peer.namespace or app.namespace_name) == other.namespace_name


def _as(app: AppArgs) -> str:
    return f"app {app.name}, namespace {app.namespace_name}"


CHECKS = (check_connections,)
