"""SKS clusters: each a real control plane of its own, which the SKS runtime runs."""

from base64 import b64encode
from contextlib import suppress
from typing import cast
from uuid import uuid4

from sandbox.exoscale_api import not_simulated, quota, timestamp
from sandbox.exoscale_api.account import Account, Call, Handler
from sandbox.exoscale_api.errors import BadRequest, Conflict, NotSimulated
from sandbox.exoscale_api.instance import NODEPOOL_KIND
from sandbox.exoscale_api.operations import Arguments, Reference, Task
from sandbox.exoscale_api.sks_runtime import Authority
from sandbox.exoscale_api.store import Json

KIND = "sks-cluster"

_KUBECONFIG_TTL = 30 * 24 * 3600
"""Default lifetime of a kubeconfig's certificate, in seconds (OpenAPI, sks-kubeconfig-request)."""

_UPDATABLE = ("name", "description", "labels", "auto-upgrade")
_FIXED = ("addons", "feature-gates")


def list_sks_cluster_versions(call: Call) -> Json:
    return {"sks-cluster-versions": list(call.account.runtime.versions)}


def create_sks_cluster(call: Call) -> Json:
    body = call.body
    not_simulated.refuse(
        call, "create-sks-cluster", ("audit", "oidc", "networking", "create-default-security-group")
    )
    addons = sorted(body.get("addons", []))
    if "karpenter" in addons:
        raise NotSimulated("create-sks-cluster: addon karpenter is not simulated")
    _check_version(call, body["version"])
    cluster = {
        "id": str(uuid4()),
        "name": body["name"],
        "description": body.get("description") or "",
        "labels": body.get("labels", {}),
        **({"cni": body["cni"]} if "cni" in body else {}),
        "level": body["level"],
        "version": body["version"],
        "addons": addons,
        "feature-gates": body.get("feature-gates", []),
        "auto-upgrade": body.get("auto-upgrade", False),
        "enable-kube-proxy": body.get("enable-kube-proxy", body.get("cni") != "cilium"),
        "state": "creating",
        "created-at": timestamp.now(),
    }
    with call.store.transaction():
        quota.enforce(call.account, KIND)
        call.store.put(KIND, cluster, zone=call.zone)
        return call.account.operations.begin(
            call.account, "create-sks-cluster", {"id": cluster["id"]}, _reference(cluster["id"])
        )


def list_sks_clusters(call: Call) -> Json:
    clusters = call.store.list(KIND, zone=call.zone)
    return {"sks-clusters": [_answer(call, cluster) for cluster in clusters]}


def get_sks_cluster(call: Call) -> Json:
    return _answer(call, require(call))


def update_sks_cluster(call: Call) -> Json:
    not_simulated.refuse(call, "update-sks-cluster", ("audit", "oidc", "enable-operators-ca"))
    with call.store.transaction():
        cluster = require_running(call)
        for field in _FIXED:
            if field in call.body and set(call.body[field] or ()) != set(cluster[field]):
                raise NotSimulated(f"update-sks-cluster: changing {field} is not simulated")
        changes = {name: call.body[name] for name in _UPDATABLE if name in call.body}
        if changes.get("description", "") is None:
            changes["description"] = ""
        call.store.put(KIND, cluster | changes)
        return call.account.operations.done(_reference(cluster["id"]))


def upgrade_sks_cluster(call: Call) -> Json:
    """Refused unless it changes nothing: the runtime's clusters keep the version they have."""
    version = call.body["version"]
    _check_version(call, version)
    cluster = require_running(call)
    if version != cluster["version"]:
        raise NotSimulated(f"upgrade-sks-cluster: from {cluster['version']} is not simulated")
    return call.account.operations.done(_reference(cluster["id"]))


def upgrade_sks_cluster_service_level(call: Call) -> Json:
    with call.store.transaction():
        cluster = require_running(call)
        if cluster["level"] == "pro":
            raise Conflict(f"SKS cluster {cluster['name']} has the level pro already")
        call.store.update(KIND, cluster["id"], level="pro")
        return call.account.operations.done(_reference(cluster["id"]))


