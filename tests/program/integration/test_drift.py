"""What is changed by hand is found, each change and nothing else, and put back.

It runs with the plugins that the sandbox has: the official Kubernetes plugin, and the Exoscale
plugin that a line of `sandbox up` names.
"""

from __future__ import annotations

import copy
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from sandbox.paths import write_private
from tests.program.integration.cluster_stack import Objects
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import APP, CLUSTER, TUTORIAL, Stack, copy_project
from tools.drift import DRIFT, FAILED, NONE, main

pytestmark = [pytest.mark.integration, pytest.mark.slow]

QUOTA = {"pods": 50, "requests": {"cpu": "4", "memory": "4Gi"}, "limits": {"memory": "8Gi"}}
DEFAULTS = {
    "requests": {"cpu": "10m", "memory": "32Mi"},
    "limits": {"memory": "64Mi"},
}
SCALED = {
    "name": "scaled",
    "namespace": "scaled",
    "image": "example/web:1",
    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
    "autoscaler": {"min": 1, "max": 4, "cpu": 80},
    "service": "LoadBalancer",
}
SSH = {"name": "ssh", "ports": 22, "sources": ["198.51.100.0/24"]}
TOKEN, OTHER_TOKEN = "t0ken-nobody-may-see", "0ther-nobody-may-see"

IN_TEST = ("kubectl", "--namespace", "test")
PORT = '[{"op": "replace", "path": "/spec/ports/0/port", "value": 81}]'
PATH = '[{"op": "replace", "path": "/spec/rules/0/http/paths/0/path", "value": "/else"}]'
CONTAINER = "spec.template.spec.containers[0]"
POD_SECURITY = "pod-security.kubernetes.io/enforce"


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An application with a worker and a schedule, and one that is scaled by Kubernetes and has a
    load balancer."""
    folder = copy_project(tmp_path_factory.mktemp("drift") / "project")
    stack = Stack("drift", folder, sandbox.environment)
    app = copy.deepcopy(APP) | {
        "config": {"environment": {"WORKERS": 2}},
        "networkPolicy": {"from": [{"network": "192.0.2.0/24"}]},
        "workers": [{"name": "mail", "command": ["mail"]}],
        "schedules": [{"name": "night", "schedule": "0 3 * * *", "command": ["clean"]}],
    }
    stack.configure(
        {
            **TUTORIAL,
            "cluster": CLUSTER | {"labels": {"team": "shop"}, "firewallRules": [SSH]},
            "namespaces": [{"name": "test", "quota": QUOTA, "defaults": DEFAULTS}],
            "apps": [app, SCALED],
        }
    )
    stack("stack", "init")
    stack("config", "set", "--secret", "--path", "apps[0].secrets.environment.TOKEN", TOKEN)
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def kube(stack: Stack, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    file = tmp_path_factory.mktemp("drift") / "kubeconfig"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, sandbox.environment)


@pytest.fixture(scope="module")
def reader(sandbox: Sandbox) -> dict[str, str]:
    """The environment with a key that may look, and change nothing."""
    return sandbox.environment_of("preview")


def checked(stack: Stack, environment: dict[str, str], out: Path) -> tuple[int, str]:
    """The exit code of a check, and its report, if there is one."""
    with patch.dict(os.environ, environment, clear=True):
        code = main([f"--out={out}", stack.name], stack.folder)
    file = out / f"{stack.name}.md"
    return code, file.read_text() if file.exists() else ""


def rows(report: str) -> set[tuple[str, ...]]:
    """The rows of the report's table."""
    lines = [line.split(" | ") for line in report.splitlines() if line.startswith("| ")]
    return {tuple(cell.strip(" |`") for cell in line) for line in lines[1:]}


def test_what_controllers_write_back_is_no_drift(
    stack: Stack, kube: Kube, reader: dict[str, str], tmp_path: Path
) -> None:
    """The load balancers' IDs and addresses, the autoscaler's replicas, all that is a default."""

    def written() -> bool:
        service = kube.get("service", "scaled", "scaled")
        annotations = service["metadata"]["annotations"]
        return (
            "service.beta.kubernetes.io/exoscale-loadbalancer-id" in annotations
            and "ingress" in service["status"]["loadBalancer"]
        )

    eventually(written)
    kube.run("kubectl", "--namespace", "scaled", "scale", "deployment/scaled", "--replicas=3")
    assert checked(stack, reader, tmp_path) == (NONE, "")


