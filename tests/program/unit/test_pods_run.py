"""`make run`: what it creates, in what order, and that nothing of it stays."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.program.unit.answering_pulumi import FakePulumi
from tests.program.unit.pods import (
    DEPLOYMENT,
    PODS,
    SHOP,
    SIMULATED_NODE,
    deployment,
    pod,
    stack_with,
)
from tests.support.kubernetes_api import Pages
from tools.pods import run, run_stop
from tools.pods.application import Application
from tools.pods.run_objects import HOLD, job, network_policy, run_name
from tools.pulumi_command import ToolError

APP = Application("shop", "web")
JOBS = "/apis/batch/v1/namespaces/web/jobs"
POLICIES = "/apis/networking.k8s.io/v1/namespaces/web/networkpolicies"
EGRESS = [{"ports": [{"port": 53}]}]
POLICY = {
    "spec": {
        "podSelector": {"matchLabels": SHOP},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{}]}],
        "egress": EGRESS,
    }
}
FAILED = {"terminated": {"reason": "Error", "exitCode": 3}}


def made(
    *command: str, attached: bool = True, selector: dict[str, str] | None = None
) -> dict[str, Any]:
    """The Job's pod."""
    source = deployment(**(selector or {}))
    body = job(APP, "shop-run-1", source, command, attached=attached, terminal=False)
    return dict(body["spec"]["template"])


def test_the_pod_is_the_applications_without_what_is_for_servers() -> None:
    template = made("shop", "migrate", attached=False)
    spec = template["spec"]
    assert spec == {
        "serviceAccountName": "shop",
        "restartPolicy": "Never",
        "volumes": [{"name": "writable", "emptyDir": {}}],
        "initContainers": [{"name": "prepare", "image": "shop:7"}],
        "containers": [
            {
                "name": "shop",
                "image": "shop:7",
                "command": ["shop", "migrate"],
                "args": [],
                "envFrom": [{"secretRef": {"name": "shop-secrets-1"}}],
                "resources": {"limits": {"memory": "256Mi"}},
                "field-of-tomorrow": 1,
                "stdin": False,
                "stdinOnce": False,
                "tty": False,
            }
        ],
    }
    assert template["metadata"]["annotations"] == {"example.com/owner": "shop-team"}


def test_an_attached_command_waits_until_its_output_is_read() -> None:
    (container,) = made("echo", "$HOME $(date) $$")["spec"]["containers"]
    assert container["command"] == HOLD
    assert container["args"] == ["echo", "$$HOME $$(date) $$$$"]
    assert container["stdin"] is container["stdinOnce"] is True


@pytest.mark.parametrize("selector", [{}, {"app": "shop", "team": "web"}])
def test_the_applications_service_does_not_select_the_pod(selector: dict[str, str]) -> None:
    labels = made("true", selector=selector)["metadata"]["labels"]
    assert not (selector or SHOP).items() <= labels.items()
    assert labels["app.kubernetes.io/instance"] == "shop"
    assert labels["app.kubernetes.io/managed-by"] == "make-run"
    assert labels.get("team") == (None if "team" in selector else "web")


def test_a_selector_that_would_is_refused() -> None:
    with pytest.raises(ToolError, match="would also select the pod"):
        made("true", selector={"app.kubernetes.io/instance": "shop"})


def test_a_volume_of_one_node_keeps_the_pod_on_it() -> None:
    with_claim = deployment()
    volumes = with_claim["spec"]["template"]["spec"]["volumes"]
    volumes.append({"name": "uploads", "persistentVolumeClaim": {"claimName": "shop-uploads"}})
    body = job(APP, "shop-run-1", with_claim, ["true"], attached=False, terminal=False)
    affinity = body["spec"]["template"]["spec"]["affinity"]["podAffinity"]
    (preferred,) = affinity["preferredDuringSchedulingIgnoredDuringExecution"]
    assert preferred["podAffinityTerm"]["labelSelector"] == {"matchLabels": SHOP}


