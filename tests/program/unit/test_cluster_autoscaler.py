"""What a cluster with an autoscaler creates, and which settings it allows."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from pulumi.runtime.rpc import is_rpc_secret, unwrap_rpc_secret

from components.sks_cluster.autoscaler import args as autoscaler_args
from components.sks_cluster.autoscaler.credentials import OPERATIONS
from sandbox.exoscale_api import iam
from tests.program.manifests import declare, declared
from tests.program.unit.engine import Engine
from tests.program.unit.stack_settings import load, mistakes

SCALED = {"name": "workers", "instanceType": "standard.small", "autoscale": {"min": 2, "max": 6}}
FIXED = {"name": "fixed", "instanceType": "standard.small", "size": 1}


def settings(*pools: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A stack that is a cluster with these nodepools and an autoscaler."""
    cluster = {
        "zone": "ch-gva-2",
        "version": "1.36.5",
        "nodepools": list(pools) or [SCALED],
        "autoscaler": {},
    }
    return {"cluster": {k: v for k, v in (cluster | changes).items() if v is not None}}


def scaled(low: int, high: int, **changes: Any) -> dict[str, Any]:
    return SCALED | {"autoscale": {"min": low, "max": high}} | changes


def release(engine: Engine) -> dict[str, Any]:
    (found,) = engine.of_type("Release").values()
    return found


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            settings(SCALED | {"size": 2}),
            "cluster.nodepools[0].size: 2: must not be given with autoscale",
        ),
        (
            settings({"name": "workers", "instanceType": "standard.small"}, autoscaler=None),
            "cluster.nodepools[0].size: null: must be given, or autoscale",
        ),
        (settings(scaled(0, 2)), "cluster.nodepools[0].autoscale.min: 0: must be 1 or more"),
        (
            settings(scaled(3, 2)),
            "cluster.nodepools[0].autoscale.max: 2: must not be less than min, 3",
        ),
        (
            settings(scaled(2, 9)),
            "cluster.nodepools[0].autoscale.max: 9: must be 8 or less, the limit of an"
            " anti-affinity group, unless antiAffinity is false and antiAffinityGroups is empty",
        ),
        (
            settings(autoscaler=None),
            'cluster.nodepools[0].autoscale: {"min": 2, "max": 6}: must not be given without'
            " cluster.autoscaler, which changes the size",
        ),
        (
            settings(FIXED),
            "cluster.autoscaler: {}: must not be given: no node pool has autoscale",
        ),
        (
            settings(autoscaler={"scaleDownUnneededTime": "10"}),
            'cluster.autoscaler.scaleDownUnneededTime: "10": must be a duration with its unit,'
            " such as 10s or 1h30m",
        ),
    ],
)
def test_wrong_settings(values: dict[str, Any], line: str) -> None:
    assert mistakes(values) == [line]


def test_a_size_may_be_fixed_by_equal_limits() -> None:
    assert load(settings(scaled(2, 2))).cluster
    assert load(settings(scaled(2, 20, antiAffinity=False))).cluster


def test_a_managed_database_must_know_all_nodes() -> None:
    database = {"kind": "dbaas", "zone": "ch-gva-2"}
    values = settings() | {"apps": [{"name": "web", "image": "example/web:1"}]}
    values["apps"][0]["database"] = database
    assert mistakes(values) == [
        "apps[0].database.ipFilter: null: is required with cluster.autoscaler: the database would"
        " reject nodes that it adds"
    ]
    values["apps"][0]["database"] = database | {"ipFilter": ["192.0.2.0/24"]}
    assert load(values).apps


def test_nodes_are_counted() -> None:
    cluster = load(settings(SCALED, FIXED)).cluster
    assert cluster
    assert (cluster.nodes, cluster.max_nodes) == (3, 7)


def test_the_nodepool_starts_with_the_minimum_and_its_size_is_left_alone() -> None:
    engine = declare(settings(SCALED, FIXED))
    pools = engine.of_type("SksNodepool")
    assert {name: each["size"] for name, each in pools.items()} == {
        "cluster-workers": 2,
        "cluster-fixed": 1,
    }


