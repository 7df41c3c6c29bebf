"""Applications of a stack on a cluster that is there already: pods, configuration, scaling."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.program.manifests import GUESTBOOK
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack, Step, copy_project

pytestmark = [pytest.mark.integration, pytest.mark.slow]

NAMESPACE = "shop"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SMALL = {"requests": {"cpu": "5m", "memory": "8Mi"}, "limits": {"memory": "16Mi"}}
LOGS = {"volume": "shared-logs", "path": "/var/log/nginx"}
WITH_SHELL = {
    "name": "rickroller",
    "namespace": NAMESPACE,
    "image": "derlin/rickroller:1.0.0",
    "sidecars": [
        {
            "name": "sh",
            "image": "busybox:1.37",
            "native": False,
            "command": ["sh", "-c", "while true; do sleep 10; done"],
        }
    ],
}
WITH_LOGS = {
    "name": "example",
    "namespace": NAMESPACE,
    "image": "nginx:1.29",
    "port": 80,
    "security": {"runAsUser": 101, "writablePaths": ["/tmp", "/run", "/var/cache/nginx"]},
    "volumes": [{"name": "shared-logs"}],
    "mounts": [LOGS],
    "config": {"filesFrom": {"/usr/share/nginx/html/logo.png": "logo.png"}},
    "sidecars": [
        {
            "name": "sidecar",
            "image": "busybox:1.37",
            "command": ["sh", "-c"],
            "args": ["touch /var/log/nginx/access.log; tail -F /var/log/nginx/access.log"],
            "mounts": [LOGS],
        }
    ],
}
"""The tutorial's two examples of sidecars, one with a file."""

LOGO = bytes(range(256)) * 1024
"""More than all settings may have together, and no text."""

WEB = {
    "name": "web",
    "image": "example/web:1",
    "replicas": 3,
    "resources": SMALL,
    "rollout": {"progressDeadlineSeconds": 5, "timeoutSeconds": 30},
    "config": {"environment": {"COLOR": "red"}, "files": {"/etc/web/web.conf": "color=red"}},
    "environment": {"HOST": "db", "API_URL": "http://$(HOST)/"},
    "sidecars": [
        {
            "name": "metrics",
            "image": "example/metrics:1",
            "resources": SMALL,
            "environment": {"PORT": "9100", "ADDRESS": ":$(PORT)"},
        }
    ],
    "initContainers": [
        {
            "name": "first",
            "image": "example/first:1",
            "resources": SMALL,
            "environment": {"USER": "app", "HOME": "/home/$(USER)"},
        }
    ],
    "beforeRollout": {"command": ["migrate"]},
}
APP = "apps[2]"


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, cluster_kubeconfig: Path) -> Kube:
    return Kube(cluster_kubeconfig, sandbox.environment)


@pytest.fixture(scope="module")
def settings(cluster_kubeconfig: Path) -> dict[str, Any]:
    return {
        "existingCluster": {"kubeconfig": str(cluster_kubeconfig)},
        "namespaces": [
            {
                "name": NAMESPACE,
                "quota": {"requests": {"cpu": 2, "memory": "2Gi"}, "pods": 20},
                "defaults": {"requests": {"cpu": "10m"}, "limits": {"memory": "64Mi"}},
            }
        ],
        "apps": [WITH_SHELL, WITH_LOGS, WEB, *GUESTBOOK],
    }


