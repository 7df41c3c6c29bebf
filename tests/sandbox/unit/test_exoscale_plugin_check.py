"""Validation, defaults and automatic names of the Exoscale plugin's resources."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.rpc import ProviderError
from sandbox.plugins.wire import UNKNOWN, Secret
from tests.support.exoscale_plugin import Plugin, Refused

RULE = {"securityGroupId": "group", "type": "INGRESS", "cidr": "0.0.0.0/0"}
POOL = {"zone": "ch-gva-2", "clusterId": "c", "instanceType": "standard.small", "size": 2}


@pytest.fixture(scope="module")
def plugin() -> Plugin:
    return Plugin()


@pytest.mark.parametrize(
    ("kind", "inputs", "reason"),
    [
        (
            "SecurityGroupRule",
            RULE | {"type": "IN"},
            'expected type to be one of ["INGRESS" "EGRESS"], got IN. '
            "Examine values at 'thing.type'.",
        ),
        ("SecurityGroupRule", RULE | {"protocol": "SCTP"}, "expected protocol to be one of"),
        (
            "SecurityGroupRule",
            RULE | {"endPort": 70000},
            "expected end_port to be in the range (1 - 65535), got 70000. "
            "Examine values at 'thing.endPort'.",
        ),
        ("SecurityGroupRule", RULE | {"startPort": 0}, "in the range (1 - 65535), got 0"),
        ("SecurityGroupRule", RULE | {"icmpType": 255}, "in the range (-1 - 254), got 255"),
        (
            "SecurityGroupRule",
            RULE | {"userSecurityGroupId": "other"},
            '"cidr": conflicts with user_security_group_id',
        ),
        (
            "SecurityGroupRule",
            RULE | {"startPort": 1, "icmpType": 8},
            '"start_port": conflicts with icmp_type',
        ),
        (
            "SecurityGroupRule",
            RULE | {"cidr": "10.0.0.1/8"},
            "expected cidr to contain a valid network Value, expected 10.0.0.0/8, got 10.0.0.1/8",
        ),
        ("SecurityGroupRule", RULE | {"cidr": "10.0.0.0"}, "invalid CIDR address: 10.0.0.0"),
        ("SecurityGroup", {"externalSources": ["x"]}, "at 'thing.externalSources'"),
        ("SksNodepool", POOL | {"size": "many"}, 'parsing "many": invalid syntax'),
        ("SksNodepool", POOL | {"size": True}, "Attribute must be a whole number, got true"),
        ("SksNodepool", POOL | {"labels": ["a"]}, "Attribute must be a map"),
        ("SksNodepool", POOL | {"zone": ["a"]}, "Attribute must be a single value, not a list"),
        (
            "SksNodepool",
            POOL | {"instanceType": "small"},
            'invalid value "small", expected format "FAMILY.SIZE"',
        ),
        (
            "SksCluster",
            {},
            'Missing required argument. The argument "zone" is required, '
            "but no definition was found.. Examine values at 'thing.zone'.",
        ),
        ("SksCluster", {"zone": "z", "servceLevel": "pro"}, "Invalid or unknown key. Examine"),
        ("SksCluster", {"zone": "z", "endpoint": "x"}, "Value for unconfigurable attribute."),
        ("SksCluster", {"zone": "z", "oidc": {"clientId": "x"}}, '"oidc.0.issuer_url" is required'),
        (
            "SksCluster",
            {"zone": "z", "autoUpgrade": "perhaps"},
            'parsing "perhaps": invalid',
        ),
        ("SksCluster", {"zone": "z", "audit": {"enable": True}}, "at 'thing.audit.enable'"),
    ],
)
def test_what_is_wrong_is_told_by_its_property(
    plugin: Plugin, kind: str, inputs: dict[str, Any], reason: str
) -> None:
    failures = plugin.failures(kind, inputs)
    assert any(reason in failure for failure in failures), failures


def test_all_failures_come_at_once(plugin: Plugin) -> None:
    assert len(plugin.failures("SksNodepool", {"size": "x", "instanceType": "y"})) == 4


def test_what_is_not_known_yet_is_not_wrong(plugin: Plugin) -> None:
    inputs = dict.fromkeys(POOL, UNKNOWN) | {"securityGroupIds": [UNKNOWN]}
    assert plugin.failures("SksNodepool", inputs) == []
    assert plugin.failures("SecurityGroupRule", RULE | {"userSecurityGroupId": UNKNOWN}) == []


def test_an_unsupported_type_is_named(plugin: Plugin) -> None:
    with pytest.raises(Refused, match="exoscale:index/iamOrgPolicy:IamOrgPolicy is not supported"):
        plugin.check("exoscale:index/iamOrgPolicy:IamOrgPolicy", {})


def test_defaults(plugin: Plugin) -> None:
    assert plugin.check("SksCluster", {"zone": "ch-gva-2"}) == {
        "zone": "ch-gva-2",
        "cni": "calico",
        "exoscaleCcm": True,
        "exoscaleCsi": False,
        "metricsServer": True,
        "name": "thing-19b2585",
        "serviceLevel": "pro",
        "__defaults": [
            "cni", "exoscaleCcm", "exoscaleCsi", "metricsServer", "name", "serviceLevel",
        ],
    }  # fmt: skip
    pool = plugin.check("SksNodepool", POOL)
    assert (pool["diskSize"], pool["instancePrefix"]) == (50, "pool")
    kubeconfig = {"zone": "z", "clusterId": "c", "user": "u", "groups": ["g"]}
    assert plugin.check("SksKubeconfig", kubeconfig)["ttlSeconds"] == 2592000
    audit = plugin.check("SksCluster", {"zone": "z", "audit": {"bearerToken": "t"}})["audit"]
    assert audit["initialBackoff"] == "10s"
    assert audit["bearerToken"] == Secret("t")


def test_values_take_their_propertys_type(plugin: Plugin) -> None:
    inputs = plugin.check("SksNodepool", POOL | {"size": "3", "ipv6": "true", "labels": {"a": 1}})
    assert (inputs["size"], inputs["ipv6"], inputs["labels"]) == (3, True, {"a": "1"})


def test_a_secret_input_stays_secret(plugin: Plugin) -> None:
    assert plugin.check("SksCluster", {"zone": Secret("z")})["zone"] == Secret("z")


def test_an_automatic_name_stays(plugin: Plugin) -> None:
    first = plugin.check("AntiAffinityGroup", {})
    again = plugin.check("AntiAffinityGroup", {}, first, randomSeed=b"another")
    assert first["name"] == again["name"]


def test_a_name_no_longer_given_stays(plugin: Plugin) -> None:
    given = plugin.check("AntiAffinityGroup", {"name": "mine"})
    assert given == {"name": "mine", "__defaults": []}
    again = plugin.check("AntiAffinityGroup", {}, given)
    assert again == {"name": "mine", "__defaults": ["name"]}


def test_names_by_the_users_rules(plugin: Plugin) -> None:
    options = provider_pb2.CheckRequest.AutonamingOptions
    rules = options(proposed_name="fixed", mode=options.PROPOSE)
    assert plugin.check("AntiAffinityGroup", {}, autonaming=rules)["name"] == "fixed"
    with pytest.raises(Refused, match="automatic naming is disabled"):
        plugin.check("AntiAffinityGroup", {}, autonaming=options(mode=options.DISABLE))


@pytest.mark.parametrize(("name", "variable"), [("key", "API_KEY"), ("secret", "API_SECRET")])
def test_a_missing_credential_is_named(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch, name: str, variable: str
) -> None:
    monkeypatch.delenv(f"EXOSCALE_{variable}", raising=False)
    given = {key: "x" for key in ("key", "secret") if key != name}
    with pytest.raises(ProviderError, match=f"EXOSCALE_{variable}"):
        plugin.provider.configure(given)
