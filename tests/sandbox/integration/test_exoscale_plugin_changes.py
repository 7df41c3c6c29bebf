"""What a change of inputs comes to in the Exoscale plugin: update, replacement, or nothing.

Every test passes with the official plugin as well (see test_exoscale_plugin_inputs.py).
"""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.wire import UNKNOWN
from tests.sandbox.integration.exoscale_plugin import BOOKKEEPING, ExoscalePlugin, World, given

pytestmark = pytest.mark.integration

Made = tuple[str, dict[str, Any], dict[str, Any]]
"""A resource's id, inputs as given, and state."""

CHANGED = provider_pb2.DiffResponse.DIFF_SOME


def make(plugin: ExoscalePlugin, kind: str, inputs: dict[str, Any]) -> Made:
    identity, state = plugin.create(kind, inputs)
    return identity, inputs, state


@pytest.fixture(scope="module")
def made(plugin: ExoscalePlugin) -> dict[str, Made]:
    """One resource of each kind."""
    zone = {"zone": "ch-gva-2"}
    starter = {"serviceLevel": "starter", "version": "1.36.5", "labels": {"a": "b"}}
    cluster = make(plugin, "SksCluster", zone | starter | {"name": "changes"})
    sources = ["192.0.2.0/24", "10.0.0.0/8"]
    group = make(plugin, "SecurityGroup", {"name": "changes", "externalSources": sources})
    spread = make(plugin, "AntiAffinityGroup", {"name": "changes", "description": "d"})
    network = make(plugin, "PrivateNetwork", zone | {"name": "changes", "labels": {"a": "b"}})
    rule = {"startPort": 80, "endPort": 80, "cidr": "10.0.0.0/8", "description": "d"}
    nodepool = {
        "clusterId": cluster[0],
        "name": "workers",
        "instanceType": "standard.small",
        "size": 2,
        "description": "d",
        "labels": {"a": "b"},
        "taints": {"k": "v:NoSchedule"},
        "securityGroupIds": [group[0]],
        "antiAffinityGroupIds": [spread[0]],
    }
    domain = make(plugin, "Domain", {"name": "changes.example"})
    record = {"domain": domain[0], "recordType": "TXT", "name": "a", "content": "b", "ttl": 60}
    user = {"clusterId": cluster[0], "user": "me", "groups": ["b", "a"], "ttlSeconds": 3600}
    return {
        "SksCluster": cluster,
        "SecurityGroup": group,
        "AntiAffinityGroup": spread,
        "PrivateNetwork": network,
        "Domain": domain,
        "DomainRecord": make(plugin, "DomainRecord", record),
        "Nlb": make(plugin, "Nlb", zone | {"name": "changes", "labels": {"a": "b"}}),
        "SecurityGroupRule": make(
            plugin, "SecurityGroupRule", rule | {"type": "INGRESS", "securityGroupId": group[0]}
        ),
        "SksNodepool": make(plugin, "SksNodepool", zone | nodepool),
        "SksKubeconfig": make(plugin, "SksKubeconfig", zone | user),
    }


KINDS = (
    "SksCluster",
    "SksNodepool",
    "SksKubeconfig",
    "SecurityGroup",
    "SecurityGroupRule",
    "AntiAffinityGroup",
    "PrivateNetwork",
    "Domain",
    "DomainRecord",
    "Nlb",
)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_changes_by_itself(
    plugin: ExoscalePlugin, made: dict[str, Made], kind: str
) -> None:
    _, inputs, state = made[kind]
    checked = plugin.check(kind, inputs)
    assert plugin.diff(kind, state, checked).changes != CHANGED
    identity, refreshed, refreshed_inputs = plugin.read(kind, made[kind][0], state, checked)
    assert identity == made[kind][0]
    assert plugin.diff(kind, refreshed, checked).changes != CHANGED
    assert plugin.diff(kind, refreshed, refreshed_inputs).changes != CHANGED


OTHER = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
GONE = object()