@pytest.fixture(scope="module")
def stack(
    sandbox: Sandbox, settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The applications, deployed."""
    project = copy_project(tmp_path_factory.mktemp("apps"))
    (project / "logo.png").write_bytes(LOGO)
    stack = Stack("apps", project, sandbox.environment)
    stack.configure(settings)
    stack("stack", "init")
    secret = f"{APP}.secrets.environment.TOKEN"
    stack("config", "set", "--secret", "--path", secret, "t0ken-in-clear")
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")


def pods(kube: Kube, app: str, namespace: str) -> list[dict[str, Any]]:
    """The pods that serve an application and are not about to end."""
    return [
        pod
        for pod in kube.list("pods", namespace)
        if pod["metadata"]["labels"].get("app.kubernetes.io/name") == app
        and "deletionTimestamp" not in pod["metadata"]
    ]


def ready(kube: Kube) -> int:
    """The number of pods that get requests."""
    (endpoints,) = kube.list("endpointslices", "web")
    return sum(each["conditions"]["ready"] for each in endpoints["endpoints"] or [])


def test_the_tutorials_two_examples_of_sidecars(stack: Stack, kube: Kube) -> None:
    (pod,) = pods(kube, "rickroller", NAMESPACE)
    running = {each["name"] for each in pod["status"]["containerStatuses"] if each["ready"]}
    assert running == {"rickroller", "sh"}

    (pod,) = pods(kube, "example", NAMESPACE)
    (native,) = pod["spec"]["initContainers"]
    assert (native["name"], native["restartPolicy"]) == ("sidecar", "Always")
    (application,) = pod["spec"]["containers"]
    for container in (native, application):
        shared = [m for m in container["volumeMounts"] if m["name"] == "shared-logs"]
        assert [mount["mountPath"] for mount in shared] == ["/var/log/nginx"]
    assert {each["ready"] for each in pod["status"]["initContainerStatuses"]} == {True}
    stack("preview", "--expect-no-changes")


def test_two_applications_share_a_namespace_with_its_bounds(stack: Stack, kube: Kube) -> None:
    namespaces = [r for r in stack.resources() if r["type"] == "kubernetes:core/v1:Namespace"]
    assert sorted(r["outputs"]["metadata"]["name"] for r in namespaces) == [
        "guestbook",
        NAMESPACE,
        "web",
    ]
    quota = kube.get("resourcequota", NAMESPACE, NAMESPACE)
    assert quota["status"]["used"]["pods"] == "2"
    (limit,) = kube.get("limitrange", NAMESPACE, NAMESPACE)["spec"]["limits"]
    assert limit["default"] == {"memory": "64Mi"}
    account = kube.get("serviceaccount", "rickroller", NAMESPACE)
    assert account["automountServiceAccountToken"] is False
    assert kube.names("networkpolicies", NAMESPACE) == {"rickroller", "example"}


def test_a_file_by_its_path_is_whole_in_the_pod(stack: Stack, kube: Kube) -> None:
    (pod,) = pods(kube, "example", NAMESPACE)
    (name,) = (
        volume["configMap"]["name"]
        for volume in pod["spec"]["volumes"]
        if volume["name"] == "config-files"
    )
    binary = kube.get("configmap", name, NAMESPACE)["binaryData"]
    assert base64.b64decode(binary["usr_share_nginx_html_logo.png"]) == LOGO


def test_the_guestbook_has_redis_on_its_own_port(stack: Stack, kube: Kube) -> None:
    services = {
        each["metadata"]["name"]: each["spec"] for each in kube.list("services", "guestbook")
    }
    ports = {name: [port["port"] for port in spec["ports"]] for name, spec in services.items()}
    assert ports == {"redis-leader": [6379], "redis-replica": [6379], "frontend": [80]}
    slices = kube.list("endpointslices", "guestbook")
    served = {each["metadata"]["labels"]["kubernetes.io/service-name"]: each for each in slices}
    for name, pods_of in (("redis-leader", 1), ("redis-replica", 1), ("frontend", 3)):
        assert [port["port"] for port in served[name]["ports"]] == ports[name]
        assert sum(each["conditions"]["ready"] for each in served[name]["endpoints"]) == pods_of


def test_the_api_server_refuses_pods_that_may_do_more(stack: Stack, kube: Kube) -> None:
    command = ("kubectl", "run", "root", "--image=busybox", "--namespace=web", "--dry-run=server")
    refused = subprocess.run(
        command,
        env={**kube.environment, "KUBECONFIG": str(kube.kubeconfig)},
        capture_output=True,
        text=True,
    )
    assert refused.returncode != 0
    assert 'violates PodSecurity "restricted:latest"' in refused.stderr


def test_configuration_reaches_the_pods_and_secrets_nobody_else(stack: Stack, kube: Kube) -> None:
    first, *_ = pods(kube, "web", "web")
    (container,) = first["spec"]["containers"]
    config, hidden = (next(iter(each.values()))["name"] for each in container["envFrom"])
    assert kube.get("configmap", config, "web")["data"] == {"COLOR": "red"}
    token = kube.get("secret", hidden, "web")["data"]["TOKEN"]
    assert base64.b64decode(token) == b"t0ken-in-clear"
    assert {"/tmp", "/etc/web/web.conf"} == {m["mountPath"] for m in container["volumeMounts"]}
    (job,) = kube.list("jobs", "web")
    assert job["status"]["succeeded"] == 1

    stack("preview", "--diff", "--show-sames")
    texts = [*stack.transcript, stack.file.read_text(), json.dumps(stack.resources())]
    assert not any("t0ken-in-clear" in text or token in text for text in texts)


def variables(pod: dict[str, Any]) -> dict[str, list[str]]:
    """The names of each container's variables, in the order in which Kubernetes expands them."""
    spec = pod["spec"]
    return {
        container["name"]: [each["name"] for each in container["env"]]
        for container in (*spec.get("initContainers", ()), *spec["containers"])
    }


def test_variables_have_the_order_of_the_file(stack: Stack, kube: Kube) -> None:
    (job,) = kube.list("jobs", "web")
    assert variables(job["spec"]["template"]) == {"web": ["HOST", "API_URL"]}
    assert [variables(pod) for pod in pods(kube, "web", "web")] == 3 * [
        {"metrics": ["PORT", "ADDRESS"], "first": ["USER", "HOME"], "web": ["HOST", "API_URL"]}
    ]

    written = stack.file.read_text()
    document = yaml.safe_load(written)
    (app,) = (each for each in document["config"]["webapp:apps"] if each["name"] == "web")
    app["environment"] = dict(reversed(app["environment"].items()))
    stack.file.write_text(yaml.safe_dump(document, sort_keys=False))
    warning = f"{APP}.environment.API_URL: $(HOST) is not expanded: it is defined later"
    assert warning in stack("preview")
    stack.up()
    assert variables(pods(kube, "web", "web")[0])["web"] == ["API_URL", "HOST"]
    stack("preview", "--refresh", "--expect-no-changes")
    stack.file.write_text(written)
    stack.up()


def test_a_change_of_configuration_rolls_the_pods_without_downtime(
    stack: Stack, kube: Kube
) -> None:
    before = {pod["metadata"]["name"] for pod in pods(kube, "web", "web")}
    replica_sets = kube.names("replicasets", "web")
    stack.set(f"{APP}.config.environment.COLOR", "blue")
    steps = stack.preview()
    assert [(step.operation, step.kind.rpartition(":")[2]) for step in steps] == [
        ("replace", "ConfigMap"),
        ("replace", "Job"),
        ("update", "Deployment"),
        ("update", "Stash"),
    ]

    lowest, done = [ready(kube)], threading.Event()

    def watch() -> None:
        while not done.is_set():
            lowest.append(ready(kube))

    watching = threading.Thread(target=watch)
    watching.start()
    stack.up()
    done.set()
    watching.join()
    assert min(lowest) >= 3
    now = eventually(lambda: [each for each in pods(kube, "web", "web") if len(each)])
    assert before.isdisjoint(each["metadata"]["name"] for each in now)
    assert set(stack.up()) <= {"same", "read"}
    assert len(kube.names("replicasets", "web") - replica_sets) == 1


def test_an_upgrade_that_does_not_become_ready_leaves_the_old_pods(
    stack: Stack, kube: Kube
) -> None:
    before = {pod["metadata"]["name"] for pod in pods(kube, "web", "web")}
    stack.set(f"{APP}.image", "registry.invalid/web:2")
    stack("config", "rm", "--path", f"{APP}.beforeRollout")
    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.returncode != 0
    assert "failed to pull image" in failed.stdout, failed.stdout
    assert "lookup registry.invalid: no such host" in failed.stdout
    assert "registry.invalid/web:2" in failed.stdout
    assert ready(kube) == 3
    assert before <= {pod["metadata"]["name"] for pod in pods(kube, "web", "web")}

    stack.set(f"{APP}.image", "example/web:1")
    stack.up()
    assert {pod["metadata"]["name"] for pod in pods(kube, "web", "web")} == before


def test_a_failing_job_stops_an_upgrade_before_it(stack: Stack, kube: Kube) -> None:
    before = {pod["metadata"]["name"] for pod in pods(kube, "web", "web")}
    stack.set(f"{APP}.image", "example/web:2")
    document = yaml.safe_load(stack.file.read_text())
    document["config"]["webapp:apps"][2]["beforeRollout"] = {"command": ["false"]}
    stack.file.write_text(yaml.safe_dump(document))
    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.returncode != 0
    assert "web-before-rollout" in failed.stdout
    assert {pod["metadata"]["name"] for pod in pods(kube, "web", "web")} == before

    stack("config", "rm", "--path", f"{APP}.beforeRollout")
    stack.up()
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(kube, "web", "web")} == {
        "example/web:2"
    }


