"""The rule on encrypted access to hosts."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, Rule

INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"


def _check_hosts(resource: Resource) -> Iterator[str]:
    if resource.type != INGRESS:
        return
    encrypted = {host for tls in resource.spec.get("tls") or () for host in tls.get("hosts") or ()}
    for rule in resource.spec.get("rules") or ():
        host = rule.get("host")
        if host and host not in encrypted:
            yield f"{host}: served by HTTP: set `ingress.https`, or the application's `ingress.tls`"


RULES = (Rule("https", "Each host of an Ingress is served by HTTPS.", _check_hosts),)
