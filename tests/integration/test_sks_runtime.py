"""Real clusters: workloads on simulated nodes, load balancers, restarts, deletion."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
import urllib3
import uvicorn
import yaml
from exoscale.api.v2 import Client
from kubernetes import client, config

from sandbox.exoscale_api import Credentials, create_app
from sandbox.paths import ROOT, TOOLS_BIN
from sandbox.sks.load_balancer_spec import PREFIX
from sandbox.sks.runtime import NodepoolSpec, SksError, SksRuntime

pytestmark = pytest.mark.integration

T = TypeVar("T")
KEY = Credentials("EXOtest", "a-secret")
ZONE = "ch-gva-2"
ADDONS = ["exoscale-cloud-controller", "exoscale-container-storage-interface"]
MEMORY_LIMIT = 700 * 1024 * 1024


def eventually(probe: Callable[[], T | None], within: float = 40.0) -> T:
    """The first true answer of `probe`; fails with its last answer when the time is over."""
    deadline = time.monotonic() + within
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"still {answer!r} after {within} s"
        time.sleep(0.1)
    return answer


@dataclass
class Account:
    """An account with one cluster of two nodes."""

    runtime: SksRuntime
    home: Path
    cluster_id: str
    pool_id: str
    exoscale: Client
    api_client: client.ApiClient

    @property
    def core(self) -> client.CoreV1Api:
        return client.CoreV1Api(self.api_client)

    def done(self, operation: dict[str, Any]) -> str:
        def end() -> dict[str, Any] | None:
            now: dict[str, Any] = self.exoscale.get_operation(id=operation["id"])
            return None if now["state"] == "pending" else now

        ended = eventually(end, within=120)
        assert ended["state"] == "success", ended
        return str(ended["reference"]["id"])

    def load_balancers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.exoscale.list_load_balancers()["load-balancers"]
        return found

    def add_nodepool(self, name: str, size: int) -> str:
        types = self.exoscale.list_instance_types()["instance-types"]
        small = next(t for t in types if (t["family"], t["size"]) == ("standard", "small"))
        return self.done(
            self.exoscale.create_sks_nodepool(
                id=self.cluster_id,
                name=name,
                size=size,
                disk_size=20,
                instance_type={"id": small["id"]},
            )
        )


def kubernetes(text: str) -> client.ApiClient:
    return config.new_client_from_config_dict(yaml.safe_load(text))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    home = tmp_path_factory.mktemp("sks")
    runtime = SksRuntime(home, TOOLS_BIN)
    listener = socket.create_server(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    runtime.connect(f"{base_url}/v2", KEY.api_key, KEY.api_secret)
    app = create_app(store_dir=home / "api", credentials=KEY, base_url=base_url, runtime=runtime)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    exoscale = Client(KEY.api_key, KEY.api_secret, url=f"{base_url}/{ZONE}/v2")
    found = Account(runtime, home, "", "", exoscale, client.ApiClient())
    try:
        found.cluster_id = found.done(
            exoscale.create_sks_cluster(
                name="web",
                level="starter",
                cni="calico",
                version=runtime.versions[0],
                addons=ADDONS,
            )
        )
        found.add_nodepool("workers", 2)
        found.pool_id = exoscale.get_sks_cluster(id=found.cluster_id)["nodepools"][0]["id"]
        found.api_client = kubernetes(
            runtime.kubeconfig(found.cluster_id, "admin", ["system:masters"], 3600)
        )
        yield found
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        runtime.stop_all()
    assert processes_of(home) == []


def processes_of(home: Path) -> list[int]:
    """Processes whose working directory is in one of the home's clusters."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            directory = (entry / "cwd").readlink() if entry.name.isdigit() else None
        except OSError:
            continue
        if directory and directory.is_relative_to(home / "clusters"):
            found.append(int(entry.name))
    return found


def test_nodes_are_those_of_the_nodepool(account: Account) -> None:
    instances = account.exoscale.list_instances()["instances"]
    nodes = {node.metadata.name: node for node in account.core.list_node().items}
    assert set(nodes) == {instance["name"] for instance in instances}
    for instance in instances:
        node = nodes[instance["name"]]
        assert node.spec.provider_id == f"exoscale://{instance['id']}"
        assert node.status.node_info.system_uuid == instance["id"]
        assert node.metadata.labels["node.exoscale.net/nodepool-id"] == account.pool_id
        assert node.metadata.labels["node.kubernetes.io/instance-type"] == "standard.small"
        assert node.metadata.labels["topology.kubernetes.io/region"] == ZONE
        assert node.status.capacity["cpu"] == "2"


def test_a_cluster_with_its_nodes_fits_its_memory(account: Account) -> None:
    held = sum(
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for pid in processes_of(account.home)
    )
    assert 0 < held < MEMORY_LIMIT


