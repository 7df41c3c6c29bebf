"""The tasks of SKS nodepools: creation and deletion of their nodes."""

from collections.abc import Iterable

from sandbox.exoscale_api.jobs import Arguments, Jobs, Reference
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.resources import instance, load_balancer
from sandbox.exoscale_api.resources.instance import NODEPOOL_KIND
from sandbox.exoscale_api.resources.instance_type import instance_type
from sandbox.exoscale_api.resources.sks_parts import firewall
from sandbox.exoscale_api.store import Json
from sandbox.sks.spec import NodepoolSpec

_MAX_PODS = 110
"""The default of kubelet."""


def reference(cluster_id: str, id_: str) -> Reference:
    """Returns a job's reference to a nodepool."""
    return Reference(id_, f"/sks-cluster/{cluster_id}/nodepool/{id_}", "get-sks-nodepool")


def begin(jobs: Jobs, task: str, cluster_id: str, id_: str) -> Json:
    """Starts a task of the nodepool."""
    return jobs.begin(task, {"cluster": cluster_id, "id": id_}, reference(cluster_id, id_))


def recover(organization: Organization, jobs: Jobs, instance_ids: Iterable[str]) -> None:
    """Lets the nodes of these instances become Ready, with a task for each nodepool."""
    store = organization.store
    present = [id_ for id_ in instance_ids if store.find(instance.KIND, id_)]
    for nodepool_id in {store.parent(instance.KIND, id_) for id_ in present}:
        nodepool = store.find(NODEPOOL_KIND, nodepool_id)
        if nodepool is not None and nodepool["state"] != "deleting":
            begin(jobs, "set-sks-nodepool", store.parent(NODEPOOL_KIND, nodepool_id), nodepool_id)


def set_nodes(organization: Organization, arguments: Arguments) -> None:
    """Creates and deletes nodes according to the nodepool's instances (task).

    As at Exoscale, the task ends before the nodes have booted. Its arguments are `cluster` and
    `id`, which is that of the nodepool.
    """
    store = organization.store
    nodepool = store.find(NODEPOOL_KIND, arguments["id"])
    assert nodepool is not None
    load_balancer.carry(organization)  # leaving nodes get no new connections
    firewall.follow(organization)
    organization.runtime.set_nodepool(arguments["cluster"], _specification(organization, nodepool))
    with store.transaction():
        for member in store.list(instance.KIND, parent=nodepool["id"]):
            if member["state"] == "destroying":
                store.delete(instance.KIND, member["id"])
            else:
                store.update(instance.KIND, member["id"], state="running")
        store.update(NODEPOOL_KIND, nodepool["id"], state="running")
    firewall.follow(organization)


def delete(organization: Organization, arguments: Arguments) -> None:
    """Deletes the nodes, the stored nodepool and its instances (task)."""
    organization.runtime.delete_nodepool(arguments["cluster"], arguments["id"])
    with organization.store.transaction():
        for member in organization.store.list(instance.KIND, parent=arguments["id"]):
            organization.store.delete(instance.KIND, member["id"])
        organization.store.delete(NODEPOOL_KIND, arguments["id"])
    firewall.follow(organization)


def failed(organization: Organization, arguments: Arguments) -> None:
    """Records that a task of a nodepool failed."""
    organization.store.update(NODEPOOL_KIND, arguments["id"], state="error")


def _specification(organization: Organization, nodepool: Json) -> NodepoolSpec:
    """Returns the nodepool for the SKS runtime, without leaving instances."""
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
        boot_seconds=organization.faults.boot_seconds(),
        instance_type=f"{type_['family']}.{type_['size']}",
    )
