"""Settings that declare one object twice, on the real engine: nothing is created."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.account import Sandbox
from tests.support.stack import Stack, copy_project

pytestmark = pytest.mark.integration

APP = {"namespace": "all", "image": "example/web:1"}
LINE = (
    "NetworkPolicy all/web-db and Service all/web-db: declared by Database web-db of WebApp web "
    "and by WebApp web-db: give one of the two another name"
)


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes", "--skip-preview")])
def test_nothing_is_created(command: tuple[str, ...], sandbox: Sandbox, tmp_path: Path) -> None:
    stack = Stack("collisions", copy_project(tmp_path / "project"), sandbox.environment)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("kind: Config\n")
    database = {"storageClass": "local-path"}
    stack.configure(
        {
            "existingCluster": {"kubeconfig": str(kubeconfig)},
            "ingress": {"existing": {"address": "192.0.2.1"}},
            "apps": [{**APP, "name": "web", "database": database}, {**APP, "name": "web-db"}],
        }
    )
    stack("stack", "init")
    assert LINE in stack.refused(*command)
    assert {each["type"] for each in stack.resources()} <= {"pulumi:pulumi:Stack"}
    stack("stack", "rm", "--yes", "--force")