def test_certificates_decide_who_may_do_what(account: Account) -> None:
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


def test_workloads_run_on_simulated_nodes(account: Account) -> None:
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


def names(listed: Any) -> list[str]:
    return [item.metadata.name for item in listed.items]


def test_claims_of_a_stateful_set_get_volumes_that_go_with_them(account: Account) -> None:
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


@pytest.fixture
def namespace(account: Account) -> Iterator[str]:
    name = f"n{time.monotonic_ns()}"
    account.core.create_namespace({"metadata": {"name": name}})
    yield name
    account.core.delete_namespace(name)


def balanced(service: str, *ports: int, **annotations: str) -> dict[str, Any]:
    keys = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    return {
        "metadata": {"name": service, "annotations": keys},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": service},
            "ports": [{"name": f"p{port}", "port": port} for port in ports],
        },
    }


def address(account: Account, name: str, namespace: str) -> str | None:
    status = account.core.read_namespaced_service(name, namespace).status
    entries = status.load_balancer.ingress or []
    return entries[0].ip if entries else None


def test_a_load_balancer_follows_its_service(account: Account, namespace: str) -> None:
    core = account.core
    core.create_namespaced_service(namespace, balanced("web", 80, 443))
    ip = eventually(lambda: address(account, "web", namespace))

    (nlb,) = account.load_balancers()
    assert nlb["ip"] == ip
    service = core.read_namespaced_service("web", namespace)
    assert nlb["name"] == f"k8s-{service.metadata.uid}"
    assert service.metadata.annotations[PREFIX + "id"] == nlb["id"]
    node_ports = {port.port: port.node_port for port in service.spec.ports}
    assert {item["port"]: item["target-port"] for item in nlb["services"]} == node_ports

    change = {
        "metadata": {"annotations": {PREFIX + "service-strategy": "source-hash"}},
        "spec": {"ports": [{"$patch": "replace"}, {"name": "p8080", "port": 8080}]},
    }
    core.patch_namespaced_service("web", namespace, change)

    def changed() -> bool:
        (now,) = account.load_balancers()
        return [(i["port"], i["strategy"]) for i in now["services"]] == [(8080, "source-hash")]

    eventually(changed)
    core.patch_namespaced_service("web", namespace, {"spec": {"type": "ClusterIP"}})
    eventually(lambda: not account.load_balancers())
    eventually(lambda: not core.read_namespaced_service("web", namespace).metadata.finalizers)
    assert address(account, "web", namespace) is None


def test_a_load_balancer_goes_with_its_service(account: Account, namespace: str) -> None:
    account.core.create_namespaced_service(namespace, balanced("web", 80))
    eventually(lambda: address(account, "web", namespace))
    account.core.delete_namespaced_service("web", namespace)
    eventually(lambda: "web" not in names(account.core.list_namespaced_service(namespace)))
    assert account.load_balancers() == []


def test_an_external_load_balancer_is_used_and_kept(account: Account, namespace: str) -> None:
    identity = account.done(account.exoscale.create_load_balancer(name="mine"))
    service = balanced("web", 80, external="true", name="mine")
    account.core.create_namespaced_service(namespace, service)
    eventually(lambda: address(account, "web", namespace))
    (nlb,) = account.load_balancers()
    assert (nlb["id"], len(nlb["services"])) == (identity, 1)
    account.core.delete_namespaced_service("web", namespace)
    eventually(lambda: not account.load_balancers()[0]["services"])
    account.done(account.exoscale.delete_load_balancer(id=identity))


def test_two_nodepools_need_an_instance_pool_in_the_annotations(
    account: Account, namespace: str
) -> None:
    before = {pool["id"] for pool in nodepools(account)}
    account.add_nodepool("others", 1)
    (other,) = [pool for pool in nodepools(account) if pool["id"] not in before]
    account.core.create_namespaced_service(namespace, balanced("web", 80))

    def failure() -> str:
        events = account.core.list_namespaced_event(namespace).items
        return "".join(e.message for e in events if e.reason == "SyncLoadBalancerFailed")

    assert eventually(failure) == (
        "Error syncing load balancer: failed to ensure load balancer: multiple Instance Pools "
        "detected across cluster Nodes, an Instance Pool ID must be specified in Service manifest "
        "annotations"
    )
    assert account.load_balancers() == []
    annotation = {PREFIX + "service-instancepool-id": other["instance-pool"]["id"]}
    account.core.patch_namespaced_service(
        "web", namespace, {"metadata": {"annotations": annotation}}
    )
    eventually(lambda: address(account, "web", namespace))
    (nlb,) = account.load_balancers()
    assert nlb["services"][0]["instance-pool"]["id"] == other["instance-pool"]["id"]
    account.core.delete_namespaced_service("web", namespace)
    eventually(lambda: not account.load_balancers())
    account.done(
        account.exoscale.delete_sks_nodepool(id=account.cluster_id, sks_nodepool_id=other["id"])
    )
    assert len(account.core.list_node().items) == 2


