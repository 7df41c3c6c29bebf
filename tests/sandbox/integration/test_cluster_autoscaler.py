"""The stand-in of the cluster autoscaler, installed with its chart, on simulated nodes."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from kubernetes import client
from pulumi.runtime.proto import provider_pb2

from sandbox.paths import ROOT, TOOLS_BIN, write_private
from sandbox.plugins.wire import decode, encode
from tests.sandbox.integration.plugin_process import PluginProcess
from tests.support.polling import eventually
from tests.support.sks_account import ZONE, SksAccount, account_with_cluster, is_ready

pytestmark = pytest.mark.integration

RELEASE = "urn:pulumi:dev::test::kubernetes:helm.sh/v3:Release::cluster-autoscaler"
SYSTEM = "kube-system"
OPERATIONS = (
    "evict-sks-nodepool-members", "get-instance", "get-instance-pool", "get-operation",
    "get-quota", "list-sks-clusters", "scale-sks-nodepool",
)  # fmt: skip
QUICK = {
    "enforce-node-group-min-size": True,
    "initial-node-group-backoff-duration": "2s",
    "node-delete-delay-after-taint": "0s",
    "scale-down-delay-after-add": "1s",
    "scale-down-delay-after-failure": "1s",
    "scale-down-unneeded-time": "3s",
    "scan-interval": "1s",
    "unremovable-node-recheck-timeout": "1s",
}


def policy(*operations: str) -> dict[str, Any]:
    listed = ", ".join(f"'{operation}'" for operation in operations)
    rule = {"action": "allow", "expression": f"operation in [{listed}]"}
    return {
        "default-service-strategy": "deny",
        "services": {"compute": {"type": "rules", "rules": [rule]}},
    }


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SksAccount]:
    with account_with_cluster(tmp_path_factory.mktemp("sks"), nodes=1) as account:
        yield account


@pytest.fixture(scope="module")
def role(account: SksAccount) -> str:
    api = account.exoscale
    return account.done(api.create_iam_role(name="autoscaler", policy=policy(*OPERATIONS)))


@pytest.fixture(scope="module", autouse=True)
def release(account: SksAccount, role: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The chart, with a key of its own that may do what the real program needs."""
    key = account.exoscale.create_api_key(name="autoscaler", role_id=role)
    texts = {"api-key": key["key"], "api-secret": key["secret"], "api-zone": ZONE}
    data = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    account.core.create_namespaced_secret(SYSTEM, {"metadata": {"name": "key"}, "data": data})
    file = tmp_path_factory.mktemp("kubeconfig") / "kubeconfig"
    text = account.runtime.kubeconfig(account.cluster_id, "admin", ["system:masters"], 3600)
    write_private(file, text)
    program = [TOOLS_BIN / "pulumi-resource-kubernetes"]
    plugin = PluginProcess(program, {"KUBECONFIG": str(file)})
    try:
        plugin.configure()
        news = {
            "chart": str(ROOT / "sandbox" / "charts" / "cluster-autoscaler"),
            "name": "cluster-autoscaler",
            "namespace": SYSTEM,
            "values": {
                "autoscalingGroups": [{"name": "workers", "minSize": 1, "maxSize": 3}],
                "extraArgs": QUICK,
                "fullnameOverride": "cluster-autoscaler",
                "secretKeyRefNameOverride": "key",
                "service": {"create": False},
            },
        }
        check = provider_pb2.CheckRequest(urn=RELEASE, news=encode(news))
        inputs = plugin.call("Check", check).inputs
        made = plugin.call("Create", provider_pb2.CreateRequest(urn=RELEASE, properties=inputs))
        assert decode(made.properties)["status"]["status"] == "deployed"
    finally:
        plugin.interrupt()
        plugin.end()


def size(account: SksAccount) -> int:
    return int(account.nodepools()[0]["size"])


def ready_nodes(account: SksAccount) -> int:
    return sum(is_ready(node) for node in account.core.list_node().items)


def events(account: SksAccount, reason: str, kind: str) -> list[str]:
    """The texts of Events for objects of a kind."""
    selector = f"reason={reason},involvedObject.kind={kind}"
    listed = account.core.list_event_for_all_namespaces(field_selector=selector).items
    return [event.message for event in listed]


def status(account: SksAccount) -> dict[str, Any]:
    """The status in its ConfigMap, empty while there is none."""
    for found in account.core.list_namespaced_config_map(SYSTEM).items:
        if found.metadata.name == "cluster-autoscaler-status":
            return dict(yaml.safe_load(found.data["status"]))
    return {}


def deploy(account: SksAccount, name: str, replicas: int, cpu: str) -> None:
    labels = {"app": name}
    container = {"name": "c", "image": "n", "resources": {"requests": {"cpu": cpu}}}
    client.AppsV1Api(account.api_client).create_namespaced_deployment(
        "default",
        {
            "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [container]},
                },
            },
        },
    )


def resize(account: SksAccount, name: str, replicas: int) -> None:
    client.AppsV1Api(account.api_client).patch_namespaced_deployment_scale(
        name, "default", {"spec": {"replicas": replicas}}
    )


def available(account: SksAccount, name: str) -> int:
    found = client.AppsV1Api(account.api_client).read_namespaced_deployment(name, "default")
    return found.status.available_replicas or 0


