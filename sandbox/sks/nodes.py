"""The Node objects of nodepools, as on SKS. Their kubelet is real or simulated by kwok."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes import client

from sandbox.sks.spec import NodepoolSpec, SksError

NODEPOOL_LABEL = "node.exoscale.net/nodepool-id"
MANAGED_ANNOTATION = "kwok.x-k8s.io/node"
UNREADY_ANNOTATION = "sandbox/unready"
"""A simulated node with this annotation doesn't become Ready (stages/node.yaml)."""
READY_AT_ANNOTATION = "sandbox/ready-at"
"""The time at which a simulated node becomes Ready (stages/node.yaml)."""
BOOT_SECONDS = 3
"""Default time until a simulated node is Ready. On SKS it takes minutes."""

_IP_TYPES = ("InternalIP", "ExternalIP")
"""Types of a node's public address (CCM, exoscale/instances.go): SKS sets no `--node-ip`."""

_NOT_READY = {
    "type": "Ready",
    "status": "False",
    "reason": "KubeletNotReady",
    "message": "container runtime network not ready",
}


def reconcile(
    api: client.CoreV1Api, pool: NodepoolSpec, *, zone: str, simulated: bool = True
) -> None:
    """Creates the missing nodes of `pool` and deletes the others. New nodes are not yet Ready.

    Existing nodes keep their labels, taints and size: on SKS, a change of the pool also affects
    only new instances.
    """
    addresses = pool.addresses or [()] * len(pool.node_names)
    members = list(zip(pool.node_names, pool.instance_ids, addresses, strict=True))
    present = {node.metadata.name for node in _list(api, pool.id)}
    for name in present - set(pool.node_names):
        _remove(api, name)
    for name, instance, own in members:
        if name not in present:
            node = node_object(pool, name, instance, own, zone=zone)
            api.create_node(as_simulated(node, pool) if simulated else node)
        elif simulated and instance not in pool.unready:
            api.patch_node(name, {"metadata": {"annotations": {UNREADY_ANNOTATION: None}}})


def remove_pool(api: client.CoreV1Api, nodepool_id: str) -> None:
    """Deletes the nodes of a pool and their pods. As on SKS, nodes are not drained."""
    for node in _list(api, nodepool_id):
        _remove(api, node.metadata.name)


def node_object(
    pool: NodepoolSpec, name: str, instance: str, addresses: Sequence[str], *, zone: str
) -> dict[str, Any]:
    """Returns the Node object that SKS registers for the instance `instance` (a UUID) of `pool`.

    It has the labels that Exoscale's cloud controller and kubelet set: instance type, region and
    nodepool. The region is the zone's name; `topology.kubernetes.io/zone` is not set.
    """
    capacity = {
        "cpu": str(pool.cpus),
        "memory": f"{pool.memory_bytes // 1024}Ki",
        "ephemeral-storage": f"{pool.disk_gib}Gi",
        "pods": str(pool.max_pods),
    }
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/instance-type": pool.instance_type,
        "beta.kubernetes.io/os": "linux",
        "failure-domain.beta.kubernetes.io/region": zone,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": pool.instance_type,
        "topology.kubernetes.io/region": zone,
        NODEPOOL_LABEL: pool.id,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**pool.labels, **labels},
        },
        "spec": {
            "providerID": f"exoscale://{instance}",
            "taints": [_taint(key, value) for key, value in pool.taints.items()],
        },
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [_NOT_READY],
            "addresses": [
                {"type": "Hostname", "address": name},
                *(
                    {"type": type_, "address": address}
                    for address in addresses
                    for type_ in _IP_TYPES
                ),
            ],
        },
    }


def as_simulated(node: dict[str, Any], pool: NodepoolSpec) -> dict[str, Any]:
    """Returns the node for kwok, with the information that a kubelet reports."""
    instance = node["spec"]["providerID"].removeprefix("exoscale://")
    boots = timedelta(seconds=pool.boot_seconds.get(instance, BOOT_SECONDS))
    annotations = {
        MANAGED_ANNOTATION: "fake",
        READY_AT_ANNOTATION: (datetime.now(UTC) + boots).isoformat(),
        **({UNREADY_ANNOTATION: "true"} if instance in pool.unready else {}),
    }
    # The API server requests logs from the simulated kubelet at this address.
    address = {"type": "InternalDNS", "address": "localhost"}
    information = {
        "architecture": "amd64",
        "bootID": "",
        "containerRuntimeVersion": "kwok://simulated",
        "kernelVersion": "",
        "kubeProxyVersion": "",
        "kubeletVersion": f"v{pool.version}",
        "machineID": instance.replace("-", ""),
        "operatingSystem": "linux",
        "osImage": "simulated by kwok",
        "systemUUID": instance,
    }
    return {
        **node,
        "metadata": {**node["metadata"], "annotations": annotations},
        "status": {
            **node["status"],
            "addresses": [*node["status"]["addresses"], address],
            "nodeInfo": information,
        },
    }


def _taint(key: str, value_and_effect: str) -> dict[str, str]:
    value, separator, effect = value_and_effect.rpartition(":")
    if not separator:
        raise SksError(f"taint {key}: {value_and_effect!r} is not of the form value:Effect")
    return {"key": key, "value": value, "effect": effect}


def _list(api: client.CoreV1Api, nodepool_id: str) -> list[client.V1Node]:
    nodes: list[client.V1Node] = api.list_node(
        label_selector=f"{NODEPOOL_LABEL}={nodepool_id}"
    ).items
    return nodes


def _remove(api: client.CoreV1Api, name: str) -> None:
    """Deletes a node and its pods without a grace period, as if the instance were deleted."""
    try:
        api.delete_node(name)
    except client.ApiException as error:
        if error.status != 404:
            raise
    pods = api.list_pod_for_all_namespaces(field_selector=f"spec.nodeName={name}").items
    for pod in pods:
        try:
            api.delete_namespaced_pod(
                pod.metadata.name, pod.metadata.namespace, grace_period_seconds=0
            )
        except client.ApiException as error:
            if error.status != 404:
                raise