def test_a_quota_that_no_new_pod_fits_is_taken_out_again(stack: Stack, kube: Kube) -> None:
    """The failed `up` leaves a Deployment that the next one waits for: the quota goes before."""
    document = yaml.safe_load(stack.file.read_text())
    web = document["config"]["webapp:apps"][2]
    web["image"] = "example/web:3"
    web.pop("beforeRollout", None)
    web["rollout"] = {"progressDeadlineSeconds": 5, "timeoutSeconds": 10}
    document["config"]["webapp:namespaces"].append({"name": "web", "quota": {"pods": 3}})
    stack.file.write_text(yaml.safe_dump(document))
    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.returncode != 0
    assert ready(kube) == 3

    document["config"]["webapp:namespaces"].pop()
    web["rollout"]["timeoutSeconds"] = 120
    stack.file.write_text(yaml.safe_dump(document))
    stack.up()
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(kube, "web", "web")} == {
        "example/web:3"
    }
    assert "hard" not in kube.get("resourcequota", "web", "web")["spec"]
    stack("preview", "--refresh", "--expect-no-changes")


def test_to_a_hundred_pods_and_to_none(stack: Stack, kube: Kube) -> None:
    stack.set(f"{APP}.replicas", "100")
    assert stack.preview() == [
        Step("update", DEPLOYMENT, "web", {"spec.replicas": "update"}),
        Step("update", "pulumi:index:Stash", "web-rollout"),
    ]
    stack.up()
    assert ready(kube) == 100
    nodes = [pod["spec"]["nodeName"] for pod in pods(kube, "web", "web")]
    assert all(abs(nodes.count(node) - 50) <= 5 for node in kube.names("nodes"))
    assert kube.get("poddisruptionbudget", "web", "web")["status"]["disruptionsAllowed"] == 1

    stack.set(f"{APP}.replicas", "0")
    stack.up()
    eventually(lambda: not pods(kube, "web", "web"))
    assert kube.names("poddisruptionbudgets", "web") == set()


