"""Compute instances: read-only, since only nodepools make them here."""

import secrets
import string
from uuid import uuid4

from sandbox.exoscale_api import address, timestamp
from sandbox.exoscale_api.call import Call, Handler
from sandbox.exoscale_api.errors import Conflict
from sandbox.exoscale_api.instance_type import instance_type
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.store import Json, Store

KIND = "instance"
NODEPOOL_KIND = "sks-nodepool"
NETWORK_KIND = "private-network"

_SUFFIX = string.ascii_lowercase + string.digits


def create(organization: Organization, zone: str, nodepool: Json, count: int) -> None:
    """Add instances of the nodepool as it is defined now; raises Conflict without a free address.

    They are named as on SKS: pool-3d8ad-kxmrz.
    """
    pool_id = nodepool["instance-pool"]["id"]
    existing = organization.store.list(KIND)
    addresses = {other["public-ip"] for other in existing}
    names = {other["name"] for other in existing}
    for _ in range(count):
        try:
            public_ip = address.free_address(address.INSTANCES, addresses)
        except LookupError as error:
            raise Conflict(str(error)) from error
        name = _name(f"{nodepool['instance-prefix']}-{pool_id[:5]}", names)
        addresses.add(public_ip)
        names.add(name)
        dual = nodepool["public-ip-assignment"] == "dual"
        instance = {
            "id": str(uuid4()),
            "name": name,
            "state": "starting",
            "created-at": timestamp.now(),
            "public-ip": public_ip,
            **({"ipv6-address": address.ipv6_of(public_ip)} if dual else {}),
            "public-ip-assignment": nodepool["public-ip-assignment"],
            "instance-type": nodepool["instance-type"],
            "disk-size": nodepool["disk-size"],
            "template": nodepool["template"],
            "security-groups": nodepool["security-groups"],
            "anti-affinity-groups": nodepool["anti-affinity-groups"],
            "private-networks": [
                _attachment(organization.store, network["id"])
                for network in nodepool["private-networks"]
            ],
            **({"deploy-target": target} if (target := nodepool.get("deploy-target")) else {}),
            "labels": {},
            "manager": {"id": pool_id, "type": "instance-pool"},
        }
        organization.store.put(KIND, instance, zone=zone, parent=nodepool["id"])
        organization.faults.strike_node(nodepool["name"], instance["id"])


def members(store: Store, field: str, group_id: str) -> list[Json]:
    """Instances that are in a group or network; `field` is the list that has it."""
    return [i for i in store.list(KIND) if _refers(i, field, group_id)]


def in_use(store: Store, field: str, group_id: str) -> bool:
    """Whether an instance or a nodepool refers to a group; `field` as for `members`."""
    nodepools = store.list(NODEPOOL_KIND)
    return any(_refers(resource, field, group_id) for resource in store.list(KIND) + nodepools)


def leases(store: Store, network_id: str) -> dict[str, str]:
    """The addresses in a managed private network, by the ids of the instances that have them."""
    return {
        member["id"]: attachment["ip"]
        for member in members(store, "private-networks", network_id)
        for attachment in member["private-networks"]
        if attachment["id"] == network_id and "ip" in attachment
    }


def get_instance(call: Call) -> Json:
    return _answer(call.require(KIND, call.path["id"], zone=call.zone))


def list_instances(call: Call) -> Json:
    instances = [_answer(instance) for instance in call.store.list(KIND, zone=call.zone)]
    if manager := call.query.get("manager-id"):
        instances = [i for i in instances if i["manager"]["id"] == manager]
    if manager_type := call.query.get("manager-type"):
        instances = [i for i in instances if i["manager"]["type"] == manager_type]
    if ip_address := call.query.get("ip-address"):
        instances = [i for i in instances if i["public-ip"] == ip_address]
    return {"instances": instances}


def _answer(instance: Json) -> Json:
    attachments = [
        {"id": attachment["id"], "mac-address": attachment["mac-address"]}
        for attachment in instance.get("private-networks", [])
    ]
    return instance | {
        "instance-type": instance_type(instance["instance-type"]["id"]),
        "private-networks": attachments,
    }


def _attachment(store: Store, network_id: str) -> Json:
    """What an instance keeps of a private network; raises Conflict where that has no address."""
    network = store.find(NETWORK_KIND, network_id)
    assert network is not None
    attachment = {"id": network_id, "mac-address": f"0a:{secrets.token_bytes(5).hex(':')}"}
    if "start-ip" in network:
        used = leases(store, network_id).values()
        try:
            attachment["ip"] = address.free_in_range(network["start-ip"], network["end-ip"], used)
        except LookupError as error:
            raise Conflict(f"private-network {network['name']}: {error}") from error
    return attachment


def _refers(resource: Json, field: str, group_id: str) -> bool:
    return any(group["id"] == group_id for group in resource.get(field, []))


def _name(stem: str, taken: set[str]) -> str:
    while True:
        name = f"{stem}-{''.join(secrets.choice(_SUFFIX) for _ in range(5))}"
        if name not in taken:
            return name


OPERATIONS: dict[str, Handler] = {
    "get-instance": get_instance,
    "list-instances": list_instances,
}
