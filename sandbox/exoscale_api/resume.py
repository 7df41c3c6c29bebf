"""Bringing everything back after a restart of the server."""

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from sandbox.exoscale_api import sks_cluster_work, sks_nodepool
from sandbox.exoscale_api.jobs import Jobs
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.store import Json
from sandbox.sks.spec import SksError

_STARTED = ("running", "error")
_CHANGING = ("updating", "upgrading")
"""States of clusters that ran, and whose operation goes on."""

_log = logging.getLogger(__name__)


def resume(organization: Organization, jobs: Jobs) -> None:
    """Start the stored clusters side by side, then the tasks that were cut off.

    A cluster or nodepool that does not start gets the state error, and the next restart tries it
    again. Raises SksError, which names them all, when everything else is up.
    """
    clusters = [
        cluster
        for cluster in organization.store.list(sks_cluster_work.KIND)
        if cluster["state"] in (*_STARTED, *_CHANGING) and "endpoint" in cluster
    ]
    with ThreadPoolExecutor(max_workers=max(1, len(clusters))) as threads:
        failures = list(
            chain(*threads.map(lambda cluster: _start(organization, cluster), clusters))
        )
    jobs.resume()
    if failures:
        raise SksError("; ".join(failures))


def _start(organization: Organization, cluster: Json) -> list[str]:
    id_ = cluster["id"]
    what = f"SKS cluster {cluster['name']}"
    nodepools = organization.store.list(sks_nodepool.KIND, parent=id_)
    try:
        organization.runtime.start_cluster(id_)
    except Exception as error:
        return [_failure(organization, sks_cluster_work.KIND, id_, what, error)]
    if cluster["state"] == "error":
        organization.store.update(sks_cluster_work.KIND, id_, state="running")
    failures = []
    for nodepool in nodepools:
        if nodepool["state"] in _STARTED:
            try:
                sks_nodepool.set_nodes(organization, {"cluster": id_, "id": nodepool["id"]})
            except Exception as error:
                pool = f"{what}, nodepool {nodepool['name']}"
                failures.append(
                    _failure(organization, sks_nodepool.KIND, nodepool["id"], pool, error)
                )
    return failures


def _failure(organization: Organization, kind: str, id_: str, what: str, error: Exception) -> str:
    _log.error("%s (%s) does not start", what, id_, exc_info=error)
    organization.store.update(kind, id_, state="error")
    return f"{what}: {error}"