def test_an_autoscalers_number_of_pods_is_left_alone(stack: Stack, kube: Kube) -> None:
    stack("config", "rm", "--path", f"{APP}.replicas")
    for key, value in (("min", 2), ("max", 9), ("cpu", 80)):
        stack.set(f"{APP}.autoscaler.{key}", str(value))
    stack.up()
    kube.run("kubectl", "scale", "deployment/web", "--replicas=5", "--namespace=web")
    stack("preview", "--expect-no-changes")
    stack.set(f"{APP}.environment.GREETING", "hello")
    changed = {"spec.template.spec.containers[0].env[2]": "add"}
    steps = [step for step in stack.preview() if step.kind == DEPLOYMENT]
    assert steps == [Step("update", DEPLOYMENT, "web", changed)]
    stack.up()
    assert kube.get("deployment", "web", "web")["spec"]["replicas"] == 5
    scaler = kube.get("horizontalpodautoscaler", "web", "web")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 9)


def scaled(kube: Kube) -> int | None:
    """The number of pods, once the autoscaler's controller has set it; None until then."""
    command = "kubectl get deployment web --namespace=web --show-managed-fields --output=json"
    found = json.loads(kube.run(*command.split()))
    owners = {
        field["manager"]
        for field in found["metadata"]["managedFields"]
        if "f:replicas" in field["fieldsV1"].get("f:spec", {})
    }
    number: int = found["spec"]["replicas"]
    return number if owners == {"kube-controller-manager"} else None


def test_from_an_autoscaler_back_to_replicas_and_there_again(stack: Stack, kube: Kube) -> None:
    """Its controller owns the number by then, and scales until it is deleted."""
    scaler = yaml.safe_load(stack.file.read_text())["config"]["webapp:apps"][2]["autoscaler"]
    for replicas in (1, 1):
        kube.run("kubectl", "scale", "deployment/web", "--replicas=10", "--namespace=web")
        eventually(lambda: scaled(kube) == scaler["max"])
        stack("config", "rm", "--path", f"{APP}.autoscaler")
        stack.set(f"{APP}.replicas", str(replicas))
        assert f"web/web: replicas: {replicas}, instead of" in stack("preview")
        stack.up()
        assert kube.get("deployment", "web", "web")["spec"]["replicas"] == replicas
        assert ready(kube) == replicas
        assert kube.names("horizontalpodautoscalers", "web") == set()
        stack("preview", "--refresh", "--expect-no-changes")

        stack("config", "rm", "--path", f"{APP}.replicas")
        for key, value in scaler.items():
            stack.set(f"{APP}.autoscaler.{key}", str(value))
        stack.up()
        assert kube.names("horizontalpodautoscalers", "web") == {"web"}
        stack("preview", "--refresh", "--expect-no-changes")


def test_another_selector_is_shown_as_a_replacement(stack: Stack) -> None:
    before = stack.file.read_text()
    stack.set(f"{APP}.selector.app", "web")
    steps = [step for step in stack.preview() if step.kind == DEPLOYMENT]
    stack.file.write_text(before)
    assert "replace" in {step.operation for step in steps}
