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


def check_own_load_balancers(settings: StackArgs) -> Iterator[Problem]:
    """Rejects a host whose DNS record leads to an application's own load balancer.

    The ingress controller behind the other load balancer answers challenges.
    """
    if not settings.https or not settings.dns:
        return
    for index, app in enumerate(settings.apps):
        if not app.balancer or (app.ingress and app.ingress.tls):
            continue
        names = [host for host in app.hosts if host and is_known(host)]
        if any(settings.dns.contains(str(host)) for host in names):
            message = (
                f"must be ClusterIP with ingress.https: the DNS record of {names[0]} leads to the"
                " application's own load balancer, but the ingress controller answers challenges"
            )
            yield Problem(("apps", index, "service"), app.service, message)


def notices(settings: StackArgs) -> Iterator[str]:
    """Yields a hint if no application has a host that needs a certificate."""
    if settings.https and not any(app.host for app in settings.apps):
        yield "ingress.https: no application has a host, so there is no certificate"


CHECKS = (check_wildcard_hosts, check_challenges, check_own_load_balancers)
