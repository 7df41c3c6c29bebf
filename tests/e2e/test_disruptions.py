"""A steady load on an application while nodes, its controller and its pods are disrupted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sandbox.images.images import LOCAL
from tests.e2e.real_nodes import (
    DEMO,
    MARKS,
    TRAEFIK,
    UP_SECONDS,
    answers,
    kube_of,
    new_stack,
    ready,
    real_nodes,
)
from tests.support.account import OLDER_VERSION, VERSION, Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import APP, CLUSTER, Stack
from tests.support.traffic import SteadyLoad

pytestmark = MARKS

DRAIN_SECONDS = 300
RESTART_SECONDS = 300
RATE = 100
"""Requests a second: nodes start beside the controller and the pods, on the same machine."""
PODS = 3
SETTINGS: dict[str, Any] = {
    "cluster": {**CLUSTER, "version": OLDER_VERSION},
    "ingress": TRAEFIK,
    "apps": [
        {
            **APP,
            "image": DEMO,
            "replicas": PODS,
            "rollout": {"drainSeconds": 15, "terminationGracePeriodSeconds": 60},
        }
    ],
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with real_nodes(tmp_path_factory.mktemp("disruptions") / "home") as sandbox:
        older = f"--kubernetes={OLDER_VERSION}"
        sandbox.run("tools", "--nodes", "containers", older, timeout=UP_SECONDS)
        yield sandbox


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The demo on three pods of two nodes of the older version."""
    folder = tmp_path_factory.mktemp("disruptions")
    stack = new_stack("disruptions", folder, sandbox, SETTINGS)
    stack.up()
    return stack


@pytest.fixture(scope="module")
def kube(stack: Stack, sandbox: Sandbox) -> Kube:
    return kube_of(stack, sandbox)


@pytest.fixture(scope="module")
def url(stack: Stack) -> str:
    url = str(stack.outputs()["rickroller_url"])
    eventually(lambda: answers(url))
    return url


@contextmanager
def no_request_fails(url: str, while_: str) -> Iterator[None]:
    """A load from a second before the block to a few after it."""
    with SteadyLoad(url, rate=RATE) as load:
        eventually(lambda: load.figures.requests > RATE)
        yield
        end = load.figures.requests + 5 * RATE
        eventually(lambda: load.figures.requests >= end)
    print(f"{while_}: {load.figures}")
    assert not load.figures.failed, load.figures


def versions(kube: Kube) -> set[str]:
    return {node["status"]["nodeInfo"]["kubeletVersion"] for node in kube.list("nodes")}


def controller_is_as_asked(kube: Kube) -> bool:
    """Whether all pods of the controller are those of its latest description, and ready."""
    (controller,) = kube.list("daemonsets", "ingress-nginx")
    seen = controller["status"]
    wanted = seen["desiredNumberScheduled"]
    return bool(
        seen["observedGeneration"] == controller["metadata"]["generation"]
        and seen.get("updatedNumberScheduled") == seen["numberReady"] == wanted
    )


def test_a_drained_node(kube: Kube, url: str) -> None:
    node = min(kube.names("nodes"))
    with no_request_fails(url, "a node is drained"):
        kube.run(
            "kubectl",
            "drain",
            node,
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            timeout=DRAIN_SECONDS,
        )
        assert node not in {pod["spec"]["nodeName"] for pod in kube.list("pods", "test")}
        eventually(lambda: ready(kube) == PODS)
        kube.run("kubectl", "uncordon", node)


def test_a_restart_of_the_controller(kube: Kube, url: str) -> None:
    with no_request_fails(url, "the controller is restarted"):
        kube.run("kubectl", "-n", "ingress-nginx", "rollout", "restart", "daemonset")
        eventually(lambda: controller_is_as_asked(kube), within=RESTART_SECONDS)


def test_other_settings_of_the_controller(stack: Stack, kube: Kube, url: str) -> None:
    with no_request_fails(url, "the controller has other settings"):
        stack.set("ingress.resources.requests.memory", "64Mi")
        stack.up()
        eventually(lambda: controller_is_as_asked(kube), within=RESTART_SECONDS)


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("apps[0].image", f"{LOCAL}/no-such:1", "ImagePullBackOff"),
        ("apps[0].args[0]", "no_such:app", "CrashLoopBackOff"),
    ],
)
def test_what_does_not_start_replaces_nothing(
    stack: Stack, kube: Kube, url: str, setting: str, value: str, reason: str
) -> None:
    """The former pods serve on, the `up` says why it failed, and the former settings converge."""
    former, pods = stack.file.read_text(), kube.names("pods", "test")
    with no_request_fails(url, f"{setting} is broken, and mended"):
        for limit in ("progressDeadlineSeconds", "timeoutSeconds"):
            stack.set(f"apps[0].rollout.{limit}", "45")
        stack.set(setting, value)
        failed = stack.run("up", "--yes", "--skip-preview")
        assert failed.returncode != 0
        assert reason in failed.stdout
        assert pods < kube.names("pods", "test")

        stack.file.write_text(former)
        stack.up()
        eventually(lambda: kube.names("pods", "test") == pods)
    assert ready(kube) == PODS
    stack("preview", "--expect-no-changes")


def test_a_nodepool_that_an_upgrade_replaces(stack: Stack, kube: Kube, url: str) -> None:
    assert versions(kube) == {f"v{OLDER_VERSION}"}
    with no_request_fails(url, "a nodepool is replaced"):
        stack.set("cluster.version", VERSION)
        stack.up()
        assert versions(kube) == {f"v{VERSION}"}
    assert ready(kube) == PODS
