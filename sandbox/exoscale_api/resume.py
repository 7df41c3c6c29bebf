"""Bringing the account back after a restart of the server."""

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from sandbox.exoscale_api import sks_cluster_work, sks_nodepool
from sandbox.exoscale_api.account import Account
from sandbox.exoscale_api.store import Json
from sandbox.sks.spec import SksError

_STARTED = ("running", "error")
_CHANGING = ("updating", "upgrading")
"""States of clusters that ran, and whose operation goes on."""

_log = logging.getLogger(__name__)


def resume(account: Account) -> None:
    """Start the stored clusters side by side, then the operations that were cut off.

    A cluster or nodepool that does not start gets the state error, and the next restart tries it
    again. Raises SksError, which names them all, when everything else is up.
    """
    clusters = [
        cluster
        for cluster in account.store.list(sks_cluster_work.KIND)
        if cluster["state"] in (*_STARTED, *_CHANGING) and "endpoint" in cluster
    ]
    with ThreadPoolExecutor(max_workers=max(1, len(clusters))) as threads:
        failures = list(chain(*threads.map(lambda cluster: _start(account, cluster), clusters)))
    account.operations.resume(account)
    if failures:
        raise SksError("; ".join(failures))


def _start(account: Account, cluster: Json) -> list[str]:
    id_ = cluster["id"]
    what = f"SKS cluster {cluster['name']}"
    nodepools = account.store.list(sks_nodepool.KIND, parent=id_)
    try:
        account.runtime.start_cluster(id_)
    except Exception as error:
        return [_failure(account, sks_cluster_work.KIND, id_, what, error)]
    if cluster["state"] == "error":
        account.store.update(sks_cluster_work.KIND, id_, state="running")
    failures = []
    for nodepool in nodepools:
        if nodepool["state"] in _STARTED:
            try:
                sks_nodepool.set_nodes(account, {"cluster": id_, "id": nodepool["id"]})
            except Exception as error:
                pool = f"{what}, nodepool {nodepool['name']}"
                failures.append(_failure(account, sks_nodepool.KIND, nodepool["id"], pool, error))
    return failures


def _failure(account: Account, kind: str, id_: str, what: str, error: Exception) -> str:
    _log.error("%s (%s) does not start", what, id_, exc_info=error)
    account.store.update(kind, id_, state="error")
    return f"{what}: {error}"
