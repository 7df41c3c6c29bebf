"""An application with a worker, and one without a port: there, changed, failed and back."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack, Step, copy_project
from tools.pods import logs, ps, run

pytestmark = pytest.mark.integration

DEPLOYMENT, STASH = "kubernetes:apps/v1:Deployment", "pulumi:index:Stash"
SMALL = {"requests": {"cpu": "5m", "memory": "8Mi"}, "limits": {"memory": "16Mi"}}
SHOP: dict[str, Any] = {
    "name": "shop",
    "image": "example/shop:1",
    "resources": SMALL,
    "rollout": {"progressDeadlineSeconds": 5, "timeoutSeconds": 30},
    "config": {"environment": {"COLOR": "red"}},
    "generatedSecrets": ["APP_SECRET_KEY"],
    "beforeRollout": {"command": ["migrate"]},
    "workers": [{"name": "mail", "command": ["shop", "worker"], "replicas": 2}],
}
QUEUE = {
    "name": "queue",
    "namespace": "shop",
    "image": "example/queue:1",
    "port": "none",
    "resources": SMALL,
}
WORKER = "apps[0].workers[0]"


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, cluster_kubeconfig: Path) -> Kube:
    return Kube(cluster_kubeconfig, sandbox.environment)


@pytest.fixture(scope="module")
def stack(
    sandbox: Sandbox, cluster_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Both applications, deployed."""
    stack = Stack("workers", copy_project(tmp_path_factory.mktemp("workers")), sandbox.environment)
    cluster = {"kubeconfig": str(cluster_kubeconfig)}
    stack.configure({"existingCluster": cluster, "apps": [SHOP, QUEUE]})
    stack("stack", "init")
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")


def deployment(kube: Kube, name: str) -> dict[str, Any]:
    return kube.get("deployment", name, "shop")


def container(kube: Kube, name: str) -> dict[str, Any]:
    (found,) = deployment(kube, name)["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_a_worker_runs_beside_the_application(stack: Stack, kube: Kube) -> None:
    assert deployment(kube, "shop-mail")["status"]["readyReplicas"] == 2
    app, worker = container(kube, "shop"), container(kube, "shop-mail")
    assert worker["command"] == ["shop", "worker"]
    for key in ("image", "env", "envFrom", "resources", "securityContext"):
        assert worker[key] == app[key]
    assert kube.get("poddisruptionbudget", "shop-mail", "shop")["status"]["currentHealthy"] == 2
    policies = {each["metadata"]["name"]: each["spec"] for each in kube.list("netpol", "shop")}
    assert policies["shop-mail"]["egress"] == policies["shop"]["egress"]
    assert "ingress" not in policies["shop-mail"]
    assert policies["shop-mail"]["podSelector"] == deployment(kube, "shop-mail")["spec"]["selector"]
    assert set(stack.up()) <= {"same", "read"}


def test_neither_has_a_service(stack: Stack, kube: Kube) -> None:
    assert kube.names("services", "shop") == {"shop"}
    (endpoints,) = kube.list("endpointslices", "shop")
    assert len(endpoints["endpoints"]) == 1
    assert deployment(kube, "queue")["status"]["readyReplicas"] == 1
    for name in ("queue", "shop-mail"):
        assert not {"ports", "livenessProbe", "readinessProbe"} & container(kube, name).keys()
    outputs = stack.outputs()
    assert {"shop_url", "queue_namespace"} <= outputs.keys()
    assert "queue_url" not in outputs


@pytest.fixture
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `sandbox exec` would give to the tools."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    handlers = {number: signal.getsignal(number) for number in run.STOPPING}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("environment")
def test_commands_say_that_simulated_nodes_run_nothing(
    stack: Stack, kube: Kube, capsys: pytest.CaptureFixture[str]
) -> None:
    """They leave nothing, and `make ps` shows the pods all the same."""
    before = kube.names("jobs,networkpolicies", "shop")
    app = [f"--stack={stack.name}", "--app=shop"]
    command = [*app, "--command=true"]
    assert [
        run.main(command, stack.folder),
        run.main([*command, "--detach"], stack.folder),
        logs.main(app, stack.folder),
        logs.main([*app, "--worker=mail", "--follow"], stack.folder),
    ] == [1, 1, 1, 1]
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": its ")[0] for line in lines] == [
        *["run: workers"] * 2,
        *["logs: workers"] * 2,
    ]
    assert all("nodes are simulated and run no containers" in line for line in lines)
    assert kube.names("jobs,networkpolicies", "shop") == before
    assert ps.main(app, stack.folder) == 0
    assert capsys.readouterr().out.count("worker mail") == 2