@pytest.mark.parametrize(
    ("kind", "change", "kinds"),
    [
        ("SksCluster", {"name": "x"}, {"name": "UPDATE"}),
        ("SksCluster", {"description": "x"}, {"description": "UPDATE"}),
        ("SksCluster", {"version": "1.36.6"}, {"version": "UPDATE"}),
        ("SksCluster", {"version": GONE}, {}),
        ("SksCluster", {"autoUpgrade": True}, {"autoUpgrade": "UPDATE"}),
        ("SksCluster", {"labels": {"a": "c", "d": "e"}}, {"labels.a": "UPDATE", "labels.d": "ADD"}),
        ("SksCluster", {"labels": {}}, {"labels.a": "DELETE"}),
        ("SksCluster", {"labels": GONE}, {"labels.a": "DELETE"}),
        ("SksCluster", {"featureGates": ["A"]}, {"featureGates": "ADD"}),
        ("SksCluster", {"exoscaleCsi": True}, {"exoscaleCsi": "UPDATE"}),
        ("SksCluster", {"audit": {"enabled": True, "endpoint": "https://a"}}, {"audit": "ADD"}),
        # an update that the provider does not make
        ("SksCluster", {"cni": "cilium"}, {"cni": "UPDATE"}),
        ("SksCluster", {"serviceLevel": "pro"}, {"serviceLevel": "UPDATE"}),
        ("SksCluster", {"exoscaleCcm": False}, {"exoscaleCcm": "UPDATE"}),
        ("SksCluster", {"metricsServer": False}, {"metricsServer": "UPDATE"}),
        ("SksCluster", {"oidc": {"clientId": "a", "issuerUrl": "https://a"}}, {"oidc": "ADD"}),
        ("SksCluster", {"enableKubeProxy": False}, {"enableKubeProxy": "UPDATE_REPLACE"}),
        ("SksCluster", {"enableKubeProxy": True}, {}),
        ("SksCluster", {"zone": "at-vie-1"}, {"zone": "UPDATE_REPLACE"}),
        ("SksNodepool", {"size": 3}, {"size": "UPDATE"}),
        ("SksNodepool", {"name": "x"}, {"name": "UPDATE"}),
        ("SksNodepool", {"diskSize": 60}, {"diskSize": "UPDATE"}),
        ("SksNodepool", {"instanceType": "Standard.SMALL"}, {}),
        ("SksNodepool", {"instanceType": "standard.large"}, {"instanceType": "UPDATE"}),
        ("SksNodepool", {"instancePrefix": "x"}, {"instancePrefix": "UPDATE"}),
        ("SksNodepool", {"taints": {"k": "v:NoExecute"}}, {"taints.k": "UPDATE"}),
        ("SksNodepool", {"taints": GONE}, {"taints.k": "DELETE"}),
        ("SksNodepool", {"description": GONE}, {"description": "DELETE"}),
        ("SksNodepool", {"securityGroupIds": GONE}, {"securityGroupIds": "DELETE"}),
        ("SksNodepool", {"antiAffinityGroupIds": [OTHER]}, {"antiAffinityGroupIds[0]": "UPDATE"}),
        ("SksNodepool", {"privateNetworkIds": [OTHER]}, {"privateNetworkIds": "ADD"}),
        ("SksNodepool", {"deployTargetId": OTHER}, {"deployTargetId": "ADD"}),
        ("SksNodepool", {"ipv6": True}, {"ipv6": "UPDATE"}),
        ("SksNodepool", {"storageLvm": True}, {"storageLvm": "UPDATE"}),
        ("SksNodepool", {"clusterId": OTHER}, {"clusterId": "UPDATE_REPLACE"}),
        ("SksNodepool", {"zone": "at-vie-1"}, {"zone": "UPDATE_REPLACE"}),
        ("SksKubeconfig", {"groups": ["a", "b"]}, {}),
        ("SksKubeconfig", {"user": "x"}, {"user": "UPDATE_REPLACE"}),
        ("SksKubeconfig", {"ttlSeconds": 60}, {"ttlSeconds": "UPDATE_REPLACE"}),
        ("SksKubeconfig", {"earlyRenewalSeconds": 60}, {"earlyRenewalSeconds": "UPDATE"}),
        ("SecurityGroup", {"name": "CHANGES"}, {}),
        ("SecurityGroup", {"name": "x"}, {"name": "UPDATE_REPLACE"}),
        ("SecurityGroup", {"description": "x"}, {"description": "UPDATE_REPLACE"}),
        ("SecurityGroup", {"externalSources": ["10.0.0.0/8", "192.0.2.0/24"]}, {}),
        ("SecurityGroup", {"externalSources": ["10.0.0.0/8"]}, {"externalSources[1]": "DELETE"}),
        ("SecurityGroupRule", {"protocol": "tcp"}, {}),
        ("SecurityGroupRule", {"startPort": 79}, {"startPort": "UPDATE_REPLACE"}),
        ("SecurityGroupRule", {"cidr": "0.0.0.0/0"}, {"cidr": "UPDATE_REPLACE"}),
        ("SecurityGroupRule", {"description": "x"}, {"description": "UPDATE_REPLACE"}),
        ("AntiAffinityGroup", {"name": "x"}, {"name": "UPDATE_REPLACE"}),
        ("AntiAffinityGroup", {"description": GONE}, {"description": "DELETE_REPLACE"}),
        ("PrivateNetwork", {"name": "x"}, {"name": "UPDATE"}),
        ("PrivateNetwork", {"startIp": "10.0.0.1"}, {"startIp": "ADD"}),
        ("PrivateNetwork", {"zone": "at-vie-1"}, {"zone": "UPDATE_REPLACE"}),
        ("Domain", {"name": "other.example"}, {"name": "UPDATE_REPLACE"}),
        ("DomainRecord", {"name": "x"}, {"name": "UPDATE"}),
        ("DomainRecord", {"content": "x"}, {"content": "UPDATE"}),
        ("DomainRecord", {"ttl": 61}, {"ttl": "UPDATE"}),
        ("DomainRecord", {"ttl": GONE}, {}),
        ("DomainRecord", {"prio": 1}, {"prio": "UPDATE"}),
        ("DomainRecord", {"recordType": "A"}, {"recordType": "UPDATE_REPLACE"}),
        ("DomainRecord", {"domain": OTHER}, {"domain": "UPDATE_REPLACE"}),
        ("Nlb", {"name": "x"}, {"name": "UPDATE"}),
        ("Nlb", {"description": "x"}, {"description": "UPDATE"}),
        ("Nlb", {"labels": GONE}, {"labels.a": "DELETE"}),
        ("Nlb", {"zone": "at-vie-1"}, {"zone": "UPDATE_REPLACE"}),
    ],
)
def test_changes(
    plugin: ExoscalePlugin,
    made: dict[str, Made],
    kind: str,
    change: dict[str, Any],
    kinds: dict[str, str],
) -> None:
    _, inputs, state = made[kind]
    before = plugin.check(kind, inputs)
    wanted = {key: value for key, value in (inputs | change).items() if value is not GONE}
    news = plugin.check(kind, wanted, before)
    answer = plugin.diff(kind, state, news)
    name = provider_pb2.PropertyDiff.Kind.Name
    assert {path: name(found.kind) for path, found in answer.detailedDiff.items()} == kinds
    replaced = [path for path, kind in kinds.items() if kind.endswith("_REPLACE")]
    assert set(answer.replaces) == set(replaced)
    assert set(answer.diffs) == {path.partition(".")[0].partition("[")[0] for path in kinds}
    # an object of a given name makes room for the one that replaces it
    assert answer.deleteBeforeReplace == (bool(replaced) and "name" in inputs)


