"""Real clusters: nodes, certificates, workloads, claims, crashes."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
import yaml
from kubernetes import client

from sandbox.sks.nodes import NODEPOOL_LABEL
from tests.support.polling import eventually
from tests.support.sks_account import (
    ZONE,
    SksAccount,
    account_with_cluster,
    is_ready,
    kubernetes,
    names,
    processes_of,
)

pytestmark = pytest.mark.integration

NETWORKING = {"cluster-cidr": "10.1.0.0/16", "service-cluster-ip-range": "10.2.0.0/16"}
MEMORY_LIMIT = 700 * 1024 * 1024


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SksAccount]:
    home = tmp_path_factory.mktemp("sks")
    with account_with_cluster(home, nodes=2, networking=NETWORKING) as account:
        yield account


def test_nodes_are_those_of_the_nodepool(account: SksAccount) -> None:
    instances = account.exoscale.list_instances()["instances"]
    nodes = {node.metadata.name: node for node in account.core.list_node().items}
    assert set(nodes) == {instance["name"] for instance in instances}
    for instance in instances:
        node = nodes[instance["name"]]
        assert node.spec.provider_id == f"exoscale://{instance['id']}"
        assert node.status.node_info.system_uuid == instance["id"]
        assert node.metadata.labels["node.exoscale.net/nodepool-id"] == account.nodepools()[0]["id"]
        assert node.metadata.labels["node.kubernetes.io/instance-type"] == "standard.small"
        assert node.metadata.labels["topology.kubernetes.io/region"] == ZONE
        assert node.status.capacity["cpu"] == "2"


def test_a_nodepool_is_running_before_its_nodes_are_ready(account: SksAccount) -> None:
    """The end of the operation says that instances run; nodes boot for a while, as told."""
    slow = {"kind": "ready-after", "milliseconds": 6000, "nodepool": "slow"}
    account.faults.add("node", slow, times=1)
    pool = account.add_nodepool("slow", 2)
    where = {"id": account.cluster_id, "sks_nodepool_id": pool}
    assert account.exoscale.get_sks_nodepool(**where)["state"] == "running"
    nodes = account.core.list_node(label_selector=f"{NODEPOOL_LABEL}={pool}").items
    assert [is_ready(node) for node in nodes] == [False, False]
    times: dict[str, float] = {}

    def became_ready() -> bool:
        for node in account.core.list_node(label_selector=f"{NODEPOOL_LABEL}={pool}").items:
            if is_ready(node):
                times.setdefault(node.metadata.name, time.monotonic())
        return len(times) == 2

    eventually(became_ready)
    first, last = sorted(times.values())
    assert last - first > 1, "one boots longer"
    account.done(account.exoscale.delete_sks_nodepool(**where))
    account.faults.clear()


def test_a_cluster_with_its_nodes_fits_its_memory(account: SksAccount) -> None:
    held = sum(
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for pid in processes_of(account.home)
    )
    assert 0 < held < MEMORY_LIMIT


def test_networks_of_pods_and_services_are_those_asked_for(account: SksAccount) -> None:
    cidrs = {node.spec.pod_cidr for node in account.core.list_node().items}
    assert cidrs == {"10.1.0.0/24", "10.1.1.0/24"}
    service = account.core.read_namespaced_service("kubernetes", "default")
    assert service.spec.cluster_ip == "10.2.0.1"


def test_kubelet_settings_and_addresses_are_on_the_nodes(account: SksAccount) -> None:
    network = account.done(
        account.exoscale.create_private_network(
            name="backend", start_ip="10.9.0.10", end_ip="10.9.0.20", netmask="255.255.255.0"
        )
    )
    pool = account.add_nodepool(
        "dual",
        1,
        public_ip_assignment="dual",
        kubelet_max_pods=30,
        labels={"tier": "db"},
        taints={"tier": {"value": "db", "effect": "NoSchedule"}},
        private_networks=[{"id": network}],
    )
    (node,) = account.core.list_node(label_selector="tier=db").items
    instance = account.exoscale.get_instance(id=node.spec.provider_id.removeprefix("exoscale://"))
    addresses = {(a.type, a.address) for a in node.status.addresses}
    for ip in (instance["public-ip"], instance["ipv6-address"]):
        assert {("InternalIP", ip), ("ExternalIP", ip)} < addresses
    assert node.status.allocatable["pods"] == "30"
    assert ("tier", "db", "NoSchedule") in {(t.key, t.value, t.effect) for t in node.spec.taints}
    lease = {"ip": "10.9.0.10", "instance-id": instance["id"]}
    assert account.exoscale.get_private_network(id=network)["leases"] == [lease]
    where = {"id": account.cluster_id, "sks_nodepool_id": pool}
    account.done(account.exoscale.delete_sks_nodepool(**where))
    account.done(account.exoscale.delete_private_network(id=network))


def test_certificates_decide_who_may_do_what(account: SksAccount) -> None:
    text = account.runtime.kubeconfig(account.cluster_id, "jane", ["devs"], 3600)
    jane = kubernetes(text)
    who = client.AuthenticationV1Api(jane).create_self_subject_review({})
    assert who.status.user_info.username == "jane"
    assert "devs" in who.status.user_info.groups
    with pytest.raises(client.ApiException, match="secrets is forbidden"):
        client.CoreV1Api(jane).list_namespaced_secret("default")
    server = yaml.safe_load(text)["clusters"][0]["cluster"]["server"]
    authority = account.home / "authority.pem"
    authority.write_text(account.runtime.authority_cert(account.cluster_id, "control-plane"))
    status = {
        path: requests.get(server + path, verify=str(authority), timeout=10).status_code
        for path in ("/readyz", "/version", "/api/v1/namespaces")
    }
    assert status == {"/readyz": 200, "/version": 401, "/api/v1/namespaces": 401}


def test_workloads_run_on_simulated_nodes(account: SksAccount) -> None:
    template: dict[str, Any] = {
        "metadata": {"labels": {"app": "w"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    selector = {"matchLabels": {"app": "w"}}
    apps, batch = client.AppsV1Api(account.api_client), client.BatchV1Api(account.api_client)
    account.core.create_namespace({"metadata": {"name": "work"}})
    deployment = {"replicas": 3, "selector": selector, "template": template}
    apps.create_namespaced_deployment("work", {"metadata": {"name": "w"}, "spec": deployment})
    once = {"template": {"spec": {**template["spec"], "restartPolicy": "Never"}}}
    batch.create_namespaced_job("work", {"metadata": {"name": "j"}, "spec": once})

    def ready() -> bool:
        return bool(apps.read_namespaced_deployment("w", "work").status.ready_replicas == 3)

    eventually(ready)
    eventually(lambda: batch.read_namespaced_job("j", "work").status.succeeded == 1)
    pods = account.core.list_namespaced_pod("work", label_selector="app=w").items
    assert len({pod.status.pod_ip for pod in pods}) == 3
    account.core.delete_namespaced_pod(pods[0].metadata.name, "work")

    def replaced() -> bool:
        now = account.core.list_namespaced_pod("work", label_selector="app=w").items
        return pods[0].metadata.name not in {pod.metadata.name for pod in now} and ready()

    eventually(replaced)
    account.core.delete_namespace("work")


def test_claims_of_a_stateful_set_get_volumes_that_go_with_them(account: SksAccount) -> None:
    apps = client.AppsV1Api(account.api_client)
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "storageClassName": "exoscale-sbs",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    mount = {"name": "data", "mountPath": "/data"}
    container = {"name": "c", "image": "i", "volumeMounts": [mount]}
    spec = {
        "serviceName": "db",
        "replicas": 2,
        "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [container]}},
        "volumeClaimTemplates": [claim],
    }
    account.core.create_namespace({"metadata": {"name": "data"}})
    apps.create_namespaced_stateful_set("data", {"metadata": {"name": "db"}, "spec": spec})
    eventually(lambda: apps.read_namespaced_stateful_set("db", "data").status.ready_replicas == 2)
    claims = account.core.list_namespaced_persistent_volume_claim("data").items
    assert {item.status.phase for item in claims} == {"Bound"}
    account.core.delete_namespace("data")
    eventually(lambda: not account.core.list_persistent_volume().items)
    eventually(lambda: "data" not in names(account.core.list_namespace()))


def test_a_component_that_ends_is_started_again(account: SksAccount) -> None:
    directory = account.home / "clusters" / account.cluster_id
    pid_file = directory / "run" / "kube-apiserver.pid"
    before = pid_file.read_text()
    os.kill(int(before), signal.SIGKILL)
    eventually(lambda: pid_file.read_text() != before)

    def answers() -> bool:
        try:
            return len(account.core.list_node().items) == 2
        except (client.ApiException, urllib3.exceptions.HTTPError):
            return False

    eventually(answers, within=60)
