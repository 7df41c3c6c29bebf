"""What simulated nodes say of pods: those that run, those that end, those that can't start."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually

pytestmark = pytest.mark.integration

NAMESPACE = "pods"
IMAGE = "docker.io/library/busybox"
NO_IMAGE = "registry.invalid:5000/app:1"


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, cluster_kubeconfig: Path) -> Iterator[Kube]:
    kube = Kube(cluster_kubeconfig, sandbox.environment)
    kube.run("kubectl", "create", "namespace", NAMESPACE)
    yield kube
    kube.run("kubectl", "delete", "namespace", NAMESPACE, "--wait=false")


def container(name: str, command: str | Sequence[str] = (), **more: Any) -> dict[str, Any]:
    words = command.split() if isinstance(command, str) else list(command)
    return {"name": name, "image": IMAGE, "command": words, **more}


def status_of(
    kube: Kube, name: str, containers: list[dict[str, Any]], **spec: Any
) -> dict[str, Any]:
    """The status of a pod once its node reported one."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"containers": containers, **spec},
    }
    kube.run("kubectl", "create", "-f", "-", stdin=yaml.safe_dump(pod))

    def status() -> dict[str, Any]:
        return dict(kube.get("pod", name, NAMESPACE)["status"])

    eventually(lambda: "containerStatuses" in status())
    return status()


def states(status: dict[str, Any], kind: str = "containerStatuses") -> dict[str, tuple[str, str]]:
    """Of each container its state and the reason of that state."""
    found = {}
    for item in status[kind]:
        ((state, detail),) = item["state"].items()
        found[item["name"]] = (state, detail.get("reason", ""))
    return found


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {item["type"]: (item["status"], item.get("reason", "")) for item in status["conditions"]}


def test_sidecars_and_init_containers(kube: Kube) -> None:
    init = [container("prepare", "true"), container("log", restartPolicy="Always")]
    status = status_of(kube, "whole", [container("app"), container("beside")], initContainers=init)
    assert status["phase"] == "Running"
    assert states(status, "initContainerStatuses") == {
        "prepare": ("terminated", "Completed"),
        "log": ("running", ""),
    }
    assert states(status) == {"app": ("running", ""), "beside": ("running", "")}
    assert conditions(status)["Ready"] == ("True", "")


def test_an_image_that_can_not_be_pulled(kube: Kube) -> None:
    status = status_of(kube, "unpulled", [container("app", image=NO_IMAGE), container("beside")])
    assert status["phase"] == "Pending"
    assert states(status) == {"app": ("waiting", "ImagePullBackOff"), "beside": ("running", "")}
    message = status["containerStatuses"][0]["state"]["waiting"]["message"]
    assert "lookup registry.invalid: no such host" in message
    found = conditions(status)
    assert found["Initialized"] == ("True", "")
    assert found["Ready"] == found["ContainersReady"] == ("False", "ContainersNotReady")


def test_what_can_not_run_is_tried_again(kube: Kube) -> None:
    """The official plugin reads an upgrade's fault from what pods say after it looks at them."""
    containers = [container("app", image=NO_IMAGE), container("beside", "false")]
    first = status_of(kube, "tried-again", containers)

    def now() -> dict[str, Any]:
        return dict(kube.get("pod", "tried-again", NAMESPACE)["status"])

    eventually(lambda: states(now())["app"] == ("waiting", "ErrImagePull"))
    eventually(lambda: states(now())["app"] == ("waiting", "ImagePullBackOff"))
    (app, beside), (_, failing) = now()["containerStatuses"], first["containerStatuses"]
    assert app == first["containerStatuses"][0]
    assert beside["restartCount"] > failing["restartCount"] == 1
    assert beside["state"] == failing["state"]


