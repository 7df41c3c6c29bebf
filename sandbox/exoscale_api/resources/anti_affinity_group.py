"""Anti-affinity groups, which belong to the account and exist in all zones."""

from uuid import uuid4

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import Conflict
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.resources import instance
from sandbox.exoscale_api.store import Json

KIND = "anti-affinity-group"


def create_anti_affinity_group(call: Call) -> Json:
    group = {
        "id": str(uuid4()),
        "name": call.body["name"],
        "description": call.body.get("description", ""),
    }
    with call.store.transaction():
        if any(other["name"] == group["name"] for other in call.store.list(KIND)):
            raise Conflict(f"An anti-affinity group named {group['name']} already exists")
        call.store.put(KIND, group)
        return call.done(KIND, group["id"])


def list_anti_affinity_groups(call: Call) -> Json:
    return {f"{KIND}s": [_answer(call, group) for group in call.store.list(KIND)]}


def get_anti_affinity_group(call: Call) -> Json:
    return _answer(call, call.require(KIND, call.path["id"]))


def delete_anti_affinity_group(call: Call) -> Json:
    id_ = call.path["id"]
    with call.store.transaction():
        call.require(KIND, id_)
        if instance.in_use(call.store, f"{KIND}s", id_):
            raise Conflict("Cannot delete group when it's in use by virtual machines")
        call.store.delete(KIND, id_)
        return call.done(KIND, id_)


def _answer(call: Call, group: Json) -> Json:
    members = instance.members(call.store, f"{KIND}s", group["id"])
    return group | {"instances": [{"id": member["id"]} for member in members]}


RESOURCE = Resource(
    KIND,
    operations={
        "create-anti-affinity-group": create_anti_affinity_group,
        "list-anti-affinity-groups": list_anti_affinity_groups,
        "get-anti-affinity-group": get_anti_affinity_group,
        "delete-anti-affinity-group": delete_anti_affinity_group,
    },
    status=Listing(
        f"{KIND}s",
        fields=("id", "name", "zone", "parent"),
        columns={"anti affinity group": "name"},
        position=4,
    ),
)
