"""Updates and upgrades of SKS clusters, by Exoscale's own Python client."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.sks.spec import Audit, ClusterSpec, Networking, Oidc
from tests.support.exoscale_account import Account, MemoryRuntime, refused

CCM, CSI = "exoscale-cloud-controller", "exoscale-container-storage-interface"
AUDIT = {"endpoint": "https://audit.example", "bearer-token": "s3cret"}
OIDC = {"client-id": "kube", "issuer-url": "https://issuer.example"}


class ThreeVersions(MemoryRuntime):
    versions = ("1.36.5", "1.35.4", "1.35.3", "1.34.1")


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path, ThreeVersions())


def spec(account: Account, cluster: str) -> ClusterSpec:
    return account.runtime.specs[cluster]


def answer(account: Account, cluster: str) -> dict[str, Any]:
    found: dict[str, Any] = account.api.get_sks_cluster(id=cluster)
    return found


def test_an_audit_log_is_set_and_its_token_never_answered(account: Account) -> None:
    cluster = account.cluster(audit=AUDIT)
    assert spec(account, cluster).audit == Audit(
        endpoint="https://audit.example", bearer_token="s3cret", initial_backoff="10s"
    )
    assert "s3cret" not in repr(spec(account, cluster))
    shown = {"enabled": True, "endpoint": "https://audit.example", "initial-backoff": "10s"}
    assert answer(account, cluster)["audit"] == shown

    account.done(account.api.update_sks_cluster(id=cluster, audit={"initial-backoff": "3s"}))
    audit = spec(account, cluster).audit
    assert audit is not None
    assert (audit.bearer_token, audit.initial_backoff) == ("s3cret", "3s")
    account.done(account.api.update_sks_cluster(id=cluster, audit={"bearer-token": "other"}))
    audit = spec(account, cluster).audit
    assert audit is not None
    assert audit.bearer_token == "other"
    account.done(account.api.update_sks_cluster(id=cluster, audit={"enabled": False}))
    assert spec(account, cluster).audit is None
    assert answer(account, cluster)["audit"]["enabled"] is False
    account.done(account.api.update_sks_cluster(id=cluster, audit={"enabled": True}))
    assert spec(account, cluster).audit is not None
    assert "other" not in json.dumps(account.api.list_sks_clusters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"enabled": True}, "endpoint and bearer-token are required"),
        ({"enabled": True, "endpoint": "https://a.example"}, "endpoint and bearer-token"),
        (AUDIT | {"enabled": True, "endpoint": "audit.example"}, "not an http"),
        (AUDIT | {"enabled": True, "initial-backoff": "soon"}, "not a duration"),
    ],
)
def test_an_audit_log_that_could_not_be_sent_is_refused(
    account: Account, change: dict[str, Any], message: str
) -> None:
    cluster = account.cluster()
    with refused(400, message):
        account.api.update_sks_cluster(id=cluster, audit=change)
    assert answer(account, cluster)["state"] == "running"


def test_oidc_is_set_changed_and_taken_away(account: Account) -> None:
    cluster = account.cluster(oidc=OIDC)
    assert spec(account, cluster).oidc == Oidc(
        client_id="kube", issuer_url="https://issuer.example"
    )
    assert answer(account, cluster)["oidc"] == OIDC
    with refused(400, "not an https URL"):
        account.api.update_sks_cluster(
            id=cluster, oidc=OIDC | {"issuer-url": "http://issuer.example"}
        )
    account.done(account.api.update_sks_cluster(id=cluster, oidc=None))
    assert spec(account, cluster).oidc is None


def test_networks_of_pods_and_services_are_the_clusters_own(account: Account) -> None:
    networking = {"cluster-cidr": "10.0.0.0/16", "node-cidr-mask-size-ipv4": 25}
    cluster = account.cluster(networking=networking)
    assert spec(account, cluster).networking == Networking(
        pods="10.0.0.0/16", services="10.96.0.0/12", node_mask_ipv4=25
    )
    assert spec(account, account.cluster()).networking.pods == "192.168.0.0/16"
    with refused(400, "10.96.0.0/16 and 10.96.0.0/12 overlap"):
        account.cluster(networking={"cluster-cidr": "10.96.0.0/16"})
    with refused(400, "cluster-cidr"):
        account.cluster(networking={"cluster-cidr": "10.0.0.1/16"})


def test_addons_are_added_and_never_taken_away(account: Account) -> None:
    cluster = account.cluster(addons=[CCM])
    account.done(account.api.update_sks_cluster(id=cluster, addons=[CSI, CCM]))
    assert answer(account, cluster)["addons"] == [CCM, CSI]
    assert spec(account, cluster).addons == [CCM, CSI]
    with refused(400, f"not supported: {CSI}"):
        account.api.update_sks_cluster(id=cluster, addons=[CCM])
    with refused(400, f"{CSI} requires {CCM}"):
        account.cluster(addons=[CSI])


def test_an_update_that_fails_leaves_the_cluster_as_it_was(account: Account) -> None:
    cluster = account.cluster(audit=AUDIT)
    account.runtime.fail = "unrecognized feature gate: Nope"
    operation = account.api.update_sks_cluster(
        id=cluster, feature_gates=["Nope"], audit={"bearer-token": "lost"}
    )
    ended = account.finish(operation)
    assert (ended["state"], ended["message"]) == ("failure", "unrecognized feature gate: Nope")
    found = answer(account, cluster)
    assert (found["state"], found["feature-gates"]) == ("running", [])
    account.done(account.api.update_sks_cluster(id=cluster, feature_gates=["Yes"]))
    after = spec(account, cluster)
    assert (after.feature_gates, after.audit and after.audit.bearer_token) == (["Yes"], "s3cret")


def test_what_changes_nothing_is_done_at_once(account: Account) -> None:
    cluster = account.cluster(feature_gates=["Yes"], audit=AUDIT)
    account.runtime.ready.clear()
    same = {"feature_gates": ["Yes"], "audit": AUDIT, "labels": {"a": "b"}, "auto_upgrade": True}
    assert account.api.update_sks_cluster(id=cluster, **same)["state"] == "success"
    assert answer(account, cluster)["labels"] == {"a": "b"}
    account.runtime.ready.set()


def test_a_cluster_that_changes_takes_no_other_change(account: Account) -> None:
    cluster = account.cluster()
    account.runtime.ready.clear()
    operation = account.api.update_sks_cluster(id=cluster, name="renamed")
    assert answer(account, cluster)["state"] == "updating"
    with refused(409, "demo is updating"):
        account.api.update_sks_cluster(id=cluster, name="again")
    with refused(409, "demo is updating"):
        account.api.delete_sks_cluster(id=cluster)
    assert account.api.generate_sks_cluster_kubeconfig(id=cluster, user="a", groups=["b"])
    account.runtime.ready.set()
    account.done(operation)
    assert answer(account, cluster)["name"] == spec(account, cluster).name == "renamed"


def test_an_upgrade_makes_nodepools_new_and_leaves_instances(account: Account) -> None:
    api = account.api
    cluster = account.cluster(version="1.35.3")
    where = {"id": cluster, "sks_nodepool_id": account.nodepool(cluster, size=1)}
    assert api.get_sks_nodepool(**where)["version"] == "1.35.4"
    account.runtime.ready.clear()
    operation = api.upgrade_sks_cluster(id=cluster, version="1.36.5")
    assert answer(account, cluster)["state"] == "upgrading"
    account.runtime.ready.set()
    account.done(operation)
    assert answer(account, cluster)["version"] == spec(account, cluster).version == "1.36.5"
    pool = api.get_sks_nodepool(**where)
    assert pool["version"] == "1.36.5"
    (instance,) = api.list_instances()["instances"]
    assert instance["template"] != pool["template"]
    account.done(api.scale_sks_nodepool(**where, size=2))
    assert api.list_instances()["instances"][1]["template"] == pool["template"]
    assert account.runtime.clusters[cluster][pool["id"]].version == "1.36.5"


@pytest.mark.parametrize(
    ("version", "to", "message"),
    [
        ("1.36.5", "1.35.4", "can't be downgraded from 1.36.5 to 1.35.4"),
        ("1.34.1", "1.36.5", "one minor version at a time"),
        ("1.35.4", "1.36.0", "1.36.0 is not available: 1.36.5, 1.35.4"),
    ],
)
def test_upgrades_that_are_refused(account: Account, version: str, to: str, message: str) -> None:
    cluster = account.cluster(version=version)
    with refused(400, message):
        account.api.upgrade_sks_cluster(id=cluster, version=to)
    assert answer(account, cluster)["version"] == version


def test_a_change_that_was_cut_off_is_done_after_a_restart(tmp_path: Path) -> None:
    account = Account(tmp_path, ThreeVersions())
    cluster = account.cluster(version="1.35.4")
    account.runtime.ready.clear()
    operation = account.api.upgrade_sks_cluster(id=cluster, version="1.36.5")
    account.app.state.jobs.stop()

    restarted = Account(tmp_path, ThreeVersions())
    restarted.app.state.resume()
    assert restarted.runtime.started == [cluster]
    restarted.done(restarted.api.get_operation(id=operation["id"]))
    assert answer(restarted, cluster)["version"] == "1.36.5"
    account.runtime.fail = "stopped"
    account.runtime.ready.set()
