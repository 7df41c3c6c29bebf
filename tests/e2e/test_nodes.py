"""Nodes that run containers: what a user does with pods, and what `down` leaves of them."""

import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.sks_cluster.firewall.args import KUBELET_PORT, NODE_PORTS, port_range
from sandbox.daemon.state import processes, running_pid
from sandbox.paths import write_private
from sandbox.sks.machines import network
from sandbox.sks.spec import CLIENT, HEALTH_CHECKS, TUNNEL
from tests.e2e.machine_state import state
from tests.e2e.real_nodes import MARKS, UP_SECONDS
from tests.support.account import Sandbox
from tests.support.polling import eventually

pytestmark = MARKS

CALICO_PORT = 4789
FIRST_NODE_PORT, LAST_NODE_PORT = port_range(NODE_PORTS)

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: ScheduleAnyway
        labelSelector: {matchLabels: {app: web}}
      containers:
      - name: web
        image: busybox:1.35
        command: [sh, -c, "hostname > /tmp/index.html; echo begun; exec httpd -f -p 8080 -h /tmp"]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
"""

WEBHOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: web}
webhooks:
- name: web.example.com
  rules:
  - {apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE]}
  clientConfig: {service: {namespace: default, name: web, port: 80}}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}
  sideEffects: None
  admissionReviewVersions: [v1]
"""


