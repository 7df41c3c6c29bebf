"""Compute instances. They are read-only, because only nodepools create them here."""

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.quotas import Quota
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.resources.instance_type import instance_type
from sandbox.exoscale_api.store import Json, Store

KIND = "instance"
NODEPOOL_KIND = "sks-nodepool"
"""Kind of the parents of instances."""
QUOTA = Quota("instance", KIND, limit=100)


def members(store: Store, field: str, group_id: str) -> list[Json]:
    """Returns the instances in a group or network; `field` is the field with the references."""
    return [i for i in store.list(KIND) if _refers(i, field, group_id)]


def in_use(store: Store, field: str, group_id: str) -> bool:
    """Returns whether an instance or a nodepool refers to a group; `field` as for `members`."""
    nodepools = store.list(NODEPOOL_KIND)
    return any(_refers(resource, field, group_id) for resource in store.list(KIND) + nodepools)


def leases(store: Store, network_id: str) -> dict[str, str]:
    """Returns the addresses in a managed private network by instance ID."""
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


def _refers(resource: Json, field: str, group_id: str) -> bool:
    return any(group["id"] == group_id for group in resource.get(field, []))


def _node_state(entry: Json) -> str:
    return f"not Ready (fault {entry['fault']})" if entry["fault"] else str(entry["state"])


RESOURCE = Resource(
    KIND,
    operations={
        "get-instance": get_instance,
        "list-instances": list_instances,
    },
    quota=QUOTA,
    status=Listing(
        "instances",
        within=NODEPOOL_KIND,
        fields=("id", "name", "state", "public-ip", "zone", "parent", "fault"),
        columns={
            "node": "name",
            "nodepool": "parent",
            "address": "public-ip",
            "state": _node_state,
        },
    ),
)