def delete_sks_cluster(call: Call) -> Json:
    with call.store.transaction():
        cluster = require(call)
        if cluster["state"] not in ("running", "error"):
            raise Conflict(f"SKS cluster {cluster['name']} is {cluster['state']}")
        if call.store.list(NODEPOOL_KIND, parent=cluster["id"]):
            raise Conflict(f"SKS cluster {cluster['name']} still has nodepools")
        call.store.update(KIND, cluster["id"], state="deleting")
        return call.account.operations.begin(
            call.account, "delete-sks-cluster", {"id": cluster["id"]}, _reference(cluster["id"])
        )


def generate_sks_cluster_kubeconfig(call: Call) -> Json:
    cluster = require_running(call)
    kubeconfig = call.account.runtime.kubeconfig(
        cluster["id"], call.body["user"], call.body["groups"], call.body.get("ttl", _KUBECONFIG_TTL)
    )
    return {"kubeconfig": b64encode(kubeconfig.encode()).decode()}


def get_sks_cluster_authority_cert(call: Call) -> Json:
    cluster = require_running(call)
    authority = cast(Authority, call.path["authority"])
    certificate = call.account.runtime.authority_cert(cluster["id"], authority)
    return {"cacert": b64encode(certificate.encode()).decode()}


def require(call: Call) -> Json:
    """The cluster that the path names; raises NotFound."""
    return call.require(KIND, call.path["id"], zone=call.zone)


def require_running(call: Call) -> Json:
    """The cluster that the path names; raises NotFound, or Conflict unless it is running."""
    cluster = require(call)
    if cluster["state"] != "running":
        raise Conflict(f"SKS cluster {cluster['name']} is {cluster['state']}")
    return cluster


def _check_version(call: Call, version: str) -> None:
    versions = call.account.runtime.versions
    if version not in versions:
        raise BadRequest(f"version {version} is not available: {', '.join(versions)}")


def _answer(call: Call, cluster: Json) -> Json:
    return cluster | {"nodepools": call.store.list(NODEPOOL_KIND, parent=cluster["id"])}


def _reference(id_: str) -> Reference:
    return Reference(id_, f"/sks-cluster/{id_}", "get-sks-cluster")


def _create(account: Account, arguments: Arguments) -> None:
    id_ = arguments["id"]
    _remove_files(account, id_)
    cluster = account.store.find(KIND, id_)
    assert cluster is not None
    endpoint = account.runtime.create_cluster(
        id_,
        cluster["name"],
        version=cluster["version"],
        zone=account.store.zone(KIND, id_),
        addons=cluster["addons"],
        feature_gates=cluster["feature-gates"],
    )
    account.store.update(KIND, id_, state="running", endpoint=endpoint)


def _delete(account: Account, arguments: Arguments) -> None:
    _remove_files(account, arguments["id"])
    account.store.delete(KIND, arguments["id"])


def _remove_files(account: Account, id_: str) -> None:
    with suppress(FileNotFoundError):
        account.runtime.delete_cluster(id_)


def _failed(account: Account, arguments: Arguments) -> None:
    account.store.update(KIND, arguments["id"], state="error")


OPERATIONS: dict[str, Handler] = {
    "list-sks-cluster-versions": list_sks_cluster_versions,
    "create-sks-cluster": create_sks_cluster,
    "list-sks-clusters": list_sks_clusters,
    "get-sks-cluster": get_sks_cluster,
    "update-sks-cluster": update_sks_cluster,
    "upgrade-sks-cluster": upgrade_sks_cluster,
    "upgrade-sks-cluster-service-level": upgrade_sks_cluster_service_level,
    "delete-sks-cluster": delete_sks_cluster,
    "generate-sks-cluster-kubeconfig": generate_sks_cluster_kubeconfig,
    "get-sks-cluster-authority-cert": get_sks_cluster_authority_cert,
}

TASKS: dict[str, Task] = {
    "create-sks-cluster": Task(_create, _failed),
    "delete-sks-cluster": Task(_delete, _failed),
}