@dataclass(frozen=True)
class Cluster:
    """A cluster of the sandbox, and kubectl on it."""

    sandbox: Sandbox
    id: str
    group: str
    """The id of its nodes' security group."""
    kubeconfig: Path
    before: dict[str, list[str]]
    """What the machine had before there was a sandbox."""

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """What kubectl prints; fails with its words if it fails."""
        answer = subprocess.run(
            ["kubectl", *arguments],
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    @property
    def environment(self) -> dict[str, str]:
        """That of the sandbox, with the cluster's own kubeconfig."""
        return {**self.sandbox.environment, "KUBECONFIG": str(self.kubeconfig)}

    def pods(self) -> list[tuple[str, str]]:
        """Names and nodes of the pods of `web` that are ready."""
        ready = '{.status.conditions[?(@.type=="Ready")].status}'
        columns = f"{{range .items[*]}}{{.metadata.name}} {{.spec.nodeName}} {ready}\n{{end}}"
        lines = self.kubectl("get", "pods", "-l", "app=web", "-o", f"jsonpath={columns}")
        found = [line.split() for line in lines.splitlines()]
        return [(pod[0], pod[1]) for pod in found if pod[2:] == ["True"]]

    def ready_nodes(self) -> list[str]:
        """Names of the nodes that are Ready."""
        lines = self.kubectl("get", "nodes", "--no-headers").splitlines()
        return sorted(line.split()[0] for line in lines if line.split()[1] == "Ready")

    def addresses(self) -> list[str]:
        """Of the nodes."""
        path = '{.items[*].status.addresses[?(@.type=="InternalIP")].address}'
        return self.kubectl("get", "nodes", "-o", f"jsonpath={path}").split()

    def scale(self, size: int) -> None:
        """Give the nodepool another size."""
        client = self.sandbox.client
        pool = client.get_sks_cluster(id=self.id)["nodepools"][0]["id"]
        operation = client.scale_sks_nodepool(id=self.id, sks_nodepool_id=pool, size=size)
        client.wait(operation["id"], max_wait_time=60)


def nodes_group(sandbox: Sandbox) -> str:
    """A security group that lets in what nodes need of each other, and the world to NodePorts."""
    group = str(sandbox.done(sandbox.client.create_security_group(name="nodes")))
    sandbox.let_in(group, "tcp", KUBELET_PORT, KUBELET_PORT, security_group={"id": group})
    sandbox.let_in(group, "udp", CALICO_PORT, CALICO_PORT, security_group={"id": group})
    sandbox.let_in(group, "tcp", FIRST_NODE_PORT, LAST_NODE_PORT, network="0.0.0.0/0")
    return group


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with two nodes and the Deployment `web` on both; nothing is left afterwards."""
    folder = tmp_path_factory.mktemp("containers")
    sandbox = Sandbox(folder / "home")
    before = state(sandbox.home)
    try:
        sandbox.run("up", "--nodes", "containers", timeout=UP_SECONDS)
        group = nodes_group(sandbox)
        id_ = sandbox.create_cluster("containers", size=2, group=group)
        kubeconfig = folder / "kubeconfig"
        write_private(kubeconfig, sandbox.kubeconfig(id_))
        cluster = Cluster(sandbox, id_, group, kubeconfig, before)
        eventually(lambda: len(cluster.ready_nodes()) == 2, within=90)
        cluster.kubectl("apply", "-f", "-", text=WEB)
        cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s")
        yield cluster
    finally:
        sandbox.run("reset")
    assert state(sandbox.home) == before


def test_a_pod_has_logs_a_shell_and_ports(cluster: Cluster) -> None:
    pod, _ = cluster.pods()[0]

    assert cluster.kubectl("logs", pod) == "begun\n"
    assert cluster.kubectl("exec", pod, "--", "hostname").strip() == pod
    assert forwarded(cluster, pod).strip() == pod


def forwarded(cluster: Cluster, pod: str) -> str:
    """What the pod answers through `kubectl port-forward`."""
    command = ["kubectl", "port-forward", pod, ":8080", "--address=127.0.0.1"]
    with subprocess.Popen(
        command, env=cluster.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().split(" -> ")[0].rpartition(":")[2]
        with closing(urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)) as answer:
            text: str = answer.read().decode()
        process.terminate()
    return text


def test_pods_reach_each_other_by_the_name_of_a_service(cluster: Cluster) -> None:
    pods = cluster.pods()
    ask = "for i in $(seq 20); do timeout 5 wget -qO- http://web.default.svc.cluster.local; done"

    answered = {
        name
        for pod, _ in pods
        for name in cluster.kubectl("exec", pod, "--", "sh", "-c", ask).split()
    }

    assert len({node for _, node in pods}) == 2
    assert answered == {pod for pod, _ in pods}


def test_pods_resolve_the_names_of_the_accounts_domains(cluster: Cluster) -> None:
    sandbox, (pod, _) = cluster.sandbox, cluster.pods()[0]
    domain = sandbox.done(sandbox.client.create_dns_domain(unicode_name="pods.example"))
    record = {"name": "shop", "type": "A", "content": "192.0.2.1"}
    sandbox.done(sandbox.client.create_dns_domain_record(domain_id=domain, **record))
    answer = cluster.kubectl("exec", pod, "--", "nslookup", "shop.pods.example")
    assert "192.0.2.1" in answer
    sandbox.done(sandbox.client.delete_dns_domain(id=domain))


def test_the_host_reaches_every_node_and_no_pod_the_hosts_own_ports(cluster: Cluster) -> None:
    pod, _ = cluster.pods()[0]
    port = cluster.sandbox.credentials.port
    refused = f"nc -w 2 {network.TAP_HOST} {port} < /dev/null || echo refused"

    for address in cluster.addresses():
        assert is_open(address, 30080)
    assert cluster.kubectl("exec", pod, "--", "sh", "-c", refused).strip() == "refused"


def is_open(address: str, port: int, source: str = CLIENT) -> bool:
    """Whether a connection from an address of the host is taken; what is closed does not answer."""
    try:
        with socket.create_connection((address, port), timeout=2, source_address=(source, 0)):
            return True
    except TimeoutError:
        return False


def test_the_api_server_reaches_pods_and_services(cluster: Cluster) -> None:
    """A webhook is called by its Service: here pods that don't speak TLS, which it can tell."""
    pod, _ = cluster.pods()[0]
    answer = cluster.kubectl("get", "--raw", f"/api/v1/namespaces/default/pods/{pod}:8080/proxy/")
    assert answer.strip() == pod

    cluster.kubectl("apply", "-f", "-", text=WEBHOOK)
    refused = ("create", "configmap", "refused", "--dry-run=server")

    def refusal() -> str:
        try:
            return cluster.kubectl(*refused)
        except AssertionError as error:
            return str(error)

    eventually(lambda: "HTTP response to HTTPS client" in refusal())
    cluster.kubectl("delete", "validatingwebhookconfiguration", "web")


def test_another_sandbox_with_such_nodes_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    other = Sandbox(tmp_path / "home")
    with pytest.raises(AssertionError, match="another sandbox with nodes that run containers"):
        other.run("up", "--nodes", "containers")
    other.run("reset")
    assert is_open(cluster.addresses()[0], 30080)


def test_a_machine_is_closed_but_for_what_its_security_group_opens(cluster: Cluster) -> None:
    sandbox, group, addresses = cluster.sandbox, cluster.group, cluster.addresses()
    for address in addresses:
        assert is_open(address, 30080)
        assert is_open(address, KUBELET_PORT, TUNNEL)
        assert not is_open(address, KUBELET_PORT)

    sandbox.close(group, FIRST_NODE_PORT)
    sandbox.close(group, KUBELET_PORT)
    for address in addresses:
        assert not is_open(address, 30080)
        assert not is_open(address, KUBELET_PORT, TUNNEL)

    sandbox.let_in(group, "tcp", FIRST_NODE_PORT, LAST_NODE_PORT, network=f"{CLIENT}/32")
    sandbox.let_in(group, "tcp", KUBELET_PORT, KUBELET_PORT, security_group={"id": group})
    for address in addresses:
        assert is_open(address, 30080)
        assert not is_open(address, 30080, HEALTH_CHECKS)
        assert is_open(address, KUBELET_PORT, TUNNEL)


def test_pods_of_two_nodes_are_apart_without_the_port_of_the_cni(cluster: Cluster) -> None:
    one, node = cluster.pods()[0]
    other = next(name for name, elsewhere in cluster.pods() if elsewhere != node)
    address = cluster.kubectl("get", "pod", other, "-o", "jsonpath={.status.podIP}")
    ask = f"timeout 3 wget -qO- http://{address}:8080/ || echo unreached"

    cluster.sandbox.close(cluster.group, CALICO_PORT)
    assert cluster.kubectl("exec", one, "--", "sh", "-c", ask).strip() == "unreached"

    members = {"id": cluster.group}
    cluster.sandbox.let_in(cluster.group, "udp", CALICO_PORT, CALICO_PORT, security_group=members)
    assert cluster.kubectl("exec", one, "--", "sh", "-c", ask).strip() == other


def test_a_drained_node_has_no_pods(cluster: Cluster) -> None:
    first, *_ = cluster.ready_nodes()

    cluster.kubectl("drain", first, "--ignore-daemonsets", "--timeout=120s")

    eventually(lambda: len(cluster.pods()) == 4)
    assert first not in {node for _, node in cluster.pods()}
    cluster.kubectl("uncordon", first)


def test_a_nodepool_grows_and_shrinks(cluster: Cluster) -> None:
    cluster.scale(3)
    eventually(lambda: len(cluster.ready_nodes()) == 3, within=90)

    cluster.scale(1)

    eventually(lambda: len(cluster.ready_nodes()) == 1)
    eventually(lambda: len(cluster.pods()) == 4, within=120)


@pytest.mark.parametrize("program", ["kubelet", "containerd", "unshare", "slirp4netns"])
def test_a_killed_program_of_a_node_comes_back(cluster: Cluster, program: str) -> None:
    home = cluster.sandbox.home
    killed = {process.pid for process in processes(home) if process.command == program}

    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    def another() -> set[int]:
        return {p.pid for p in processes(home) if p.command == program} - killed

    assert eventually(another)
    eventually(lambda: reachable(cluster), within=120)


def reachable(cluster: Cluster) -> bool:
    """Whether every pod's kubelet answers for it."""
    pods = cluster.pods()
    try:
        return len(pods) == 4 and all("begun" in cluster.kubectl("logs", pod) for pod, _ in pods)
    except AssertionError:
        return False


def test_down_and_a_killed_daemon_leave_nothing(cluster: Cluster) -> None:
    home = cluster.sandbox.home
    cluster.sandbox.run("down")
    assert state(home) == cluster.before

    cluster.sandbox.run("up")
    eventually(lambda: reachable(cluster), within=120)
    daemon = running_pid(home)
    assert daemon is not None
    os.kill(daemon, signal.SIGKILL)
    cluster.sandbox.run("down")

    assert state(home) == cluster.before
