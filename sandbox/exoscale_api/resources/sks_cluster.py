"""SKS clusters. Each one has a real control plane, which the SKS runtime runs."""

from base64 import b64encode
from collections.abc import Collection
from typing import cast
from uuid import uuid4

from sandbox.exoscale_api import not_simulated, timestamp
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import BadRequest, Conflict, NotSimulated
from sandbox.exoscale_api.jobs import Task
from sandbox.exoscale_api.quotas import Quota
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.resources.instance import NODEPOOL_KIND
from sandbox.exoscale_api.resources.sks_parts import cluster_work as work, settings
from sandbox.exoscale_api.resources.sks_parts.start import start_clusters
from sandbox.exoscale_api.sks_runtime import Authority
from sandbox.exoscale_api.store import Json

KIND = work.KIND
_QUOTA = Quota("sks-cluster", KIND, limit=10)
_KUBECONFIG_TTL = 30 * 24 * 3600
"""Default lifetime of a kubeconfig's certificate, in seconds (OpenAPI, sks-kubeconfig-request)."""

_AT_ONCE = ("description", "labels", "auto-upgrade")
_IN_CONTROL_PLANE = ("name", "addons", "feature-gates", "audit", "oidc")
_WITH_CONTROL_PLANE = ("running", "updating", "upgrading")


def list_sks_cluster_versions(call: Call) -> Json:
    return {"sks-cluster-versions": list(call.organization.runtime.versions)}


def create_sks_cluster(call: Call) -> Json:
    body = call.body
    not_simulated.refuse(call, "create-sks-cluster", ("create-default-security-group",))
    addons = sorted(body.get("addons", []))
    _check_version(call, body["version"])
    _check_addons("create-sks-cluster", addons, [])
    networking = body.get("networking") or {}
    settings.check_networking(networking)
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
        "networking": networking,
        "state": "creating",
        "created-at": timestamp.now(),
    }
    if "oidc" in body:
        settings.check_oidc(body["oidc"])
        cluster["oidc"] = body["oidc"]
    token = None
    if "audit" in body:
        cluster["audit"], token = _audit({"enabled": True} | body["audit"], None)
    with call.store.transaction():
        call.organization.quotas.enforce(_QUOTA)
        call.store.put(KIND, cluster, zone=call.zone)
        work.keep_token(call.store, cluster["id"], token)
        return call.begin("create-sks-cluster", KIND, cluster["id"])


def list_sks_clusters(call: Call) -> Json:
    clusters = call.store.list(KIND, zone=call.zone)
    return {"sks-clusters": [_answer(call, cluster) for cluster in clusters]}


def get_sks_cluster(call: Call) -> Json:
    return _answer(call, require(call))


def update_sks_cluster(call: Call) -> Json:
    """Updates a cluster: changes of the control plane as a task, others immediately."""
    if call.body.get("enable-operators-ca") is not None:
        raise NotSimulated("update-sks-cluster: enable-operators-ca is not simulated")
    with call.store.transaction():
        cluster = require_running(call)
        at_once = {name: call.body[name] for name in _AT_ONCE if name in call.body}
        if at_once.get("description", "") is None:
            at_once["description"] = ""
        changes = {name: call.body[name] for name in _IN_CONTROL_PLANE if name in call.body}
        token = work.token_of(call.store, cluster["id"])
        if "audit" in changes:
            changes["audit"], token = _audit(cluster.get("audit", {}) | changes["audit"], token)
        if changes.get("oidc"):
            settings.check_oidc(changes["oidc"])
        if "addons" in changes:
            changes["addons"] = sorted(changes["addons"])
            _check_addons("update-sks-cluster", changes["addons"], cluster["addons"])
        if changes.get("feature-gates", []) is None:
            changes["feature-gates"] = []
        call.store.put(KIND, cluster | at_once)
        same = all(cluster.get(name) == value for name, value in changes.items())
        if same and token == work.token_of(call.store, cluster["id"]):
            return call.done(KIND, cluster["id"])
        return work.begin_change(call, cluster["id"], "updating", changes, token)