def test_the_pod_waits_for_a_database_in_the_cluster() -> None:
    """Its node may reject a new pod in its first seconds."""
    url = {"secretKeyRef": {"name": "shop-db", "key": "url"}}
    source = deployment()
    (container, _) = source["spec"]["template"]["spec"]["containers"]
    container["env"] = [{"name": "A", "value": "1"}, {"name": "DATABASE_URL", "valueFrom": url}]
    database = {"spec": {"template": {"spec": {"containers": [{"image": "postgres:17"}]}}}}
    body = job(
        APP, "shop-run-1", source, ["true"], database=database, attached=False, terminal=False
    )
    wait, prepare = body["spec"]["template"]["spec"]["initContainers"]
    assert (wait["image"], wait["env"]) == ("postgres:17", [{"name": "URL", "valueFrom": url}])
    assert wait["resources"] == container["resources"]
    assert prepare["name"] == "prepare"


def test_an_abandoned_command_ends_and_is_deleted() -> None:
    body = job(APP, "shop-run-1", deployment(), ["true"], attached=False, terminal=False)
    spec = body["spec"]
    assert (spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (86400, 86400)
    assert spec["backoffLimit"] == 0


@pytest.mark.parametrize("app", ["shop", "s" * 63])
def test_a_name_is_a_label(app: str) -> None:
    names = {run_name(app) for _ in range(20)}
    assert len(names) == 20
    assert max(map(len, names)) <= 63


def test_the_policy_has_the_applications_egress_and_lets_nobody_in() -> None:
    owner = {"metadata": {"name": "shop-run-1", "uid": "1"}}
    assert network_policy(APP, owner, POLICY)["spec"] == {
        "podSelector": {"matchLabels": {**SHOP, "app.kubernetes.io/name": "shop-run-1"}},
        "policyTypes": ["Ingress", "Egress"],
        "egress": EGRESS,
    }
    assert network_policy(APP, owner, None)["spec"]["policyTypes"] == ["Ingress"]


@pytest.fixture
def pages() -> Pages:
    ended = pod("shop-run-1-x", phase="Failed", container={"state": FAILED})
    return {DEPLOYMENT: deployment(), f"{POLICIES}/shop": POLICY, PODS: [ended]}


@pytest.fixture
def written() -> list[tuple[str, str, Any]]:
    return []


@pytest.fixture
def stack(
    clone: Path,
    pulumi: FakePulumi,
    pages: Pages,
    written: list[tuple[str, str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    monkeypatch.setattr(run, "PAUSE", 0.01)
    monkeypatch.setattr(run, "run_name", lambda app: f"{app}-run-1")
    handlers = {number: signal.getsignal(number) for number in run.STOPPING}
    with stack_with(pages, clone, pulumi, written=written) as folder:
        yield folder
    for number, handler in handlers.items():
        signal.signal(number, handler)


def start(stack: Path, *options: str, command: str = "shop migrate") -> int:
    arguments = ["--stack=dev", "--app=shop", f"--command={command}", *options]
    return run.main(arguments, stack)


def attaching(pages: Pages, monkeypatch: pytest.MonkeyPatch, *effects: Any) -> None:
    """The pod runs until it is attached; then each effect happens."""
    (ended,) = pages[PODS]
    pages[PODS] = [pod("shop-run-1-x")]

    def attach(*_: object, **__: object) -> None:
        pages[PODS] = [ended]
        for effect in effects:
            effect()

    monkeypatch.setattr(run, "attach", attach)


REQUESTS = [
    ("POST", JOBS),
    ("POST", POLICIES),
    ("PATCH", f"{JOBS}/shop-run-1"),
    ("DELETE", f"{JOBS}/shop-run-1"),
]


def test_the_exit_code_is_handed_on_and_the_pod_deleted(
    stack: Path,
    pages: Pages,
    written: list[tuple[str, str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The pod may only start once its policy is there, which goes with the Job."""
    attaching(pages, monkeypatch)
    assert start(stack) == 3
    assert [each[:2] for each in written] == REQUESTS
    job, policy, resumed, deleted = (each[2] for each in written)
    assert job["spec"]["suspend"] is True
    assert policy["metadata"]["ownerReferences"][0]["uid"] == "made"
    assert resumed == {"spec": {"suspend": False}}
    assert deleted == {"propagationPolicy": "Background"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_deletes_the_pod(
    stack: Path,
    pages: Pages,
    written: list[tuple[str, str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    attaching(pages, monkeypatch, lambda: signal.raise_signal(number))
    assert start(stack) == 130
    assert [each[:2] for each in written] == REQUESTS


def test_a_detached_command_goes_on(
    stack: Path, written: list[tuple[str, str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(stack, "--detach") == 0
    assert [each[:2] for each in written] == REQUESTS[:3]
    out = capsys.readouterr().out
    assert "make logs STACK=dev APP=shop RUN=shop-run-1 FOLLOW=1" in out
    assert "make run-stop STACK=dev APP=shop RUN=shop-run-1" in out


def test_a_command_that_ends_before_it_starts_is_told_with_the_reason(
    stack: Path,
    pages: Pages,
    written: list[tuple[str, str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(stack) == 1
    error = capsys.readouterr().err
    assert error.startswith("run: shop-run-1: the command did not start: Error, exit code 3, and")
    message = 'exec: "/bin/sh": stat /bin/sh: no such file or directory'
    (ended,) = pages[PODS]
    (status,) = ended["status"]["containerStatuses"]
    status["state"] = {"terminated": {"reason": "StartError", "exitCode": 128, "message": message}}
    assert start(stack) == 1
    assert "the image has no /bin/sh" in capsys.readouterr().err
    assert [each[0] for each in written].count("DELETE") == 2


def test_an_image_that_is_not_there_is_told_at_once(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    pages[PODS] = [pod("shop-run-1-x", phase="Pending", container={"state": waiting})]
    assert start(stack) == 1
    assert "did not start: ImagePullBackOff: no such image" in capsys.readouterr().err


def test_a_job_without_a_pod_tells_why(
    stack: Path, pages: Pages, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "START_SECONDS", 0)
    pages[PODS] = []
    pages["/api/v1/namespaces/web/events"] = [{"message": "exceeded quota"}]
    assert start(stack) == 1
    assert "did not start: exceeded quota" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "error"), [("echo 'it", "No closing quotation"), (" ", "must be a command")]
)
def test_a_command_that_is_none_is_refused(
    stack: Path,
    written: list[tuple[str, str, Any]],
    command: str,
    error: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(stack, command=command) == 1
    assert error in capsys.readouterr().err
    assert written == []


def test_an_application_without_a_deployment_is_told(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    del pages[DEPLOYMENT]
    assert start(stack) == 1
    assert "shop: it has no Deployment in the namespace web" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--detach"]])
def test_on_simulated_nodes_nothing_is_created(
    options: list[str],
    stack: Path,
    pages: Pages,
    written: list[tuple[str, str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages["/api/v1/nodes"] = [SIMULATED_NODE]
    assert start(stack, *options) == 1
    assert written == []
    assert capsys.readouterr().err == (
        "run: dev: its nodes are simulated and run no containers: no command can run. On nodes "
        "that do (sandbox/containers.md), `make e2e` tests this command\n"
    )


def test_other_nodes_may_run_containers(
    stack: Path, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages["/api/v1/nodes"] = [{"metadata": {"name": "n", "annotations": {"other": "fake"}}}]
    attaching(pages, monkeypatch)
    assert start(stack) == 3


def test_a_command_is_ended_by_its_name(
    stack: Path,
    pages: Pages,
    written: list[tuple[str, str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages[JOBS] = [{"metadata": {"name": "shop-run-1"}}]
    assert run_stop.main(["--stack=dev", "--app=shop", "--run=shop-run-2"], stack) == 1
    assert 'RUN: "shop-run-2": must be a command of shop: shop-run-1' in capsys.readouterr().err
    assert run_stop.main(["--stack=dev", "--app=shop", "--run=shop-run-1"], stack) == 0
    assert [each[:2] for each in written] == REQUESTS[3:]
