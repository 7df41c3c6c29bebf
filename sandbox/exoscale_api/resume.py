"""Bringing the account back after a restart of the server."""

import logging
from concurrent.futures import ThreadPoolExecutor

from sandbox.exoscale_api import sks_cluster, sks_nodepool
from sandbox.exoscale_api.account import Account
from sandbox.exoscale_api.store import Json
from sandbox.sks.spec import SksError

_log = logging.getLogger(__name__)


def resume(account: Account) -> None:
    """Start the stored clusters side by side, then the operations that were cut off.

    A cluster that does not start gets the state error, and the next restart tries again. Raises
    SksError, which names them all, when everything else is up.
    """
    clusters = [
        cluster
        for cluster in account.store.list(sks_cluster.KIND)
        if cluster["state"] in ("running", "error") and "endpoint" in cluster
    ]
    with ThreadPoolExecutor(max_workers=max(1, len(clusters))) as threads:
        failures = [
            failure
            for failure in threads.map(lambda cluster: _start(account, cluster), clusters)
            if failure
        ]
    account.operations.resume(account)
    if failures:
        raise SksError("; ".join(failures))


def _start(account: Account, cluster: Json) -> str | None:
    try:
        account.runtime.start_cluster(cluster["id"])
        for nodepool in account.store.list(sks_nodepool.KIND, parent=cluster["id"]):
            if nodepool["state"] == "running":
                specification = sks_nodepool.specification(account, nodepool)
                account.runtime.set_nodepool(cluster["id"], specification)
    except Exception as error:
        _log.exception("SKS cluster %s (%s) does not start", cluster["name"], cluster["id"])
        account.store.update(sks_cluster.KIND, cluster["id"], state="error")
        return f"SKS cluster {cluster['name']}: {error}"
    account.store.update(sks_cluster.KIND, cluster["id"], state="running")
    return None
