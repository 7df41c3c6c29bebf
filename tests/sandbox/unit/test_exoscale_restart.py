"""The sandbox's Exoscale account after its server ended, in order or not."""

import time
from pathlib import Path

import pytest

from sandbox.exoscale_api import summary
from sandbox.exoscale_api.store import Store
from sandbox.sks.spec import SksError
from tests.support.exoscale_account import SMALL, Account, MemoryRuntime


def test_everything_is_there_again_after_a_restart(tmp_path: Path) -> None:
    before = Account(tmp_path)
    cluster = before.cluster()
    before.nodepool(cluster)
    before.done(before.api.create_load_balancer(name="k8s-a"))
    operation = before.api.create_security_group(name="sks")
    before.done(operation)
    pools = before.runtime.clusters[cluster]

    after = Account(tmp_path)
    after.app.state.resume()
    assert after.runtime.started == [cluster]
    assert after.runtime.clusters[cluster] == pools
    for read in ("list_sks_clusters", "list_instances", "list_load_balancers"):
        assert getattr(after.api, read)() == getattr(before.api, read)()
    assert after.api.get_operation(id=operation["id"]) == operation

    found = summary(tmp_path)
    assert [c["name"] for c in found["sks-clusters"]] == ["demo"]
    assert [p["size"] for p in found["sks-clusters"][0]["nodepools"]] == [2]
    assert [lb["ip"] for lb in found["load-balancers"]] == ["203.0.113.1"]
    assert [group["name"] for group in found["security-groups"]] == ["sks"]


def test_operations_that_were_cut_off_run_again(tmp_path: Path) -> None:
    before = Account(tmp_path)
    before.app.state.jobs.stop()
    before.runtime.fail = "cut off"
    operation = before.api.create_sks_cluster(name="demo", level="starter", version="1.36.5")
    cluster = operation["reference"]["id"]
    deadline = time.monotonic() + 5
    while before.runtime.fail and time.monotonic() < deadline:
        time.sleep(0.001)
    assert before.api.get_operation(id=operation["id"])["state"] == "pending"

    runtime = MemoryRuntime()
    runtime.clusters[cluster] = {}
    after = Account(tmp_path, runtime)
    after.app.state.resume()
    assert after.done(operation) == cluster
    assert after.api.get_sks_cluster(id=cluster)["state"] == "running"


def test_a_cluster_that_does_not_start_is_in_error_until_it_does(tmp_path: Path) -> None:
    cluster = Account(tmp_path).cluster()
    runtime = MemoryRuntime()
    runtime.fail = "no port"
    with pytest.raises(SksError, match="SKS cluster demo: no port"):
        Account(tmp_path, runtime).app.state.resume()
    again = Account(tmp_path)
    assert again.api.get_sks_cluster(id=cluster)["state"] == "error"
    again.app.state.resume()
    assert again.api.get_sks_cluster(id=cluster)["state"] == "running"


def test_a_nodepool_in_error_is_set_again_at_a_restart(tmp_path: Path) -> None:
    before = Account(tmp_path)
    cluster = before.cluster()
    before.runtime.fail = "not Ready within 60 s"
    operation = before.finish(
        before.api.create_sks_nodepool(
            id=cluster, name="workers", size=1, disk_size=50, instance_type=SMALL
        )
    )
    assert operation["message"] == "not Ready within 60 s"
    after = Account(tmp_path)
    after.app.state.resume()
    (nodepool,) = after.api.get_sks_cluster(id=cluster)["nodepools"]
    assert nodepool["state"] == "running"
    assert after.runtime.clusters[cluster][nodepool["id"]].size == 1


def test_a_change_that_fails_half_way_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    started: list[str] = []

    def change() -> None:
        with store.transaction():
            store.put("thing", {"id": "1"})
            store.after_commit(lambda: started.append("1"))
            raise LookupError

    with pytest.raises(LookupError):
        change()
    assert (store.list("thing"), started) == ([], [])


def test_a_summary_of_an_unused_account_is_empty(tmp_path: Path) -> None:
    assert not any(summary(tmp_path / "unused").values())
