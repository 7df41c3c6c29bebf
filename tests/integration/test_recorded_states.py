"""Stacks that an earlier version of the program deployed, in the hands of today's.

`states/` has two stacks as commit d6e9129 left them on a sandbox: their settings, and their state
by `pulumi stack export` without times and source positions; the passphrase of their secrets is
`recorded`. Their clusters are no more. That does not matter: the plugins compare what the state
says with what the program wants (pulumi-kubernetes, provider/pkg/provider/provider.go: `Diff`).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.account import Sandbox
from tests.integration.stack import Stack, copy_project

pytestmark = pytest.mark.integration

STATES = Path(__file__).parent / "states"
MEANT: dict[str, dict[tuple[str, str], str]] = {"nginx": {}, "traefik": {}}
"""What the program does otherwise by now, by stack: kind and name to what the preview shows.

A `create` is an object that is new; nothing else than that and `update` may ever stand here.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("recorded"))


@pytest.mark.parametrize("name", MEANT)
def test_a_stack_of_before_is_left_as_it_is(name: str, sandbox: Sandbox, folder: Path) -> None:
    environment = {**sandbox.environment, "PULUMI_CONFIG_PASSPHRASE": "recorded"}
    stack = Stack(name, folder, environment)
    shutil.copy(STATES / f"{name}.yaml", stack.file)
    stack("stack", "init")
    stack("stack", "import", "--file", str(STATES / f"{name}.json"))
    shown = {(step.kind, step.name): step.operation for step in stack.preview()}
    assert shown == MEANT[name]
    assert set(MEANT[name].values()) <= {"create", "update"}
