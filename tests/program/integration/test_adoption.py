"""A cluster made by hand becomes a stack's: nothing of it is changed, replaced or made twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.program.integration.cluster_stack import POOL, Objects, create_stack, plan
from tests.support.account import VERSION, Sandbox
from tests.support.stack import Stack

pytestmark = pytest.mark.integration


GATES = ["CrossNamespaceVolumeDataSource"]


def without_nodepools(cluster: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in cluster.items() if key != "nodepools"}


def paths(stack: Stack, kind: str) -> set[str]:
    """The properties that a preview says are updated."""
    return {
        path
        for step in stack.preview()
        if step.operation == "update" and step.kind.endswith(f":{kind}")
        for path in step.changed
    }


@pytest.fixture
def by_hand(sandbox: Sandbox) -> dict[str, str]:
    """IDs of a cluster, its nodepool and their groups, made with Exoscale's own client."""
    client = sandbox.client

    def done(operation: dict[str, Any]) -> str:
        ended = client.wait(operation["id"], max_wait_time=120)
        assert ended["state"] == "success", ended
        return str(ended["reference"]["id"])

    small = next(
        kind["id"]
        for kind in client.list_instance_types()["instance-types"]
        if (kind["family"], kind["size"]) == ("standard", "small")
    )
    ids = {
        "cluster": done(
            client.create_sks_cluster(
                name="by-hand",
                level="starter",
                version=VERSION,
                cni="calico",
                addons=["exoscale-cloud-controller", "metrics-server"],
                description="by hand",
                labels={"by": "hand"},
                feature_gates=GATES,
                oidc={"client-id": "kube", "issuer-url": "https://login.example"},
            )
        ),
        "group": done(client.create_security_group(name="nodes by hand")),
        "hosts": done(client.create_anti_affinity_group(name="hosts by hand")),
    }
    ids["nodepool"] = done(
        client.create_sks_nodepool(
            id=ids["cluster"],
            name="pool-by-hand",
            description="by hand",
            labels={"by": "hand"},
            size=1,
            disk_size=20,
            instance_type={"id": small},
            security_groups=[{"id": ids["group"]}],
            anti_affinity_groups=[{"id": ids["hosts"]}],
        )
    )
    return ids


def test_adoption(sandbox: Sandbox, by_hand: dict[str, str], tmp_path: Path) -> None:
    before = sandbox.holds()
    settings = {
        "zone": "ch-gva-2",
        "version": VERSION,
        "featureGates": GATES,
        "oidc": {"clientId": "kube", "issuerUrl": "https://login.example"},
        "nodepools": [POOL | {"size": 2}],
        "adopt": {
            "cluster": by_hand["cluster"],
            "securityGroup": by_hand["group"],
            "nodepools": {"workers": by_hand["nodepool"]},
            "antiAffinityGroups": {"workers": by_hand["hosts"]},
        },
    }
    stack = create_stack("adopted", tmp_path / "project", sandbox, settings)
    live = sandbox.client.get_sks_cluster(id=by_hand["cluster"])
    (pool,) = live["nodepools"]
    planned = plan(stack)
    for kind in ("SecurityGroup", "AntiAffinityGroup"):
        assert planned.operations[kind] == {"import"}
    # of the cluster, the state learns of the OIDC that it has
    for kind, path in (("SksCluster", "oidc"), ("SksNodepool", "size")):
        assert planned.operations[kind] == {"import", "update"}
        assert paths(stack, kind) == {path}
    assert stack.up() == planned.summary
    objects = Objects(stack, sandbox)
    assert objects.identities(SksCluster="") == [by_hand["cluster"]]
    assert without_nodepools(objects.cluster()) == without_nodepools(live)
    assert objects.nodepool() | {"size": 1} == pool
    assert sandbox.holds() == before | {"instances": sandbox.holds()["instances"]}
    stack("preview", "--expect-no-changes")
    stack("preview", "--refresh", "--expect-no-changes")

    stack("destroy", "--yes", "--skip-preview")
    assert by_hand["cluster"] not in str(sandbox.client.list_sks_clusters())
    assert not {"nodes by hand", "hosts by hand"} & {
        name for names in sandbox.holds().values() for name in names
    }