def nodepools(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.exoscale.get_sks_cluster(id=account.cluster_id)[
        "nodepools"
    ]
    return found


def test_the_ingress_chart_gives_the_objects_of_the_official_one(
    account: Account, namespace: str, tmp_path: Path
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        account.runtime.kubeconfig(account.cluster_id, "helm", ["system:masters"], 3600)
    )
    values = {
        "controller": {
            "kind": "DaemonSet",
            "service": {
                "externalTrafficPolicy": "Local",
                "annotations": {
                    PREFIX + "service-healthcheck-mode": "http",
                    PREFIX + "service-healthcheck-uri": "/",
                },
            },
        }
    }
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    chart = ROOT / "sandbox" / "charts" / "ingress-nginx"

    def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TOOLS_BIN / "helm", *arguments, "-n", namespace, "--kubeconfig", kubeconfig],
            capture_output=True,
            text=True,
            timeout=120,
        )

    refused = helm("install", "ingress-nginx", str(chart), "--set", "controller.hostNetwork=true")
    assert "additional properties 'hostNetwork' not allowed" in refused.stderr
    installed = helm(
        "install", "ingress-nginx", str(chart), "-f", str(tmp_path / "values.yaml"), "--wait"
    )
    assert installed.returncode == 0, installed.stderr
    assert address(account, "ingress-nginx-controller", namespace)
    (nlb,) = account.load_balancers()
    service = account.core.read_namespaced_service("ingress-nginx-controller", namespace)
    assert {item["healthcheck"]["port"] for item in nlb["services"]} == {
        service.spec.health_check_node_port
    }
    networking = client.NetworkingV1Api(account.api_client)
    assert networking.read_ingress_class("nginx").spec.controller == "k8s.io/ingress-nginx"
    assert helm("uninstall", "ingress-nginx", "--wait").returncode == 0
    eventually(lambda: not account.load_balancers())


def test_a_component_that_ends_is_started_again(account: Account) -> None:
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


DAEMON = """
    import json, sys, time
    from pathlib import Path
    from sandbox.sks.runtime import NodepoolSpec, SksRuntime

    runtime = SksRuntime(Path(sys.argv[1]), Path(sys.argv[2]))
    runtime.create_cluster("c", "web", version=runtime.versions[0], zone="ch-gva-2")
    print(runtime.kubeconfig("c", "admin", ["system:masters"], 3600).encode().hex(), flush=True)
    time.sleep(600)
"""


def test_a_killed_daemon_leaves_no_process_and_a_new_one_finds_the_data(tmp_path: Path) -> None:
    daemon = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DAEMON), tmp_path, TOOLS_BIN],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert daemon.stdout is not None
    try:
        text = bytes.fromhex(daemon.stdout.readline()).decode()
        core = client.CoreV1Api(kubernetes(text))
        core.create_namespaced_config_map("default", {"metadata": {"name": "kept"}})
        assert len(processes_of(tmp_path)) == 5
    finally:
        daemon.kill()
        daemon.wait()
    eventually(lambda: not processes_of(tmp_path), within=10)

    runtime = SksRuntime(tmp_path, TOOLS_BIN)
    try:
        server = yaml.safe_load(text)["clusters"][0]["cluster"]["server"]
        assert runtime.start_cluster("c") == server
        assert "kept" in names(core.list_namespaced_config_map("default"))
        pool = NodepoolSpec(
            id="11111111-1111-4111-8111-111111111111",
            name="workers",
            size=1,
            instance_pool_id="22222222-2222-4222-8222-222222222222",
            node_names=["n1"],
            instance_ids=["33333333-3333-4333-8333-333333333333"],
            taints={"dedicated": "web:Nowhere"},
        )
        with pytest.raises(SksError, match=r"nodepool workers: .*Nowhere"):
            runtime.set_nodepool("c", pool)
        runtime.delete_cluster("c")
        assert processes_of(tmp_path) == []
        assert list((tmp_path / "clusters").iterdir()) == []
        with pytest.raises(SksError, match="cluster c does not run"):
            runtime.kubeconfig("c", "admin", [], 60)
    finally:
        runtime.stop_all()


def test_a_cluster_that_cannot_start_says_why(tmp_path: Path) -> None:
    runtime = SksRuntime(tmp_path, TOOLS_BIN)
    with pytest.raises(SksError, match=re.escape("version 1.0.0 is not one of 1.")):
        runtime.create_cluster("c", "web", version="1.0.0", zone=ZONE)
    assert json.dumps(runtime.versions)
    with pytest.raises(SksError, match="there is no cluster c"):
        runtime.start_cluster("c")
