"""Instance pools. They are read-only; each belongs to a nodepool."""

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import NotFound
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.resources import instance
from sandbox.exoscale_api.store import Json

_STATES = {
    "creating": "creating",
    "scaling": "updating",
    "deleting": "destroying",
}


def require(call: Call, id_: str) -> Json:
    """Returns the instance pool; raises NotFound if the call's zone doesn't have it."""
    for pool in _pools(call):
        if pool["id"] == id_:
            return pool
    raise NotFound(f"instance-pool {id_} not found")


def get_instance_pool(call: Call) -> Json:
    return require(call, call.path["id"])


def list_instance_pools(call: Call) -> Json:
    return {"instance-pools": _pools(call)}


def _pools(call: Call) -> list[Json]:
    nodepools = call.store.list(instance.NODEPOOL_KIND, zone=call.zone)
    return [_pool(call, nodepool) for nodepool in nodepools]


def _pool(call: Call, nodepool: Json) -> Json:
    instances = call.store.list(instance.KIND, parent=nodepool["id"])
    copied = (
        "size",
        "instance-type",
        "instance-prefix",
        "disk-size",
        "template",
        "public-ip-assignment",
        "security-groups",
        "anti-affinity-groups",
        "private-networks",
        "deploy-target",
    )
    return {
        "id": nodepool["instance-pool"]["id"],
        "name": f"nodepool-{nodepool['name']}-{nodepool['id']}"[:255],
        "state": _STATES.get(nodepool["state"], "running"),
        "manager": {"id": nodepool["id"], "type": "sks-nodepool"},
        "instances": [{"id": member["id"]} for member in instances],
        "ipv6-enabled": nodepool["public-ip-assignment"] == "dual",
        **{name: nodepool[name] for name in copied if name in nodepool},
    }


RESOURCE = Resource(
    "instance-pool",
    operations={
        "get-instance-pool": get_instance_pool,
        "list-instance-pools": list_instance_pools,
    },
)