def test_another_command_updates_the_worker_alone(stack: Stack, kube: Kube) -> None:
    stack.set(f"{WORKER}.command[1]", "mailer")
    changed = {"spec.template.spec.containers[0].command[1]": "update"}
    assert stack.preview() == [
        Step("update", DEPLOYMENT, "shop-mail", changed),
        Step("update", STASH, "shop-mail-rollout"),
    ]
    before = deployment(kube, "shop")["metadata"]["generation"]
    stack.up()
    found = deployment(kube, "shop-mail")
    assert container(kube, "shop-mail")["command"] == ["shop", "mailer"]
    assert found["status"]["updatedReplicas"] == found["status"]["readyReplicas"] == 2
    assert deployment(kube, "shop")["metadata"]["generation"] == before


def test_an_image_that_does_not_start_leaves_the_old_pods(stack: Stack, kube: Kube) -> None:
    before = stack.file.read_text()
    stack.set(f"{WORKER}.image", "registry.invalid/mail:2")
    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.returncode != 0
    assert "registry.invalid/mail:2" in failed.stdout
    assert deployment(kube, "shop-mail")["status"]["readyReplicas"] == 2
    stack.file.write_text(before)
    stack.up()
    assert container(kube, "shop-mail")["image"] == "example/shop:1"


def scale(stack: Stack, **settings: Any) -> None:
    """Give the worker these settings in place of `replicas` and `autoscaler`."""
    document = yaml.safe_load(stack.file.read_text())
    (worker,) = document["config"]["webapp:apps"][0]["workers"]
    for key in ("replicas", "autoscaler"):
        worker.pop(key, None)
    worker.update(settings)
    stack.file.write_text(yaml.safe_dump(document))


def test_without_its_autoscaler_it_has_its_number_of_pods_again(stack: Stack, kube: Kube) -> None:
    """The autoscaler scales until it is deleted: also what Pulumi has just set."""
    scale(stack, autoscaler={"min": 3, "max": 4, "cpu": 80})
    stack.up()
    eventually(lambda: deployment(kube, "shop-mail")["spec"]["replicas"] == 3)
    stack("preview", "--expect-no-changes")
    scale(stack, replicas=2)
    assert "shop/shop-mail: replicas: 2, instead of its autoscaler's" in stack("preview")
    stack.up()
    found = deployment(kube, "shop-mail")
    assert found["spec"]["replicas"] == found["status"]["readyReplicas"] == 2
    assert not kube.names("horizontalpodautoscalers", "shop")
    assert deployment(kube, "shop")["spec"]["replicas"] == 1
    stack("preview", "--refresh", "--expect-no-changes")


def test_a_worker_that_is_removed_is_deleted_and_a_port_gets_a_service(
    stack: Stack, kube: Kube
) -> None:
    document = yaml.safe_load(stack.file.read_text())
    del document["config"]["webapp:apps"][0]["workers"]
    del document["config"]["webapp:apps"][1]["port"]
    stack.file.write_text(yaml.safe_dump(document))
    stack.up()
    assert kube.names("services", "shop") == {"shop", "queue"}
    assert stack.outputs()["queue_url"] == "http://queue.shop.svc/"
    for kind in ("deployments", "networkpolicies", "poddisruptionbudgets"):
        assert "shop-mail" not in kube.names(kind, "shop")
    assert {"shop", "queue"} <= kube.names("deployments", "shop")
    stack("preview", "--refresh", "--expect-no-changes")
