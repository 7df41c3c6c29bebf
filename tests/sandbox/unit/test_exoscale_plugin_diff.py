"""What the Exoscale plugin shows before anything happens: diffs and previews."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.wire import UNKNOWN, Secret
from tests.support.exoscale_plugin import Plugin

CLUSTER = {
    "name": "main",
    "zone": "ch-gva-2",
    "cni": "calico",
    "serviceLevel": "pro",
    "description": "",
    "version": "1.36.5",
    "labels": {"a": "b"},
    "enableKubeProxy": True,
    "exoscaleCcm": True,
    "exoscaleCsi": False,
    "metricsServer": True,
    "addons": ["metrics-server"],
    "endpoint": "https://127.0.0.1:6443",
}
NEWS = {
    "name": "main",
    "zone": "ch-gva-2",
    "cni": "calico",
    "serviceLevel": "pro",
    "labels": {"a": "b"},
    "exoscaleCcm": True,
    "exoscaleCsi": False,
    "metricsServer": True,
    "__defaults": ["cni", "exoscaleCcm", "exoscaleCsi", "metricsServer", "name", "serviceLevel"],
}
POOL = {
    "zone": "ch-gva-2",
    "clusterId": "c",
    "instanceType": "standard.small",
    "size": 2,
    "securityGroupIds": ["one", "two"],
}


@pytest.fixture(scope="module")
def plugin() -> Plugin:
    return Plugin()


def _kinds(answer: provider_pb2.DiffResponse) -> dict[str, str]:
    name = provider_pb2.PropertyDiff.Kind.Name
    return {path: name(change.kind) for path, change in answer.detailedDiff.items()}


@pytest.mark.parametrize(
    ("kind", "state", "news", "expected"),
    [
        ("SksCluster", CLUSTER, NEWS, {}),
        ("SksCluster", CLUSTER, NEWS | {"cni": "cilium"}, {"cni": "UPDATE"}),
        ("SksCluster", CLUSTER, NEWS | {"serviceLevel": "starter"}, {"serviceLevel": "UPDATE"}),
        ("SksCluster", CLUSTER, NEWS | {"exoscaleCcm": False}, {"exoscaleCcm": "UPDATE"}),
        ("SksCluster", CLUSTER, NEWS | {"description": "x"}, {"description": "UPDATE"}),
        ("SksCluster", CLUSTER, NEWS | {"zone": "at-vie-1"}, {"zone": "UPDATE_REPLACE"}),
        (
            "SksCluster",
            CLUSTER,
            NEWS | {"enableKubeProxy": False},
            {"enableKubeProxy": "UPDATE_REPLACE"},
        ),
        ("SksCluster", CLUSTER, NEWS | {"version": ""}, {}),
        ("SksCluster", CLUSTER, NEWS | {"labels": {}}, {"labels.a": "DELETE"}),
        (
            "SksCluster",
            CLUSTER,
            NEWS | {"labels": {"a": "c", "d": "e"}},
            {"labels.a": "UPDATE", "labels.d": "ADD"},
        ),
        (
            "SksCluster",
            CLUSTER,
            NEWS | {"audit": {"enabled": True, "__defaults": []}},
            {"audit": "ADD"},
        ),
        (
            "SksCluster",
            CLUSTER | {"audit": {"enabled": True, "endpoint": "a"}},
            NEWS | {"audit": {"enabled": True, "endpoint": "b", "__defaults": []}},
            {"audit.endpoint": "UPDATE"},
        ),
        ("SksNodepool", POOL, POOL | {"size": 3}, {"size": "UPDATE"}),
        ("SksNodepool", POOL, POOL | {"instanceType": "Standard.Small"}, {}),
        ("SksNodepool", POOL, POOL | {"securityGroupIds": ["two", "one"]}, {}),
        (
            "SksNodepool",
            POOL,
            POOL | {"securityGroupIds": ["two", "three", "four"]},
            {
                "securityGroupIds[0]": "DELETE",
                "securityGroupIds[1]": "ADD",
                "securityGroupIds[2]": "ADD",
            },
        ),
        ("SksNodepool", POOL, POOL | {"clusterId": UNKNOWN}, {"clusterId": "UPDATE_REPLACE"}),
        (
            "SksNodepool",
            POOL | {"kubeletImageGcs": [{"highThreshold": 80}]},
            POOL | {"kubeletImageGcs": [{"highThreshold": 90, "__defaults": []}]},
            {"kubeletImageGcs[0].highThreshold": "UPDATE"},
        ),
        (
            "SecurityGroupRule",
            {"protocol": "TCP", "type": "INGRESS", "icmpCode": 0, "securityGroup": "a"},
            {"protocol": "tcp", "type": "INGRESS"},
            {},
        ),
        (
            "SecurityGroupRule",
            {"protocol": "TCP", "type": "INGRESS", "startPort": 80},
            {"protocol": "TCP", "type": "INGRESS", "startPort": 81},
            {"startPort": "UPDATE_REPLACE"},
        ),
        ("SecurityGroup", {"name": "lower"}, {"name": "LOWER"}, {}),
        ("SecurityGroup", {"name": "a"}, {"name": "b"}, {"name": "UPDATE_REPLACE"}),
    ],
)
def test_changes(
    plugin: Plugin, kind: str, state: dict[str, Any], news: dict[str, Any], expected: Any
) -> None:
    answer = plugin.diff(kind, state, news)
    assert _kinds(answer) == expected
    some = provider_pb2.DiffResponse.DIFF_SOME
    assert (answer.changes == some) == bool(expected)
    assert bool(answer.replaces) == any("REPLACE" in kind for kind in expected.values())


def test_a_given_name_is_freed_before_its_replacement_takes_it(plugin: Plugin) -> None:
    state = {"name": "nodes", "description": "old"}
    news = {"name": "nodes", "description": "new"}
    given = plugin.diff("SecurityGroup", state, news | {"__defaults": []})
    automatic = plugin.diff("SecurityGroup", state, news | {"__defaults": ["name"]})
    assert given.deleteBeforeReplace
    assert not automatic.deleteBeforeReplace
    assert not plugin.diff("SecurityGroup", state, state | {"__defaults": []}).deleteBeforeReplace


def test_what_does_not_force_this_replacement_is_stable(plugin: Plugin) -> None:
    assert list(plugin.diff("SksCluster", CLUSTER, NEWS).stables) == ["enableKubeProxy", "zone"]


def test_preview_of_a_creation_knows_the_inputs_alone(plugin: Plugin) -> None:
    planned = plugin.preview("SksCluster", NEWS | {"audit": {"bearerToken": Secret("t")}})
    assert planned["endpoint"] is UNKNOWN
    assert planned["version"] is UNKNOWN
    assert planned["cni"] == "calico"
    assert planned["audit"] == {"bearerToken": Secret("t")}
    assert "__defaults" not in planned
    assert "description" not in planned


def test_preview_of_an_update_keeps_what_is_known(plugin: Plugin) -> None:
    news = NEWS | {"version": "1.37.0", "description": UNKNOWN}
    del news["labels"]
    planned = plugin.update("SksCluster", "id", CLUSTER, news, preview=True)
    assert planned["endpoint"] == CLUSTER["endpoint"]
    assert planned["version"] == "1.37.0"
    assert planned["description"] is UNKNOWN
    assert planned["addons"] == ["metrics-server"]
    assert "labels" not in planned
