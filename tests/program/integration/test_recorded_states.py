"""Stacks that an earlier version of the program deployed, in the hands of today's.

`states/` has two stacks as commit d6e9129 left them on a sandbox: their settings, and their state
by `pulumi stack export` without times and source positions; the passphrase of their secrets is
`recorded`. Their clusters are no more. That does not matter: the plugins compare what the state
says with what the program wants (pulumi-kubernetes, provider/pkg/provider/provider.go: `Diff`).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.account import Sandbox
from tests.support.stack import Stack, copy_project

pytestmark = pytest.mark.integration

STATES = Path(__file__).parent / "states"
STASH = "pulumi:index:Stash"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
MEANT = {
    ("kubernetes:apps/v1:Deployment", "rickroller"): "update",
    ("kubernetes:apps/v1:StatefulSet", "rickroller-db"): "update",
    ("kubernetes:core/v1:LimitRange", "test"): "create",
    ("kubernetes:core/v1:Namespace", "ingress-nginx"): "update",
    ("kubernetes:core/v1:ResourceQuota", "test"): "create",
    ("kubernetes:helm.sh/v3:Release", "ingress-nginx"): "update",
    (POLICY, "ingress-nginx"): "create",
    (POLICY, "rickroller"): "update",
    (STASH, "autoscalers"): "create",
    (STASH, "cluster-workers"): "create",
    (STASH, "databases"): "create",
    (STASH, "nodepools"): "create",
    (STASH, "rickroller-db-rollout"): "create",
    (STASH, "rickroller-rollout"): "create",
}
"""What the program does otherwise by now, in each stack: kind and name to what the preview shows.

A `create` is an object that is new; nothing else than that and `update` may ever stand here.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("recorded"))


@pytest.mark.parametrize("name", ["nginx", "traefik"])
def test_a_stack_of_before_is_left_as_it_is(name: str, sandbox: Sandbox, folder: Path) -> None:
    environment = {**sandbox.environment, "PULUMI_CONFIG_PASSPHRASE": "recorded"}
    stack = Stack(name, folder, environment)
    shutil.copy(STATES / f"{name}.yaml", stack.file)
    stack("stack", "init")
    stack("stack", "import", "--file", str(STATES / f"{name}.json"))
    shown = {(step.kind, step.name): step.operation for step in stack.preview()}
    assert shown == MEANT
    assert set(MEANT.values()) <= {"create", "update"}


def test_the_record_of_nodepools_is_found_where_it_was(
    sandbox: Sandbox, folder: Path, tmp_path: Path
) -> None:
    """It had no parent, and is a part of the cluster by now."""
    environment = {**sandbox.environment, "PULUMI_CONFIG_PASSPHRASE": "recorded"}
    stack = Stack("record", folder, environment)
    shutil.copy(STATES / "nginx.yaml", stack.file)
    text = (STATES / "nginx.json").read_text()
    state = json.loads(text.replace("urn:pulumi:nginx::", "urn:pulumi:record::"))
    resources = state["deployment"]["resources"]
    record = {
        "urn": f"urn:pulumi:record::webapp::{STASH}::nodepools",
        "custom": True,
        "id": "nodepools",
        "type": STASH,
        "inputs": {"input": {}},
        "outputs": {"input": {}, "output": {}},
        "parent": resources[0]["urn"],
    }
    resources.append(record)
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state))
    stack("stack", "init")
    stack("stack", "import", "--file", str(file))
    shown = [step.operation for step in stack.preview() if step.name == "nodepools"]
    assert shown == ["update"]
