"""Checks HTTPS together with the applications' hosts and the cluster's firewall."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.inputs import is_known
from components.args.problem import Place, Problem
from stack.args import StackArgs
from stack.checks.reach import has_other_groups, sources

EVERYONE = "0.0.0.0/0"

CHALLENGE = (
    f'must have "{EVERYONE}" with ingress.https: Let\'s Encrypt validates hosts from addresses that'
    " it does not publish. Add it, with cluster.allowOpenNetworks: true, and restrict clients by"
    " ingress.allowList of the applications"
)


def check_wildcard_hosts(settings: StackArgs) -> Iterator[Problem]:
    """Rejects wildcard hosts, which HTTP-01 can't validate, unless they have a certificate."""
    if not settings.https or settings.https.existing:
        return
    for index, app in enumerate(settings.apps):
        if app.ingress and app.ingress.tls:
            continue
        hosts: list[tuple[Place, object]] = [(("host",), app.host)]
        hosts += [(("additionalHosts", at), host) for at, host in enumerate(app.additional_hosts)]
        for place, host in hosts:
            if is_known(host) and str(host).startswith("*."):
                message = (
                    "must not be a wildcard with ingress.https, whose challenge HTTP-01 can't "
                    "validate one: set the application's ingress.tls"
                )
                yield Problem(("apps", index, *place), host, message)


def check_challenges(settings: StackArgs) -> Iterator[Problem]:
    """Requires the firewall to accept Let's Encrypt's requests."""
    https, cluster = settings.https, settings.cluster
    if not https or https.existing or https.server or cluster is None or has_other_groups(cluster):
        return
    if EVERYONE not in sources(cluster, "TCP"):
        yield Problem(("cluster", "nodePortSources"), cluster.node_port_sources, CHALLENGE)


def notices(settings: StackArgs) -> Iterator[str]:
    """Yields a hint if no application has a host that needs a certificate."""
    if settings.https and not any(app.host for app in settings.apps):
        yield "ingress.https: no application has a host, so there is no certificate"


CHECKS = (check_wildcard_hosts, check_challenges)
