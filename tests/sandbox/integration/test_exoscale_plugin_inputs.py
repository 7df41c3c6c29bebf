"""What the Exoscale plugin makes of inputs. Every test passes with the official plugin as well:
`pytest tests/sandbox/integration/test_exoscale_plugin_*.py --plugins DIR`."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.wire import Secret, encode
from tests.sandbox.integration.exoscale_plugin import PROVIDER, ExoscalePlugin
from tests.support.exoscale_plugin import Refused

pytestmark = pytest.mark.integration

ID = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
CLUSTER = {"zone": "ch-gva-2", "name": "main"}
NODEPOOL = {
    "zone": "ch-gva-2",
    "clusterId": ID,
    "name": "workers",
    "instanceType": "standard.small",
    "size": 2,
}
KUBECONFIG = {"zone": "ch-gva-2", "clusterId": ID, "user": "me", "groups": ["b", "a"]}
RULE = {"type": "INGRESS", "securityGroupId": ID}
NETWORK = {"zone": "ch-gva-2", "name": "net"}
RECORD = {"domain": ID, "name": "www", "recordType": "A", "content": "192.0.2.1"}


@pytest.mark.parametrize(
    ("kind", "inputs", "defaults"),
    [
        (
            "SksCluster",
            CLUSTER,
            {
                "cni": "calico",
                "exoscaleCcm": True,
                "exoscaleCsi": False,
                "metricsServer": True,
                "serviceLevel": "pro",
            },
        ),
        (
            "SksNodepool",
            NODEPOOL,
            {"diskSize": 50, "instancePrefix": "pool", "ipv6": False, "storageLvm": False},
        ),
        ("SksKubeconfig", KUBECONFIG, {"earlyRenewalSeconds": 0, "ttlSeconds": 2592000}),
        ("SecurityGroupRule", RULE, {"protocol": "TCP"}),
        ("SecurityGroup", {"name": "a"}, {}),
        ("AntiAffinityGroup", {"name": "a"}, {}),
        ("PrivateNetwork", NETWORK, {}),
        ("Domain", {"name": "example.com"}, {}),
        ("DomainRecord", RECORD, {}),
        ("Nlb", NETWORK, {}),
    ],
)
def test_defaults(
    plugin: ExoscalePlugin, kind: str, inputs: dict[str, Any], defaults: dict[str, Any]
) -> None:
    checked = plugin.check(kind, inputs)
    assert checked == inputs | defaults | {"__defaults": sorted(defaults)}
    assert plugin.check(kind, inputs, checked) == checked


@pytest.mark.parametrize(
    ("kind", "inputs", "reasons"),
    [
        ("SksCluster", {}, ['The argument "zone" is required', "'thing.zone'"]),
        ("SksCluster", CLUSTER | {"bogus": 1}, ["Invalid or unknown key", "'thing.bogus'"]),
        ("SksCluster", CLUSTER | {"labels": "x"}, ["Attribute must be a map", "'thing.labels'"]),
        ("SksCluster", CLUSTER | {"endpoint": "x"}, ['Can\'t configure a value for "endpoint"']),
        ("SksCluster", CLUSTER | {"oidc": {"clientId": "a"}}, ['"oidc.0.issuer_url" is required']),
        ("SksCluster", CLUSTER | {"zone": ["a"]}, ["Attribute must be a single value, not a list"]),
        ("SksCluster", CLUSTER | {"autoUpgrade": "x"}, ['strconv.ParseBool: parsing "x"']),
        ("SksNodepool", NODEPOOL | {"instanceType": "x"}, ['"x", expected format "FAMILY.SIZE"']),
        ("SksNodepool", NODEPOOL | {"size": True}, ["must be a whole number, got true"]),
        (
            "SksNodepool",
            NODEPOOL | {"kubeletImageGcs": [{"bogus": 1}]},
            ["Invalid or unknown key. Examine values at 'thing.kubeletImageGcs'"],
        ),
        ("SksKubeconfig", KUBECONFIG | {"ttlSeconds": "x"}, ['strconv.ParseFloat: parsing "x"']),
        (
            "SecurityGroup",
            {"externalSources": ["192.0.2.1/24"]},
            [
                "expected external_sources.0 to contain a valid network Value, expected "
                "192.0.2.0/24, got 192.0.2.1/24. Examine values at 'thing.externalSources'"
            ],
        ),
        ("SecurityGroupRule", RULE | {"type": "x"}, ['one of ["INGRESS" "EGRESS"], got x']),
        ("SecurityGroupRule", RULE | {"protocol": "x"}, ["expected protocol to be one of"]),
        ("SecurityGroupRule", RULE | {"startPort": 0}, ["in the range (1 - 65535), got 0"]),
        ("SecurityGroupRule", RULE | {"icmpType": 255}, ["in the range (-1 - 254), got 255"]),
        (
            "SecurityGroupRule",
            RULE | {"cidr": "10.0.0.0/8", "userSecurityGroupId": ID},
            ['"cidr": conflicts with user_security_group_id'],
        ),
        (
            "SecurityGroupRule",
            RULE | {"startPort": 1, "icmpCode": 1},
            ['"start_port": conflicts with icmp_code'],
        ),
        ("DomainRecord", {"name": "www"}, ['The argument "record_type" is required']),
        ("DomainRecord", RECORD | {"recordType": "PTR"}, ["expected record_type to be one of"]),
        ("Nlb", {"name": "a"}, ['The argument "zone" is required']),
        ("PrivateNetwork", NETWORK | {"startIp": "x"}, ["to contain a valid IP, got: x"]),
    ],
)
def test_what_is_wrong(
    plugin: ExoscalePlugin, kind: str, inputs: dict[str, Any], reasons: list[str]
) -> None:
    found = "\n".join(plugin.failures(kind, inputs))
    for reason in reasons:
        assert reason in found


def test_a_ttl_that_is_no_number(plugin: ExoscalePlugin) -> None:
    """The official plugin ends with an error, where it reports other such inputs."""
    try:
        found = "\n".join(plugin.failures("DomainRecord", RECORD | {"ttl": "x"}))
    except Refused as error:
        found = str(error)
    assert 'parsing "x": invalid syntax' in found


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("SksCluster", CLUSTER | {"autoUpgrade": "true"}),
        ("SksCluster", CLUSTER | {"zone": "nowhere", "cni": "weave", "serviceLevel": "gold"}),
        ("SksCluster", CLUSTER | {"featureGates": "OneAlone"}),
        ("SksNodepool", NODEPOOL | {"size": -1, "diskSize": 1, "taints": {"a": "b"}}),
        ("SksNodepool", NODEPOOL | {"size": "2", "labels": {"a": 1}}),
        ("SecurityGroupRule", RULE | {"protocol": "tcp"}),
        ("SecurityGroupRule", RULE | {"publicSecurityGroup": "x"}),
        ("Domain", {"name": "no domain"}),
        ("DomainRecord", RECORD | {"content": "x", "ttl": -1}),
        ("DomainRecord", RECORD | {"recordType": "a"}),
        ("PrivateNetwork", NETWORK | {"startIp": "::1", "netmask": "255.255.255.0"}),
    ],
)
def test_what_only_the_api_refuses(
    plugin: ExoscalePlugin, kind: str, inputs: dict[str, Any]
) -> None:
    assert plugin.failures(kind, inputs) == []


@pytest.mark.parametrize(
    ("kind", "inputs"), [("SksCluster", {"zone": "ch-gva-2"}), ("SecurityGroup", {})]
)
def test_names(plugin: ExoscalePlugin, kind: str, inputs: dict[str, Any]) -> None:
    automatic = plugin.check(kind, inputs)
    assert re.fullmatch(r"thing-[0-9a-f]{7}", automatic["name"])
    assert "name" in automatic["__defaults"]
    again = plugin.check(kind, inputs, automatic, randomSeed=b"another")
    assert again["name"] == automatic["name"]
    # a given name that is not given any more stays
    named = plugin.check(kind, inputs | {"name": "given"})
    assert plugin.check(kind, inputs, named)["name"] == "given"


def test_a_secret_input(plugin: ExoscalePlugin) -> None:
    audit = {"enabled": True, "endpoint": "https://example.com", "bearerToken": "hush"}
    checked = plugin.check("SksCluster", CLUSTER | {"audit": audit})
    assert checked["audit"]["bearerToken"] == Secret("hush")
    assert checked["audit"]["initialBackoff"] == "10s"


def test_configuration(plugin: ExoscalePlugin) -> None:
    inputs = plugin.configure()
    assert isinstance(inputs["key"], Secret)
    assert isinstance(inputs["secret"], Secret)
    request = provider_pb2.CheckRequest(urn=PROVIDER, news=encode({"bogus": "x"}))
    (failure,) = plugin.call("CheckConfig", request).failures
    assert "`exoscale:bogus` is not a valid configuration key" in failure.reason