def test_pods_pend_and_nodes_come_up_to_the_maximum(account: SksAccount) -> None:
    eventually(lambda: status(account).get("autoscalerStatus") == "Running")
    (name,) = (pool["instance-pool"]["id"] for pool in account.nodepools())
    deploy(account, "big", 3, cpu="1200m")
    eventually(lambda: available(account, "big") == 3)
    assert (size(account), ready_nodes(account)) == (3, 3)
    triggered = events(account, "TriggeredScaleUp", "Pod")
    assert f"pod triggered scale-up: [{{{name} 1->3 (max: 3)}}]" in triggered
    assert events(account, "ScaledUpGroup", "ConfigMap")
    (group,) = status(account)["nodeGroups"]
    health = group["health"]
    assert (group["name"], health["minSize"], health["maxSize"]) == (name, 1, 3)
    assert health["cloudProviderTarget"] == 3

    resize(account, "big", 4)
    eventually(
        lambda: (
            "pod didn't trigger scale-up: 1 max node group size reached"
            in events(account, "NotTriggerScaleUp", "Pod")
        )
    )
    assert size(account) == 3


def test_it_says_that_it_is_a_stand_in(account: SksAccount) -> None:
    (text,) = events(account, "StandIn", "Pod")
    assert "stand-in" in text
    found = account.core.read_namespaced_config_map("cluster-autoscaler-status", SYSTEM)
    assert found.metadata.annotations["sandbox/stand-in"] == text


def test_pods_go_and_their_nodes_are_drained_unless_a_budget_forbids_it(
    account: SksAccount,
) -> None:
    selector = {"matchLabels": {"app": "small"}}
    budget = {"metadata": {"name": "small"}, "spec": {"minAvailable": 1, "selector": selector}}
    policy = client.PolicyV1Api(account.api_client)
    policy.create_namespaced_pod_disruption_budget("default", budget)
    deploy(account, "small", 1, cpu="300m")
    eventually(lambda: available(account, "small") == 1)
    (pod,) = account.core.list_namespaced_pod("default", label_selector="app=small").items
    node = pod.spec.node_name
    system = {
        pod.spec.node_name
        for pod in account.core.list_namespaced_pod(SYSTEM).items
        if pod.metadata.owner_references[0].kind != "DaemonSet"
    }
    assert node not in system
    resize(account, "big", 0)
    eventually(lambda: size(account) == 2 and ready_nodes(account) == 2)
    assert any(
        "removing empty node" in text for text in events(account, "ScaleDownEmpty", "ConfigMap")
    )
    scans = set[str]()

    def scanned(times: int) -> bool:
        scans.add(status(account)["time"])
        return len(scans) > times

    eventually(lambda: scanned(6))
    (same,) = account.core.list_namespaced_pod("default", label_selector="app=small").items
    assert (same.metadata.uid, same.spec.node_name) == (pod.metadata.uid, node)
    assert size(account) == 2

    budget["spec"] = {"maxUnavailable": 1, "selector": selector}
    policy.delete_namespaced_pod_disruption_budget("small", "default")
    policy.create_namespaced_pod_disruption_budget("default", budget)
    eventually(lambda: size(account) == 1 and ready_nodes(account) == 1)
    told = f"Scale-down: node {node} removed with drain"
    eventually(lambda: told in events(account, "ScaleDown", "ConfigMap"))
    assert "deleting pod for node scale down" in events(account, "ScaleDown", "Pod")
    eventually(lambda: available(account, "small") == 1)
    (left,) = account.core.list_node().items
    assert {left.metadata.name} == system
    assert not left.spec.unschedulable
    assert [taint.key for taint in left.spec.taints or ()] == []


def test_a_key_that_may_not_scale_does_not(account: SksAccount, role: str) -> None:
    api = account.exoscale

    def allow(*operations: str) -> None:
        body = {name.replace("-", "_"): value for name, value in policy(*operations).items()}
        account.done(api.update_iam_role_policy(id=role, **body))

    allow(*(operation for operation in OPERATIONS if operation != "scale-sks-nodepool"))
    resize(account, "big", 2)
    eventually(
        lambda: any(
            text.endswith("invalid request: Forbidden by role policy for compute")
            for text in events(account, "FailedToScaleUpGroup", "ConfigMap")
        )
    )
    assert size(account) == 1
    (group,) = status(account)["nodeGroups"]
    assert group["scaleUp"]["status"] == "Backoff"
    allow(*OPERATIONS)
    eventually(lambda: available(account, "big") == 2)
    assert size(account) == 2
    resize(account, "big", 0)


def test_an_argument_that_is_not_simulated_ends_its_program(account: SksAccount) -> None:
    container = {
        "name": "c",
        "image": "registry.k8s.io/autoscaling/cluster-autoscaler:v1.36.1",
        "command": ["./cluster-autoscaler", "--cloud-provider=exoscale", "--regional"],
    }
    pod = {"metadata": {"name": "other"}, "spec": {"containers": [container]}}
    account.core.create_namespaced_pod("default", pod)

    def ended() -> Any:
        found = account.core.read_namespaced_pod("other", "default").status.container_statuses
        return found and found[0].state.waiting and found[0]

    found = eventually(ended)
    assert found.state.waiting.reason == "CrashLoopBackOff"
    assert "--regional is not simulated" in found.state.waiting.message
    assert found.last_state.terminated.exit_code == 2
