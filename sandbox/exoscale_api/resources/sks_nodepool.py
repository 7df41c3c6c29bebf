"""SKS nodepools. As at Exoscale, changes except of the size affect only new instances."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sandbox.exoscale_api import not_simulated, timestamp
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import BadRequest, NotFound
from sandbox.exoscale_api.jobs import Task
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.resources import (
    instance,
    load_balancer,
    private_network,
    sks_cluster,
)
from sandbox.exoscale_api.resources.deploy_target import deploy_target
from sandbox.exoscale_api.resources.instance_type import type_of_nodes
from sandbox.exoscale_api.resources.sks_parts import instances, nodepool_work as work
from sandbox.exoscale_api.resources.sks_parts.versions import latest_patch, of_version, template_id
from sandbox.exoscale_api.store import Json

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
_LVM_DISK = 100
"""Disk size (GiB) that the addon storage-lvm needs (Exoscale's provider, sks_nodepool). The error
message for a smaller disk, and that an update is rejected too, are assumptions."""
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def create_sks_nodepool(call: Call) -> Json:
    not_simulated.refuse(call, "create-sks-nodepool", _NOT_SIMULATED)
    with call.store.transaction():
        cluster = sks_cluster.require_running(call)
        call.organization.quotas.enforce(instance.QUOTA, call.body["size"])
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
        _check_disk(nodepool)
        call.store.put(KIND, nodepool, zone=call.zone, parent=cluster["id"])
        instances.create(call.organization, call.zone, nodepool, nodepool["size"])
        return work.begin(call.jobs, "set-sks-nodepool", call.path["id"], nodepool["id"])


def get_sks_nodepool(call: Call) -> Json:
    return _require(call)


def update_sks_nodepool(call: Call) -> Json:
    not_simulated.refuse(call, "update-sks-nodepool", _NOT_SIMULATED)
    with call.store.transaction():
        nodepool = _require_idle(call)
        changed = nodepool | _definition(call)
        _check_disk(changed)
        call.store.put(KIND, {name: value for name, value in changed.items() if value is not None})
        return call.jobs.done(work.reference(call.path["id"], nodepool["id"]))


def scale_sks_nodepool(call: Call) -> Json:
    """Changes the size of a nodepool. It deletes the oldest instances first.

    Exoscale doesn't document which instances it deletes, and the caller can't choose them.
    """
    size = call.body["size"]
    with call.store.transaction():
        nodepool = _require_idle(call)
        members = call.store.list(instance.KIND, parent=nodepool["id"])
        if size > len(members):
            call.organization.quotas.enforce(instance.QUOTA, size - len(members))
            instances.create(call.organization, call.zone, nodepool, size - len(members))
        return _resize(call, nodepool, members[: max(0, len(members) - size)], size)


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
        return work.begin(call.jobs, "delete-sks-nodepool", call.path["id"], nodepool["id"])


def get_active_nodepool_template(call: Call) -> Json:
    return {"active-template": template_id(call.path["kube-version"], call.path["variant"])}


def _definition(call: Call) -> Json:
    """Returns the settings of the nodepool in a request.

    Raises:
        NotFound: if a referenced resource doesn't exist.
        BadRequest: if a setting is not valid.
    """
    given = {name: call.body[name] for name in _UPDATABLE if name in call.body}
    for name in _REFERENCES:
        if name in given:
            given[name] = [_existing(call, name.removesuffix("s"), group) for group in given[name]]
    if target := given.get("deploy-target"):
        given["deploy-target"] = {"id": deploy_target(call, _id(target))["id"]}
    if "instance-type" in given:
        given["instance-type"] = {"id": type_of_nodes(call, _id(given["instance-type"]))["id"]}
    if "name" in given and given["name"] != given["name"].lower():
        raise BadRequest(f"Invalid request: body.name: {given['name']!r} is not lowercase")
    if "instance-prefix" in given and not _PREFIX.fullmatch(given["instance-prefix"]):
        raise BadRequest(
            f"Invalid request: body.instance-prefix: {given['instance-prefix']!r} is not a "
            "lowercase DNS label"
        )
    return given


def _check_disk(nodepool: Json) -> None:
    if "storage-lvm" in nodepool["addons"] and nodepool["disk-size"] < _LVM_DISK:
        raise BadRequest(
            f"Invalid request: body.disk-size: storage-lvm needs {_LVM_DISK} GiB at least"
        )


def _existing(call: Call, kind: str, reference: Mapping[str, Any]) -> Json:
    zone = call.zone if kind == private_network.KIND else None
    return {"id": call.require(kind, _id(reference), zone=zone)["id"]}


def _id(reference: Mapping[str, Any]) -> str:
    if "id" not in reference:
        raise BadRequest("Invalid request: a reference without id")
    return str(reference["id"])


def _resize(call: Call, nodepool: Json, leaving: list[Json], size: int) -> Json:
    for member in leaving:
        call.store.update(instance.KIND, member["id"], state="destroying")
    call.store.update(KIND, nodepool["id"], state="scaling", size=size)
    return work.begin(call.jobs, "set-sks-nodepool", call.path["id"], nodepool["id"])


def _require(call: Call) -> Json:
    sks_cluster.require(call)
    id_ = call.path["sks-nodepool-id"]
    nodepool = call.require(KIND, id_, zone=call.zone)
    if call.store.parent(KIND, id_) != call.path["id"]:
        raise NotFound(f"{KIND} {id_} not found")
    return nodepool


def _require_idle(call: Call) -> Json:
    """Returns the nodepool in the path, if it can be changed now.

    Otherwise it raises an error with the message of Exoscale's API
    (exoscale/terraform-provider-exoscale, pull request 284).
    """
    sks_cluster.require_running(call)
    nodepool = _require(call)
    if nodepool["state"] not in ("running", "error"):
        raise BadRequest("The nodepool is already being updated.")
    return nodepool


RESOURCE = Resource(
    KIND,
    operations={
        "create-sks-nodepool": create_sks_nodepool,
        "get-sks-nodepool": get_sks_nodepool,
        "update-sks-nodepool": update_sks_nodepool,
        "scale-sks-nodepool": scale_sks_nodepool,
        "evict-sks-nodepool-members": evict_sks_nodepool_members,
        "delete-sks-nodepool": delete_sks_nodepool,
        "get-active-nodepool-template": get_active_nodepool_template,
    },
    tasks={
        "set-sks-nodepool": Task(work.set_nodes, work.failed),
        "delete-sks-nodepool": Task(work.delete, work.failed),
    },
    status=Listing(
        "nodepools",
        within=sks_cluster.KIND,
        fields=("id", "name", "state", "size", "zone", "parent"),
        columns={"nodepool": "name", "cluster": "parent", "size": "size", "state": "state"},
    ),
    recover=work.recover,
)
