"""A volume that is not to be kept is deleted before the nodes, without which nobody deletes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from sandbox.paths import write_private
from sandbox.sks.layout import VOLUMES
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.stack import CLUSTER, NODEPOOL, Stack, copy_project
from tools.refreshed import main

pytestmark = pytest.mark.integration

NAMESPACE = "shop"


def settings(**database: Any) -> dict[str, Any]:
    """A stack of one node, and an application that nobody reaches, with this database."""
    return {
        "cluster": CLUSTER | {"csi": True, "nodepools": [NODEPOOL | {"size": 1}]},
        "apps": [
            {
                "name": NAMESPACE,
                "image": "example/shop:1",
                "database": {"storage": "1Gi", "keepData": False, **database},
            }
        ],
    }


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = copy_project(tmp_path_factory.mktemp("volumes") / "project")
    stack = Stack("volumes", folder, sandbox.environment)
    stack.configure(settings())
    stack("stack", "init")
    stack.up()
    yield stack
    if stack.resources():
        stack("destroy", "--yes", "--skip-preview", "--run-program")


def volume(stack: Stack, sandbox: Sandbox, folder: Path) -> Path:
    """The database's, as the account has it."""
    file = folder / "kubeconfig"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    kube = Kube(file, sandbox.environment)
    (claim,) = kube.list("persistentvolumeclaims", NAMESPACE)
    found = kube.get("persistentvolume", claim["spec"]["volumeName"])
    return sandbox.home / VOLUMES / str(found["spec"]["csi"]["volumeHandle"])


def test_destroy_leaves_no_volume(stack: Stack, sandbox: Sandbox, tmp_path: Path) -> None:
    """Pulumi refuses to destroy without the program; what `make` runs runs it."""
    place = volume(stack, sandbox, tmp_path)
    assert place.exists()
    refused = stack.run("destroy", "--yes", "--skip-preview")
    assert refused.returncode != 0
    assert "You must run with the `--run-program` flag" in refused.stdout + refused.stderr
    assert place.exists()

    with patch.dict(os.environ, stack.environment, clear=True):
        command = ["destroy", "--stack", stack.name, "--yes", "--skip-preview"]
        assert main(command, stack.folder) == 0
    assert not place.exists()
    assert stack.resources() == []
