"""Security groups, which belong to the account. Their rules are in `security_group_rule`."""

import ipaddress
from uuid import NAMESPACE_DNS, uuid4, uuid5

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import BadRequest, Conflict
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.resources import instance
from sandbox.exoscale_api.resources.sks_parts import firewall
from sandbox.exoscale_api.store import Json

KIND = firewall.GROUP_KIND
PUBLIC = [
    {"id": str(uuid5(NAMESPACE_DNS, name)), "name": name, "visibility": "public"}
    for name in firewall.PUBLIC_SOURCES
]
"""Exoscale's public groups, which contain the source addresses of its services."""


def create_security_group(call: Call) -> Json:
    group = {
        "id": str(uuid4()),
        "name": call.body["name"],
        "description": call.body.get("description", ""),
        "external-sources": [],
        "rules": [],
    }
    with call.store.transaction():
        if any(other["name"] == group["name"] for other in call.store.list(KIND)):
            raise Conflict(f"A security group named {group['name']} already exists")
        call.store.put(KIND, group)
        return call.done(KIND, group["id"])


def list_security_groups(call: Call) -> Json:
    if call.query.get("visibility") == "public":
        return {"security-groups": [{"id": g["id"], "name": g["name"]} for g in PUBLIC]}
    return {"security-groups": call.store.list(KIND)}


def get_security_group(call: Call) -> Json:
    return call.require(KIND, call.path["id"])


def delete_security_group(call: Call) -> Json:
    """Deletes a group. As at Exoscale, a group with instances or in a rule can't be deleted."""
    id_ = call.path["id"]
    with call.store.transaction():
        call.require(KIND, id_)
        if instance.in_use(call.store, "security-groups", id_):
            raise Conflict("Cannot delete group when it's in use by virtual machines")
        for group in call.store.list(KIND):
            if any(rule.get("security-group", {}).get("id") == id_ for rule in group["rules"]):
                raise Conflict(
                    f"Cannot delete group while a rule of group {group['name']} refers to it"
                )
        call.store.delete(KIND, id_)
        return call.done(KIND, id_)


def add_external_source_to_security_group(call: Call) -> Json:
    cidr = network(call.body["cidr"])
    with call.store.transaction():
        group = call.require(KIND, call.path["id"])
        if cidr not in group["external-sources"]:
            group["external-sources"].append(cidr)
            call.store.put(KIND, group)
            firewall.follow(call.organization)
        return call.done(KIND, group["id"])


def remove_external_source_from_security_group(call: Call) -> Json:
    cidr = network(call.body["cidr"])
    with call.store.transaction():
        group = call.require(KIND, call.path["id"])
        if cidr in group["external-sources"]:
            group["external-sources"].remove(cidr)
            call.store.put(KIND, group)
            firewall.follow(call.organization)
        return call.done(KIND, group["id"])


def network(cidr: str) -> str:
    """Returns `cidr` unchanged; raises BadRequest if it is not an IPv4 or IPv6 CIDR."""
    try:
        ipaddress.ip_network(cidr)
    except ValueError as error:
        raise BadRequest(f"Invalid request: {error}") from error
    return cidr


def _close(organization: Organization) -> list[str]:
    firewall.follow(organization)
    return []


RESOURCE = Resource(
    KIND,
    operations={
        "create-security-group": create_security_group,
        "list-security-groups": list_security_groups,
        "get-security-group": get_security_group,
        "delete-security-group": delete_security_group,
        "add-external-source-to-security-group": add_external_source_to_security_group,
        "remove-external-source-from-security-group": remove_external_source_from_security_group,
    },
    resume=_close,
    status=Listing(
        f"{KIND}s",
        fields=("id", "name", "zone", "parent"),
        columns={"security group": "name"},
        position=3,
    ),
)