def test_a_kubeconfig_is_renewed_early(plugin: ExoscalePlugin, made: dict[str, Made]) -> None:
    _, inputs, state = made["SksKubeconfig"]
    news = plugin.check("SksKubeconfig", inputs | {"earlyRenewalSeconds": 3700})
    answer = plugin.diff("SksKubeconfig", state, news)
    assert answer.replaces
    changed = set(answer.detailedDiff) - set(BOOKKEEPING)
    assert changed == {"earlyRenewalSeconds", "readyForRenewal"}
    assert not answer.deleteBeforeReplace


@pytest.mark.parametrize("kind", KINDS)
def test_previews(plugin: ExoscalePlugin, made: dict[str, Made], kind: str) -> None:
    """A preview of a creation knows the inputs; what the API decides is unknown."""
    decided = {
        "SksCluster": {"endpoint", "state", "addons", "nodepools", "enableKubeProxy"},
        "SksNodepool": {"instancePoolId", "templateId", "version", "state"},
        "SksKubeconfig": {"kubeconfig"},
        "SecurityGroupRule": {"securityGroup", "userSecurityGroup", "publicSecurityGroup"},
        "DomainRecord": {"contentNormalized", "hostname", "prio"},
        "Nlb": {"ipAddress", "services", "state", "createdAt"},
    }
    inputs = plugin.check(kind, made[kind][1])
    planned = given(plugin.preview(kind, inputs))
    unknown = {key for key, value in planned.items() if value is UNKNOWN or key == "kubeconfig"}
    assert {"id", *decided.get(kind, ())} <= unknown
    for key, value in made[kind][1].items():
        assert planned[key] == (sorted(value) if isinstance(value, list) else value)


def test_a_preview_of_an_update_keeps_what_is_known(
    plugin: ExoscalePlugin, made: dict[str, Made], exoscale: World
) -> None:
    identity, inputs, state = made["SksNodepool"]
    news = plugin.check("SksNodepool", inputs | {"size": 5, "instanceType": "STANDARD.small"})
    planned = given(plugin.update("SksNodepool", identity, state, news, preview=True))
    assert (planned["size"], planned["instanceType"]) == (5, "standard.small")
    assert planned["instancePoolId"] == state["instancePoolId"]
    nodepool = exoscale.api.get_sks_nodepool(id=inputs["clusterId"], sks_nodepool_id=identity)
    assert nodepool["size"] == 2


def test_a_claim_that_is_not_given(plugin: ExoscalePlugin, name: str) -> None:
    """It is null in the state, and added by any change of something else, until it is updated."""
    cluster = {"zone": "ch-gva-2", "serviceLevel": "starter", "version": "1.36.5", "name": name}
    inputs = cluster | {"oidc": {"clientId": "a", "issuerUrl": "https://example.com"}}
    identity, state = plugin.create("SksCluster", inputs)
    assert state["oidc"]["requiredClaim"] is None
    assert plugin.diff("SksCluster", state, plugin.check("SksCluster", inputs)).changes != CHANGED
    # taking OIDC out shows nothing
    gone = plugin.check("SksCluster", cluster)
    assert plugin.diff("SksCluster", state, gone).changes != CHANGED
    for news in (inputs, cluster):
        described = plugin.check("SksCluster", news | {"description": "d"})
        answer = plugin.diff("SksCluster", state, described)
        assert set(answer.detailedDiff) == {"description", "oidc.requiredClaim"}
    state = plugin.update("SksCluster", identity, state, described)
    assert state["oidc"]["requiredClaim"] == {}
    news = plugin.check("SksCluster", inputs | {"description": "e"})
    assert set(plugin.diff("SksCluster", state, news).detailedDiff) == {"description"}