def test_an_init_container_that_can_not_be_pulled_holds_up_the_rest(kube: Kube) -> None:
    init = [container("first"), container("second", image=NO_IMAGE), container("third")]
    status = status_of(kube, "uninitialized", [container("app")], initContainers=init)
    assert status["phase"] == "Pending"
    assert states(status, "initContainerStatuses") == {
        "first": ("terminated", "Completed"),
        "second": ("waiting", "ImagePullBackOff"),
        "third": ("waiting", "PodInitializing"),
    }
    assert states(status) == {"app": ("waiting", "PodInitializing")}
    assert conditions(status)["Initialized"] == ("False", "ContainersNotInitialized")


DIGEST = f"@sha256:{'0a' * 32}"


@pytest.mark.parametrize(
    ("image", "known"),
    [
        (f"busybox:1.37{DIGEST}", f"docker.io/library/busybox{DIGEST}"),
        (f"derlin/rickroller{DIGEST}", f"docker.io/derlin/rickroller{DIGEST}"),
        (f"localhost:5000/a/b:1{DIGEST}", f"localhost:5000/a/b{DIGEST}"),
        ("derlin/rickroller:1.0.0", ""),
    ],
)
def test_an_image_with_a_digest_is_its_own_id(kube: Kube, image: str, known: str) -> None:
    name = f"image-{len(image)}"
    status = status_of(kube, name, [container("app") | {"image": image}])
    assert [each["imageID"] for each in status["containerStatuses"]] == [known]


def test_a_command_that_fails_is_a_crash_loop(kube: Kube) -> None:
    fails = container("app", ["sh", "-c", "exit 3"])
    status = status_of(kube, "crashing", [fails, container("beside")])
    assert status["phase"] == "Running"
    assert states(status) == {"app": ("waiting", "CrashLoopBackOff"), "beside": ("running", "")}
    (app, _) = status["containerStatuses"]
    assert (app["lastState"]["terminated"]["exitCode"], app["restartCount"]) == (3, 1)
    assert conditions(status)["Ready"] == ("False", "ContainersNotReady")


def test_a_pod_that_runs_is_ready_again_after_it_was_marked(kube: Kube) -> None:
    """The control plane marks pods that get to a node before it knows that the node is Ready."""
    status_of(kube, "marked", [container("app")])
    marked = '{"status": {"conditions": [{"type": "Ready", "status": "False"}]}}'
    kube.run(
        "kubectl", "patch", "pod", "marked", "-n", NAMESPACE, "--subresource=status", "-p", marked
    )  # fmt: skip
    eventually(
        lambda: conditions(kube.get("pod", "marked", NAMESPACE)["status"])["Ready"][0] == "True"
    )


def test_a_failed_pod_is_not_restarted_if_it_is_not_to_be(kube: Kube) -> None:
    status = status_of(kube, "failed", [container("app", "/bin/false")], restartPolicy="Never")
    assert status["phase"] == "Failed"
    assert states(status) == {"app": ("terminated", "Error")}


@pytest.mark.parametrize(
    ("command", "condition", "phase"),
    [("true", "Complete", "Succeeded"), ("false", "Failed", "Failed")],
)
def test_a_job_ends_as_its_pod_does(kube: Kube, command: str, condition: str, phase: str) -> None:
    name = f"job-{command}"
    spec = {
        "containers": [container("work", command), container("beside")],
        "initContainers": [container("log", restartPolicy="Always")],
        "restartPolicy": "Never",
    }
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"backoffLimit": 0, "template": {"spec": spec}},
    }
    kube.run("kubectl", "create", "-f", "-", stdin=yaml.safe_dump(job))
    kube.run(
        "kubectl", "wait", f"--for=condition={condition}", f"job/{name}", "-n", NAMESPACE,
        "--timeout=30s",
    )  # fmt: skip
    (pod,) = (
        pod
        for pod in kube.list("pods", NAMESPACE)
        if pod["metadata"].get("labels", {}).get("job-name") == name
    )
    assert pod["status"]["phase"] == phase
    assert states(pod["status"], "initContainerStatuses") == {"log": ("terminated", "Completed")}
    assert states(pod["status"])["beside"] == ("terminated", "Completed")
