"""SKS nodepools. A change of one reaches instances made after it, as on Exoscale; size apart."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sandbox.exoscale_api import (
    instance,
    load_balancer,
    not_simulated,
    quota,
    sks_cluster,
    timestamp,
)
from sandbox.exoscale_api.call import Call, Handler
from sandbox.exoscale_api.deploy_target import deploy_target
from sandbox.exoscale_api.errors import BadRequest, Conflict, NotFound
from sandbox.exoscale_api.instance_type import instance_type
from sandbox.exoscale_api.jobs import Arguments, Jobs, Reference, Task
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.sks_version import latest_patch, of_version, template_id
from sandbox.exoscale_api.store import Json
from sandbox.sks.spec import NodepoolSpec

KIND = instance.NODEPOOL_KIND

_NOT_SIMULATED = ("nvidia-mig-profiles",)
_DEFAULTS: Json = {
    "description": "",
    "public-ip-assignment": "inet4",
    "labels": {},
    "taints": {},
    "security-groups": [],
    "anti-affinity-groups": [],
    "private-networks": [],
    "instance-prefix": "pool",
}
_UPDATABLE = (
    *_DEFAULTS,
    "name",
    "instance-type",
    "disk-size",
    "kubelet-image-gc",
    "kubelet-max-pods",
    "deploy-target",
)
_REFERENCES = ("security-groups", "anti-affinity-groups", "private-networks")
_MAX_PODS = 110
"""A kubelet's own default."""
_LVM_DISK = 100
"""Disk (GiB) that the addon storage-lvm needs (Exoscale's provider, sks_nodepool)."""
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def create_sks_nodepool(call: Call) -> Json:
    not_simulated.refuse(call, "create-sks-nodepool", _NOT_SIMULATED)
    with call.store.transaction():
        cluster = sks_cluster.require_running(call)
        quota.enforce(call.organization, "instance", call.body["size"])
        nodepool = {
            "id": str(uuid4()),
            **_DEFAULTS,
            **_definition(call),
            "size": call.body["size"],
            "addons": call.body.get("addons", []),
            "instance-pool": {"id": str(uuid4())},
            **of_version(latest_patch(cluster["version"], call.organization.runtime.versions)),
            "state": "creating",
            "created-at": timestamp.now(),
        }
        if "storage-lvm" in nodepool["addons"] and nodepool["disk-size"] < _LVM_DISK:
            raise BadRequest(
                f"Invalid request: body.disk-size: storage-lvm needs {_LVM_DISK} GiB at least"
            )
        call.store.put(KIND, nodepool, zone=call.zone, parent=cluster["id"])
        instance.create(call.organization, call.zone, nodepool, nodepool["size"])
        return _begin(call, "set-sks-nodepool", nodepool)


def get_sks_nodepool(call: Call) -> Json:
    return _require(call)


def update_sks_nodepool(call: Call) -> Json:
    not_simulated.refuse(call, "update-sks-nodepool", _NOT_SIMULATED)
    with call.store.transaction():
        nodepool = _require_idle(call)
        changed = nodepool | _definition(call)
        call.store.put(KIND, {name: value for name, value in changed.items() if value is not None})
        return call.jobs.done(_reference(call.path["id"], nodepool["id"]))


def scale_sks_nodepool(call: Call) -> Json:
    """Scaling down removes the newest instances."""
    size = call.body["size"]
    with call.store.transaction():
        nodepool = _require_idle(call)
        members = call.store.list(instance.KIND, parent=nodepool["id"])
        if size > len(members):
            quota.enforce(call.organization, "instance", size - len(members))
            instance.create(call.organization, call.zone, nodepool, size - len(members))
        return _resize(call, nodepool, members[size:], size)


def evict_sks_nodepool_members(call: Call) -> Json:
    with call.store.transaction():
        nodepool = _require_idle(call)
        members = {m["id"]: m for m in call.store.list(instance.KIND, parent=nodepool["id"])}
        evicted = call.body.get("instances", [])
        for id_ in evicted:
            if id_ not in members:
                raise NotFound(f"instance {id_} not found in nodepool {nodepool['name']}")
        leaving = [members[id_] for id_ in evicted]
        return _resize(call, nodepool, leaving, nodepool["size"] - len(leaving))


def delete_sks_nodepool(call: Call) -> Json:
    with call.store.transaction():
        nodepool = _require_idle(call)
        load_balancer.refuse_if_used(call, nodepool["instance-pool"]["id"])
        call.store.update(KIND, nodepool["id"], state="deleting")
        return _begin(call, "delete-sks-nodepool", nodepool)


def get_active_nodepool_template(call: Call) -> Json:
    return {"active-template": template_id(call.path["kube-version"], call.path["variant"])}


def _definition(call: Call) -> Json:
    """What the request says of the nodepool; raises NotFound or BadRequest if it can't be."""
    given = {name: call.body[name] for name in _UPDATABLE if name in call.body}
    for name in _REFERENCES:
        if name in given:
            given[name] = [_existing(call, name.removesuffix("s"), group) for group in given[name]]
    if target := given.get("deploy-target"):
        given["deploy-target"] = {"id": deploy_target(call, _id(target))["id"]}
    if "instance-type" in given:
        given["instance-type"] = {"id": instance_type(_id(given["instance-type"]))["id"]}
    if "name" in given and given["name"] != given["name"].lower():
        raise BadRequest(f"Invalid request: body.name: {given['name']!r} is not lowercase")
    if "instance-prefix" in given and not _PREFIX.fullmatch(given["instance-prefix"]):
        raise BadRequest(
            f"Invalid request: body.instance-prefix: {given['instance-prefix']!r} is not a "
            "lowercase DNS label"
        )
    return given