def upgrade_sks_cluster(call: Call) -> Json:
    """Upgrades a cluster and its nodepools; only new instances have the new version."""
    version = call.body["version"]
    _check_version(call, version)
    with call.store.transaction():
        cluster = require_running(call)
        settings.check_upgrade(cluster["name"], cluster["version"], version)
        if version == cluster["version"]:
            return call.done(KIND, cluster["id"])
        token = work.token_of(call.store, cluster["id"])
        return work.begin_change(call, cluster["id"], "upgrading", {"version": version}, token)


def upgrade_sks_cluster_service_level(call: Call) -> Json:
    with call.store.transaction():
        cluster = require_running(call)
        if cluster["level"] == "pro":
            raise Conflict(f"SKS cluster {cluster['name']} has the level pro already")
        call.store.update(KIND, cluster["id"], level="pro")
        return call.done(KIND, cluster["id"])


def delete_sks_cluster(call: Call) -> Json:
    with call.store.transaction():
        cluster = require(call)
        if cluster["state"] not in ("running", "error"):
            raise Conflict(f"SKS cluster {cluster['name']} is {cluster['state']}")
        if call.store.list(NODEPOOL_KIND, parent=cluster["id"]):
            raise Conflict(f"SKS cluster {cluster['name']} still has nodepools")
        call.store.update(KIND, cluster["id"], state="deleting")
        return call.begin("delete-sks-cluster", KIND, cluster["id"])


def generate_sks_cluster_kubeconfig(call: Call) -> Json:
    cluster = _require(call, _WITH_CONTROL_PLANE)
    kubeconfig = call.organization.runtime.kubeconfig(
        cluster["id"], call.body["user"], call.body["groups"], call.body.get("ttl", _KUBECONFIG_TTL)
    )
    return {"kubeconfig": b64encode(kubeconfig.encode()).decode()}


def get_sks_cluster_authority_cert(call: Call) -> Json:
    cluster = _require(call, _WITH_CONTROL_PLANE)
    authority = cast(Authority, call.path["authority"])
    certificate = call.organization.runtime.authority_cert(cluster["id"], authority)
    return {"cacert": b64encode(certificate.encode()).decode()}


def require(call: Call) -> Json:
    """Returns the cluster in the path; raises NotFound if it doesn't exist."""
    return call.require(KIND, call.path["id"], zone=call.zone)


def require_running(call: Call) -> Json:
    """Returns the cluster in the path.

    Raises:
        NotFound: if it doesn't exist.
        Conflict: if it is not running.
    """
    return _require(call, ("running",))


def _require(call: Call, states: Collection[str]) -> Json:
    cluster = require(call)
    if cluster["state"] not in states:
        raise Conflict(f"SKS cluster {cluster['name']} is {cluster['state']}")
    return cluster


def _check_version(call: Call, version: str) -> None:
    versions = call.organization.runtime.versions
    if version not in versions:
        raise BadRequest(f"version {version} is not available: {', '.join(versions)}")


def _check_addons(operation_id: str, addons: list[str], before: list[str]) -> None:
    if "karpenter" in addons:
        raise NotSimulated(f"{operation_id}: addon karpenter is not simulated")
    settings.check_addons(addons, before)


def _audit(given: Json, token: str | None) -> tuple[Json, str | None]:
    """Returns the audit log in the API's format, and its token: the given one, else `token`."""
    audit: Json = {"enabled": False, "initial-backoff": settings.AUDIT_BACKOFF} | given
    token = audit.pop("bearer-token", token)
    settings.check_audit(audit, token)
    return audit, token


def _answer(call: Call, cluster: Json) -> Json:
    answer = {
        name: value
        for name, value in cluster.items()
        if name != "networking" and value is not None  # None: the OIDC configuration was removed
    }
    return answer | {"nodepools": call.store.list(NODEPOOL_KIND, parent=cluster["id"])}


RESOURCE = Resource(
    KIND,
    operations={
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
    },
    tasks={
        "create-sks-cluster": Task(work.create, work.failed),
        "change-sks-cluster": Task(work.change, work.change_failed),
        "delete-sks-cluster": Task(work.delete, work.failed),
    },
    quota=_QUOTA,
    status=Listing(
        "sks-clusters",
        fields=("id", "name", "state", "level", "version", "endpoint", "zone", "parent"),
        columns={
            "cluster": "name",
            "zone": "zone",
            "version": "version",
            "level": "level",
            "state": "state",
            "API server": "endpoint",
        },
        position=1,
    ),
    resume=start_clusters,
)