def test_each_change_by_hand_is_found_and_put_back(
    stack: Stack, kube: Kube, sandbox: Sandbox, reader: dict[str, str], tmp_path: Path
) -> None:
    (ingress,), (config,), (secret,) = (
        [name for name in kube.names(kind, "test") if name.startswith(prefix)]
        for kind, prefix in (
            ("ingress", "rickroller"),
            ("configmap", "rickroller-config"),
            ("secret", "rickroller-secrets"),
        )
    )
    for command in (
        ("scale", "deployment/rickroller", "--replicas=5"),
        ("scale", "deployment/rickroller-mail", "--replicas=2"),
        ("patch", "cronjob", "rickroller-night", "--patch", '{"spec": {"suspend": true}}'),
        ("set", "image", "deployment/rickroller", "rickroller=example/other:2"),
        ("set", "env", "deployment/rickroller", "BEHIND_PROXY=false"),
        ("delete", "service", "rickroller"),
        ("delete", "networkpolicy", "rickroller"),
        ("patch", "ingress", ingress, "--type=json", "--patch", PATH),
        ("patch", "configmap", config, "--patch", '{"data": {"WORKERS": "9"}}'),
        ("patch", "secret", secret, "--patch", f'{{"stringData": {{"TOKEN": "{OTHER_TOKEN}"}}}}'),
        ("patch", "quota", "test", "--patch", '{"spec": {"hard": {"pods": "500"}}}'),
        ("label", "namespace", "test", f"{POD_SECURITY}-"),
    ):
        kube.run(*IN_TEST, *command)
    objects = Objects(stack, sandbox)
    cluster, pool = objects.identities(SksCluster="", SksNodepool="-workers")
    group, rule = objects.identities(SecurityGroup="", SecurityGroupRule="-ssh-198.51.100.0/24")
    client, labels = sandbox.client, objects.cluster()["labels"] | {"team": "other"}
    for operation in (
        client.update_sks_cluster(id=cluster, labels=labels),
        client.scale_sks_nodepool(id=cluster, sks_nodepool_id=pool, size=3),
        client.delete_rule_from_security_group(id=group, rule_id=rule),
    ):
        sandbox.done(operation)
    stack.set("apps[1].image", "example/web:2")

    before = stack.resources()
    code, report = checked(stack, reader, tmp_path)
    assert code == DRIFT
    deployment = "Deployment test/rickroller"
    assert rows(report) == {
        (deployment, "spec.replicas", "3", "5"),
        ("Deployment test/rickroller-mail", "spec.replicas", "1", "2"),
        ("CronJob test/rickroller-night", "spec.suspend", "false", "true"),
        (deployment, f"{CONTAINER}.image", '"derlin/rickroller:latest"', '"example/other:2"'),
        (deployment, f"{CONTAINER}.env[1].value", '"true"', '"false"'),
        ("Service test/rickroller", "", "exists", "deleted"),
        ("NetworkPolicy test/rickroller", "", "exists", "deleted"),
        (
            f"Ingress test/{ingress}",
            "spec.rules[0].http.paths[0].path",
            r'"/rickroller(/\|$)(.*)"',
            '"/else"',
        ),
        (f"ConfigMap test/{config}", "data.WORKERS", '"2"', '"9"'),
        (f"Secret test/{secret}", "data.TOKEN", '"[secret]"', '"[secret]"'),
        ("ResourceQuota test/test", "spec.hard.pods", '"50"', '"500"'),
        ("Namespace test", f'metadata.labels["{POD_SECURITY}"]', '"restricted"', ""),
        ("SksCluster cluster", "labels.team", '"shop"', '"other"'),
        ("SksNodepool cluster-workers", "size", "2", "3"),
        ("SecurityGroupRule cluster-ssh-198.51.100.0/24", "", "exists", "deleted"),
    }
    waiting = [line for line in report.splitlines() if line.startswith("- ")]
    assert waiting == [
        f"- update Deployment scaled/scaled `{CONTAINER}.image`",
        "- update Stash scaled-rollout `input`",
    ]
    assert not [token for token in (TOKEN, OTHER_TOKEN) if token in report]
    assert stack.resources() == before

    stack.with_force.up("--refresh")
    assert checked(stack, reader, tmp_path) == (NONE, "")


def test_a_port_that_was_changed_by_hand_is_found_and_put_back(
    stack: Stack, kube: Kube, sandbox: Sandbox, reader: dict[str, str], tmp_path: Path
) -> None:
    """The API server refuses it on trial, beside what kubectl owns; other changes are found too."""
    for command in (
        ("patch", "service", "rickroller", "--type=json", "--patch", PORT),
        ("scale", "deployment/rickroller", "--replicas=5"),
    ):
        kube.run(*IN_TEST, *command)
    refused = stack.with_force.run("up", "--yes", "--refresh")
    assert "spec.ports[0].name: Required value" in refused.stdout + refused.stderr

    code, report = checked(stack, reader, tmp_path)
    assert code == DRIFT
    assert rows(report) == {
        ("Service test/rickroller", "spec.ports[0].port", "80", "81"),
        ("Deployment test/rickroller", "spec.replicas", "3", "5"),
    }
    (way_back,) = [line for line in report.splitlines() if line.startswith("PULUMI_K8S")]
    assert way_back.endswith("pulumi up --refresh --skip-preview --stack drift")
    subprocess.run(
        ["bash", "-c", f"{way_back} --yes"], cwd=stack.folder, env=stack.environment, check=True
    )
    (port,) = kube.get("service", "rickroller", "test")["spec"]["ports"]
    assert port["port"] == 80
    assert checked(stack, reader, tmp_path) == (NONE, "")


def test_a_check_that_fails_says_why(stack: Stack, reader: dict[str, str], tmp_path: Path) -> None:
    wrong = reader | {"EXOSCALE_API_SECRET": "wrong"}
    code, report = checked(stack, wrong, tmp_path)
    assert code == FAILED
    assert report.startswith("# drift: the check for drift failed\n")
    assert "invalid request signature" in report
