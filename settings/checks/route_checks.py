"""Mistakes of an application's Ingress and network policy that show when keys are looked at
together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from settings.apps.app_ingress import AppIngressSettings, RouteSettings, TlsSettings
from settings.mistakes import Mistake, rules


def target(ingress: AppIngressSettings) -> Iterator[Mistake]:
    """It has groups of the regular expression, and no others."""
    if ingress.rewrite_target is None:
        return
    if ingress.regex is None:
        allowed = "must be given with regex; a path is taken off by rewrite"
        yield Mistake(("rewriteTarget",), ingress.rewrite_target, allowed)
        return
    groups = re.compile(ingress.regex).groups
    for number in re.findall(r"\$(\d+)", ingress.rewrite_target):
        if not 1 <= int(number) <= groups:
            allowed = f"must not have ${number}: the regex has {groups} groups"
            yield Mistake(("rewriteTarget",), ingress.rewrite_target, allowed)


def served(route: RouteSettings) -> Iterator[Mistake]:
    """How the application is served goes with where."""
    host, path, ingress = route.host, route.path, route.ingress
    if ingress is None:
        return
    if ingress.regex and path:
        yield _ingress(ingress, "must not have a regex beside path: it takes its place")
    if ingress.tls and not host:
        yield _ingress(ingress, "must not have tls without host: a certificate is for a name")
    if not (host or path or ingress.regex):
        yield _ingress(ingress, "must not be given without path, host or regex: nothing is served")


def hosts(route: RouteSettings) -> Iterator[Mistake]:
    """Each once, beside the one that the URL has."""
    if route.additional_hosts and not route.host:
        allowed = "must not be given without host, which the application's URL has"
        yield Mistake(("additionalHosts",), route.additional_hosts, allowed)
    for index, name in enumerate(route.additional_hosts):
        if name in route.hosts[: index + 1]:
            allowed = "must differ from host and from the others"
            yield Mistake(("additionalHosts", index), name, allowed)


def _ingress(ingress: AppIngressSettings, allowed: str) -> Mistake:
    return Mistake(("ingress",), ingress, allowed)


def certificate(tls: TlsSettings) -> Iterator[Mistake]:
    """It has one source."""
    if sum(map(bool, (tls.secret, tls.issuer, tls.cluster_issuer))) != 1:
        yield Mistake((), tls, "must have one of secret, issuer, clusterIssuer")


RULES = (
    *rules(AppIngressSettings, target),
    *rules(RouteSettings, served, hosts),
    *rules(TlsSettings, certificate),
)
