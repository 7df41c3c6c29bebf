"""Restarts the clusters that ran when the server ended."""

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.resources.instance import NODEPOOL_KIND
from sandbox.exoscale_api.resources.sks_parts import cluster_work, nodepool_work
from sandbox.exoscale_api.store import Json

_STARTED = ("running", "error")
_CHANGING = ("updating", "upgrading")
"""States of clusters that ran during a change, which continues."""

_log = logging.getLogger(__name__)


def start_clusters(organization: Organization) -> list[str]:
    """Starts the stored clusters and their nodepools in parallel.

    A cluster that doesn't start gets the state `error`; the next restart retries it.

    Returns:
        A line for each failure.
    """
    clusters = [
        cluster
        for cluster in organization.store.list(cluster_work.KIND)
        if cluster["state"] in (*_STARTED, *_CHANGING) and "endpoint" in cluster
    ]
    with ThreadPoolExecutor(max_workers=max(1, len(clusters))) as threads:
        failures = threads.map(lambda cluster: _start(organization, cluster), clusters)
    return list(chain(*failures))


def _start(organization: Organization, cluster: Json) -> list[str]:
    id_ = cluster["id"]
    what = f"SKS cluster {cluster['name']}"
    nodepools = organization.store.list(NODEPOOL_KIND, parent=id_)
    try:
        organization.runtime.start_cluster(id_)
    except Exception as error:
        return [_failure(organization, cluster_work.KIND, id_, what, error)]
    if cluster["state"] == "error":
        organization.store.update(cluster_work.KIND, id_, state="running")
    failures = []
    for nodepool in nodepools:
        if nodepool["state"] in _STARTED:
            try:
                nodepool_work.set_nodes(organization, {"cluster": id_, "id": nodepool["id"]})
            except Exception as error:
                pool = f"{what}, nodepool {nodepool['name']}"
                failures.append(_failure(organization, NODEPOOL_KIND, nodepool["id"], pool, error))
    return failures


def _failure(organization: Organization, kind: str, id_: str, what: str, error: Exception) -> str:
    _log.error("%s (%s) does not start", what, id_, exc_info=error)
    organization.store.update(kind, id_, state="error")
    return f"{what}: {error}"
