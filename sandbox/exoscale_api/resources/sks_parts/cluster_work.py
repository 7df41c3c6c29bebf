"""The tasks of SKS clusters: creation, changes and deletion.

The stored cluster changes after its control plane has changed, so that a failed change has no
effect on either.
"""

from contextlib import suppress

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.jobs import Arguments
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.resources.instance import NODEPOOL_KIND
from sandbox.exoscale_api.resources.sks_parts import settings
from sandbox.exoscale_api.resources.sks_parts.versions import of_version
from sandbox.exoscale_api.store import Json, Store
from sandbox.sks.spec import ClusterSpec

KIND = "sks-cluster"

_AUDIT_TOKEN = "sks-audit-token"
"""Kind of audit endpoints' bearer tokens. They are separate, because no answer contains them."""
_CHANGE = "sks-cluster-change"
"""Kind of the changes in progress, each with the new token."""


def begin_change(call: Call, id_: str, state: str, changes: Json, token: str | None) -> Json:
    """Starts to change a control plane.

    Args:
        call: the request.
        id_: the ID of the cluster.
        state: the state of the cluster during the change.
        changes: the changed fields.
        token: the bearer token of the audit endpoint after the change.
    """
    call.store.put(_CHANGE, {"id": id_, "changes": changes, "token": token})
    call.store.update(KIND, id_, state=state)
    return call.begin("change-sks-cluster", KIND, id_)


def token_of(store: Store, id_: str) -> str | None:
    """Returns the bearer token of the cluster's audit endpoint."""
    record = store.find(_AUDIT_TOKEN, id_)
    return record["token"] if record else None


def keep_token(store: Store, id_: str, token: str | None) -> None:
    """Stores the bearer token of the cluster's audit endpoint, if there is one."""
    if token is not None:
        store.put(_AUDIT_TOKEN, {"id": id_, "token": token})


def create(organization: Organization, arguments: Arguments) -> None:
    """Starts the control plane of a new cluster (task)."""
    id_ = arguments["id"]
    _remove_files(organization, id_)
    cluster = organization.store.find(KIND, id_)
    assert cluster is not None
    spec = _specification(organization, cluster, token_of(organization.store, id_))
    endpoint = organization.runtime.create_cluster(id_, spec)
    organization.store.update(KIND, id_, state="running", endpoint=endpoint)


def change(organization: Organization, arguments: Arguments) -> None:
    """Makes the change of `begin_change` (task)."""
    id_, store = arguments["id"], organization.store
    cluster, begun = store.find(KIND, id_), store.find(_CHANGE, id_)
    assert cluster is not None
    if begun is None:  # the change is done, only the job has not ended
        return
    changed = cluster | begun["changes"]
    organization.runtime.update_cluster(id_, _specification(organization, changed, begun["token"]))
    with store.transaction():
        if changed["version"] != cluster["version"]:
            for nodepool in store.list(NODEPOOL_KIND, parent=id_):
                store.put(NODEPOOL_KIND, nodepool | of_version(changed["version"]))
        store.put(KIND, changed | {"state": "running"})
        keep_token(store, id_, begun["token"])
        store.delete(_CHANGE, id_)


def change_failed(organization: Organization, arguments: Arguments) -> None:
    """Records that a change failed; the cluster continues with the previous settings."""
    organization.store.delete(_CHANGE, arguments["id"])
    organization.store.update(KIND, arguments["id"], state="running")


def delete(organization: Organization, arguments: Arguments) -> None:
    """Deletes the control plane and the stored cluster (task)."""
    id_ = arguments["id"]
    _remove_files(organization, id_)
    with organization.store.transaction():
        organization.store.delete(_AUDIT_TOKEN, id_)
        organization.store.delete(KIND, id_)


def failed(organization: Organization, arguments: Arguments) -> None:
    """Records that the creation or deletion of a cluster failed."""
    organization.store.update(KIND, arguments["id"], state="error")


def _specification(organization: Organization, cluster: Json, token: str | None) -> ClusterSpec:
    return settings.specification(cluster, organization.store.zone(KIND, cluster["id"]), token)


def _remove_files(organization: Organization, id_: str) -> None:
    with suppress(FileNotFoundError):
        organization.runtime.delete_cluster(id_)