def _existing(call: Call, kind: str, reference: Mapping[str, Any]) -> Json:
    zone = call.zone if kind == instance.NETWORK_KIND else None
    return {"id": call.require(kind, _id(reference), zone=zone)["id"]}


def _id(reference: Mapping[str, Any]) -> str:
    if "id" not in reference:
        raise BadRequest("Invalid request: a reference without id")
    return str(reference["id"])


def _resize(call: Call, nodepool: Json, leaving: list[Json], size: int) -> Json:
    for member in leaving:
        call.store.update(instance.KIND, member["id"], state="destroying")
    call.store.update(KIND, nodepool["id"], state="scaling", size=size)
    return _begin(call, "set-sks-nodepool", nodepool)


def _require(call: Call) -> Json:
    sks_cluster.require(call)
    id_ = call.path["sks-nodepool-id"]
    nodepool = call.require(KIND, id_, zone=call.zone)
    if call.store.parent(KIND, id_) != call.path["id"]:
        raise NotFound(f"{KIND} {id_} not found")
    return nodepool


def _require_idle(call: Call) -> Json:
    sks_cluster.require_running(call)
    nodepool = _require(call)
    if nodepool["state"] not in ("running", "error"):
        raise Conflict(f"SKS nodepool {nodepool['name']} is {nodepool['state']}")
    return nodepool


def _begin(call: Call, task: str, nodepool: Json) -> Json:
    cluster_id = call.path["id"]
    return call.jobs.begin(
        task,
        {"cluster": cluster_id, "id": nodepool["id"]},
        _reference(cluster_id, nodepool["id"]),
    )


def _reference(cluster_id: str, id_: str) -> Reference:
    return Reference(id_, f"/sks-cluster/{cluster_id}/nodepool/{id_}", "get-sks-nodepool")


def _specification(organization: Organization, nodepool: Json) -> NodepoolSpec:
    """The nodepool as the SKS runtime takes it: without instances that are to go."""
    staying = [
        member
        for member in organization.store.list(instance.KIND, parent=nodepool["id"])
        if member["state"] != "destroying"
    ]
    type_ = instance_type(nodepool["instance-type"]["id"])
    return NodepoolSpec(
        id=nodepool["id"],
        name=nodepool["name"],
        size=len(staying),
        instance_pool_id=nodepool["instance-pool"]["id"],
        version=nodepool["version"],
        max_pods=nodepool.get("kubelet-max-pods") or _MAX_PODS,
        labels=nodepool["labels"],
        taints={k: f"{t['value']}:{t['effect']}" for k, t in nodepool["taints"].items()},
        cpus=type_["cpus"],
        memory_bytes=type_["memory"],
        disk_gib=nodepool["disk-size"],
        node_names=[member["name"] for member in staying],
        instance_ids=[member["id"] for member in staying],
        addresses=[
            [member[name] for name in ("public-ip", "ipv6-address") if name in member]
            for member in staying
        ],
        unready=organization.faults.unready(),
        instance_type=f"{type_['family']}.{type_['size']}",
    )


def recover(organization: Organization, jobs: Jobs, id_: str) -> None:
    """Begin to make the nodes Ready that were kept from it."""
    nodepool = organization.store.find(KIND, id_)
    if nodepool is not None and nodepool["state"] != "deleting":
        cluster = organization.store.parent(KIND, id_)
        arguments = {"cluster": cluster, "id": id_}
        jobs.begin("set-sks-nodepool", arguments, _reference(cluster, id_))


def set_nodes(organization: Organization, arguments: Arguments) -> None:
    """Task: make the nodes of the nodepool `id` of `cluster` those of its instances."""
    store = organization.store
    nodepool = store.find(KIND, arguments["id"])
    assert nodepool is not None
    organization.runtime.set_nodepool(arguments["cluster"], _specification(organization, nodepool))
    with store.transaction():
        for member in store.list(instance.KIND, parent=nodepool["id"]):
            if member["state"] == "destroying":
                store.delete(instance.KIND, member["id"])
            else:
                store.update(instance.KIND, member["id"], state="running")
        store.update(KIND, nodepool["id"], state="running")


def _delete(organization: Organization, arguments: Arguments) -> None:
    organization.runtime.delete_nodepool(arguments["cluster"], arguments["id"])
    with organization.store.transaction():
        for member in organization.store.list(instance.KIND, parent=arguments["id"]):
            organization.store.delete(instance.KIND, member["id"])
        organization.store.delete(KIND, arguments["id"])


def _failed(organization: Organization, arguments: Arguments) -> None:
    organization.store.update(KIND, arguments["id"], state="error")


OPERATIONS: dict[str, Handler] = {
    "create-sks-nodepool": create_sks_nodepool,
    "get-sks-nodepool": get_sks_nodepool,
    "update-sks-nodepool": update_sks_nodepool,
    "scale-sks-nodepool": scale_sks_nodepool,
    "evict-sks-nodepool-members": evict_sks_nodepool_members,
    "delete-sks-nodepool": delete_sks_nodepool,
    "get-active-nodepool-template": get_active_nodepool_template,
}

TASKS: dict[str, Task] = {
    "set-sks-nodepool": Task(set_nodes, _failed),
    "delete-sks-nodepool": Task(_delete, _failed),
}
