"""Faults by the command line, on a running sandbox: its daemon, nodes and cloud controller."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.paths import ROOT, write_private
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually

pytestmark = pytest.mark.integration

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, ports: [{port: 80}]}
"""


def faults(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `sandbox faults ...`."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "faults", *arguments],
        cwd=ROOT,
        env={**os.environ, "SANDBOX_HOME": str(sandbox.home)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def done(sandbox: Sandbox, *arguments: str) -> str:
    answer = faults(sandbox, *arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(autouse=True)
def _cleared(sandbox: Sandbox) -> Iterator[None]:
    yield
    done(sandbox, "clear")


@pytest.fixture(scope="module")
def cluster(sandbox: Sandbox) -> Iterator[str]:
    """The id of a cluster with one node and a cloud controller."""
    cluster = sandbox.create_cluster("faulty", size=1, addons=["exoscale-cloud-controller"])
    yield cluster
    sandbox.delete_cluster(cluster)


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    file = tmp_path_factory.mktemp("faulty") / "kubeconfig"
    write_private(file, sandbox.kubeconfig(cluster))
    return Kube(file, sandbox.environment)


def test_add_list_and_clear(sandbox: Sandbox) -> None:
    words = ("evict-sks-*", "--status", "429", "--retry-after", "2", "--times", "3")
    assert done(sandbox, "add", *words) == (
        "fault 1: evict-sks-*: status 429, Retry-After 2 s, 3 times\n"
    )
    done(sandbox, "add", "DELETE *", "--drop", "--probability", "0.1", "--seed", "7")
    done(sandbox, "add", "quota", "--limit", "instance=1")
    assert done(sandbox, "list").splitlines() == [
        "FAULT   TARGET        EFFECT                        WHEN                      ACTED",
        "1       evict-sks-*   status 429, Retry-After 2 s   3 times                   0",
        "2       DELETE *      connection dropped            probability 0.1, seed 7   0",
        "3       quota         instance at most 1            until cleared             0",
    ]
    listed = json.loads(done(sandbox, "list", "--json"))
    assert [fault["effect"]["kind"] for fault in listed] == ["status", "drop", "quota"]
    assert done(sandbox, "clear", "2") == "cleared: 2\n"
    assert done(sandbox, "clear") == "cleared: 1, 3\n"
    assert done(sandbox, "clear") == "cleared: there was none\n"
    assert done(sandbox, "list") == "no faults\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "create-clutser", "--drop"), "sandbox: no operation matches create-clutser\n"),
        (("add", "*", "--status", "200"), "sandbox: effect.status"),
        (("add", "*", "--drop", "--seed", "1"), "sandbox: --seed needs --probability\n"),
        (("add", "quota", "--limit", "cpu=1"), "sandbox: no quota cpu: there are dns-domain, "),
        (("clear", "9"), "sandbox: fault 9 not found\n"),
    ],
)
def test_a_mistake_is_one_line(sandbox: Sandbox, arguments: tuple[str, ...], words: str) -> None:
    answer = faults(sandbox, *arguments)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(words)
    assert answer.stderr.count("\n") == 1


def test_without_a_daemon(sandbox: Sandbox, tmp_path: Path) -> None:
    answer = faults(Sandbox(tmp_path), "list")
    assert answer.stderr == "sandbox: the sandbox doesn't exist: create it with `sandbox up`\n"


def test_a_dropped_connection_and_its_line_in_the_log(sandbox: Sandbox) -> None:
    url = f"{sandbox.credentials.endpoint}/zone"
    done(sandbox, "add", "list-zones", "--drop", "--times", "1")
    with requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=10)
        assert session.get(url, timeout=10).ok
    log = (sandbox.home / "log" / "requests.log").read_text()
    dropped, answered = (line.split()[2:] for line in log.splitlines()[-2:])
    assert dropped[:4] == ["GET", "/v2/zone", "list-zones", "dropped"]
    assert dropped[-2:] == ["fault", "1"]
    assert answered[:4] == ["GET", "/v2/zone", "list-zones", "200"]


def test_the_logs_have_no_secret(sandbox: Sandbox, kube: Kube) -> None:
    kubeconfig = kube.kubeconfig.read_text()
    secrets = [sandbox.credentials.api_secret, "EXO2-HMAC-SHA256", "BEGIN", "certificate-data"]
    secrets += [line.split()[-1] for line in kubeconfig.splitlines() if "-data:" in line]
    for file in (sandbox.home / "log").iterdir():
        text = file.read_text()
        assert not [secret for secret in secrets if secret in text], file


def test_faults_are_there_after_a_restart(sandbox: Sandbox) -> None:
    done(sandbox, "add", "*", "--status", "503")
    sandbox.run("down")
    sandbox.run("up")
    assert "status 503" in done(sandbox, "list")


def test_a_node_is_not_ready_until_it_is_cleared(
    sandbox: Sandbox, cluster: str, kube: Kube
) -> None:
    (pool,) = sandbox.client.get_sks_cluster(id=cluster)["nodepools"]
    done(sandbox, "add", "node", "--not-ready", "--times", "1")

    def ready() -> list[bool]:
        conditions = [node["status"].get("conditions", ()) for node in kube.list("nodes")]
        return sorted(
            any(c["type"] == "Ready" and c["status"] == "True" for c in found)
            for found in conditions
        )

    def kept_away() -> list[str]:
        """What keeps new pods from nodes; pods are evicted (`NoExecute`) a while later."""
        taints = [taint for node in kube.list("nodes") for taint in node["spec"].get("taints", ())]
        return [taint["key"] for taint in taints if taint["effect"] == "NoSchedule"]

    operation = sandbox.client.scale_sks_nodepool(id=cluster, sks_nodepool_id=pool["id"], size=2)
    eventually(lambda: sandbox.client.get_operation(id=operation["id"])["state"] == "success")
    eventually(lambda: kept_away() == ["node.kubernetes.io/not-ready"])
    assert ready() == [False, True]
    assert "not Ready (fault 1)" in status(sandbox)
    done(sandbox, "clear")
    eventually(lambda: ready() == [True, True] and kept_away() == [])


def test_faults_hit_the_cloud_controller_as_well(sandbox: Sandbox, kube: Kube) -> None:
    before = sandbox.holds()["load-balancers"]
    done(sandbox, "add", "create-load-balancer", "--status", "500", "--times", "1")
    kube.run("kubectl", "apply", "-f", "-", stdin=SERVICE)
    eventually(
        lambda: "SyncLoadBalancerFailed" in {event["reason"] for event in kube.list("events")}
    )
    eventually(lambda: kube.get("service", "web")["status"]["loadBalancer"].get("ingress"))
    kube.run("kubectl", "delete", "service", "web")
    assert sandbox.holds()["load-balancers"] == before


def status(sandbox: Sandbox) -> str:
    """What `sandbox status` writes."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "status"],
        cwd=ROOT,
        env={**os.environ, "SANDBOX_HOME": str(sandbox.home)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
