"""The traffic that the security groups of instances allow."""

from collections.abc import Iterator

from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.resources import instance
from sandbox.exoscale_api.store import Json, Store
from sandbox.sks.spec import HEALTH_CHECKS, TUNNEL, Opening

GROUP_KIND = "security-group"
PUBLIC_SOURCES = {
    "public-nlb-healthcheck-sources": (HEALTH_CHECKS,),
    "public-sks-apiservers": (),
}
"""The addresses in Exoscale's public groups. API servers don't connect to nodes, so their group is
useful only for rules about outgoing traffic."""


def follow(organization: Organization) -> None:
    """Applies the stored rules to the runtime's firewall."""
    store = organization.store
    with store.transaction():  # otherwise a concurrent change could be overwritten
        organization.runtime.set_firewall(
            {member["public-ip"]: openings(store, member) for member in store.list(instance.KIND)}
        )


def openings(store: Store, member: Json) -> tuple[Opening, ...]:
    """Returns the traffic that an instance allows: none if it is in no group."""
    groups = [store.find(GROUP_KIND, group["id"]) for group in member.get("security-groups", ())]
    return tuple(
        Opening(
            rule["protocol"],
            sources,
            _pair(rule, "start-port", "end-port"),
            _pair(rule.get("icmp", {}), "type", "code"),
        )
        for group in groups
        if group is not None
        for rule in group["rules"]
        if rule["flow-direction"] == "ingress" and (sources := tuple(_sources(store, rule)))
    )


def _sources(store: Store, rule: Json) -> Iterator[str]:
    """Yields the sources of a rule.

    A group with members includes the control plane, which reaches its nodes from one of them.
    """
    if "network" in rule:
        yield rule["network"]
        return
    peer = rule["security-group"]
    if peer["visibility"] == "public":
        yield from PUBLIC_SOURCES[peer["name"]]
        return
    members = instance.members(store, "security-groups", peer["id"])
    yield from (member["public-ip"] for member in members)
    if members:
        yield TUNNEL
    group = store.find(GROUP_KIND, peer["id"])
    yield from group["external-sources"] if group else ()


def _pair(values: Json, first: str, second: str) -> tuple[int, int] | None:
    return (values[first], values[second]) if first in values else None