def test_the_key_may_only_do_what_the_autoscaler_does() -> None:
    engine = declare(settings())
    (role,) = engine.of_type("IamRole").values()
    assert role["policy"]["defaultServiceStrategy"] == "deny"
    assert role["policy"]["services"].keys() == {"compute"}
    (rule,) = role["policy"]["services"]["compute"]["rules"]
    assert rule["action"] == "allow"
    assert iam.operations(rule["expression"]) == set(OPERATIONS)
    (key,) = engine.of_type("IamApiKey").values()
    assert key["roleId"] == "cluster-autoscaler-id"


def test_the_secret_is_where_the_chart_looks_for_it() -> None:
    engine = declare(settings())
    (secret,) = engine.of_type("Secret").values()
    assert is_rpc_secret(secret["data"])
    assert unwrap_rpc_secret(secret["data"]).keys() == {"api-key", "api-secret", "api-zone"}
    assert secret["metadata"]["namespace"] == "kube-system"
    values = release(engine)["values"]
    assert values["secretKeyRefNameOverride"] == "cluster-autoscaler"
    assert "hidden" not in str(release(engine))


def test_each_nodepool_is_listed_also_one_with_a_fixed_size() -> None:
    """The autoscaler lets one that is not listed grow to the account's quota."""
    values = release(declare(settings(SCALED, FIXED)))["values"]
    assert values["cloudProvider"] == "exoscale"
    assert values["autoscalingGroups"] == [
        {"name": "cluster-workers", "minSize": 2, "maxSize": 6},
        {"name": "cluster-fixed", "minSize": 1, "maxSize": 1},
    ]
    assert values["extraArgs"]["max-nodes-total"] == 7


def test_settings_reach_the_chart() -> None:
    autoscaler = {
        "scaleDownUnneededTime": "5m",
        "chart": "./chart",
        "resources": {"requests": {"cpu": "1"}},
        "values": {"extraArgs": {"v": 2}, "image": {"tag": "v1.36.9"}},
    }
    found = release(declare(settings(autoscaler=autoscaler)))
    assert found["chart"] == "./chart"
    assert "repositoryOpts" not in found
    values = found["values"]
    assert values["extraArgs"]["scale-down-unneeded-time"] == "5m"
    assert values["extraArgs"]["v"] == 2
    assert values["resources"]["requests"] == {"cpu": "1"}
    assert values["image"] == {"tag": "v1.36.9"}


@pytest.mark.parametrize(("version", "tag"), [("1.35.9", "v1.35.1"), ("1.36.5", "v1.36.1")])
def test_the_autoscaler_has_the_minor_version_of_the_cluster(version: str, tag: str) -> None:
    found = release(declare(settings(version=version)))
    assert found["values"]["image"] == {"tag": tag}
    assert found["version"] == "9.59.0"
    assert found["repositoryOpts"] == {"repo": "https://kubernetes.github.io/autoscaler"}


def test_the_tag_of_the_image_is_as_documented() -> None:
    assert doctest.testmod(autoscaler_args).failed == 0


def test_nobody_connects_to_the_autoscaler() -> None:
    (policy,) = (each for each in declared(settings()) if each["kind"] == "NetworkPolicy")
    assert policy["metadata"]["namespace"] == "kube-system"
    assert policy["spec"]["podSelector"] == {
        "matchLabels": {"app.kubernetes.io/instance": "cluster-autoscaler"}
    }
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy["spec"]
    assert len(policy["spec"]["egress"]) == 3


def test_a_stack_without_an_autoscaler_has_none_of_it() -> None:
    engine = declare(settings(FIXED, autoscaler=None))
    for kind in ("IamRole", "IamApiKey", "Release", "Secret", "NetworkPolicy"):
        assert not engine.of_type(kind)
    assert engine.of_type("Stash").keys() == {"cluster-fixed", "databases", "nodepools"}


def test_the_gates_record_the_limits() -> None:
    stashes = declare(settings(SCALED, FIXED)).of_type("Stash")
    assert stashes["cluster-workers"]["input"] == {"id": "cluster-workers-id", "autoscaled": True}
    assert stashes["cluster-fixed"]["input"] == "cluster-fixed-id"
    assert stashes["cluster-nodepool-bounds"]["input"] == {
        "workers": {"id": "cluster-workers-id", "min": 2, "max": 6},
        "fixed": {"id": "cluster-fixed-id", "min": 1, "max": 1},
    }
