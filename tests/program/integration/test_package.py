"""The components as a package: built, installed into an environment of its own, and used by the
programs of its page on the sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.paths import ROOT
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

PAGE = ROOT / "docs" / "components.md"
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PINNED = ROOT / "requirements.in"
CHART = ROOT / "sandbox" / "charts" / "ingress-nginx"
PROJECT = "name: shop\nruntime: python\n"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> dict[str, str]:
    """The sandbox's environment, with a virtual environment that has the package alone."""
    folder = tmp_path_factory.mktemp("environment")
    wheels, own = folder / "wheels", folder / "venv"
    python = own / "bin" / "python"
    for command in (
        (
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            f"--wheel-dir={wheels}",
            ROOT,
        ),
        (sys.executable, "-m", "venv", own),
    ):
        subprocess.run(command, check=True)
    (wheel,) = wheels.glob("exoscale_webapp-*.whl")
    pip = (python, "-m", "pip", "install", "--quiet", f"--constraint={PINNED}", wheel)
    subprocess.run(pip, check=True)
    path = os.pathsep.join([str(own / "bin"), sandbox.environment["PATH"]])
    return {**sandbox.environment, "PATH": path, "VIRTUAL_ENV": str(own)}


def stack(name: str, program: str, folder: Path, environment: dict[str, str]) -> Stack:
    """A new stack of a project that is the program alone."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "__main__.py").write_text(program)
    made = Stack(name, folder, environment)
    made("stack", "init")
    return made


@pytest.fixture
def two_zones(tmp_path: Path, environment: dict[str, str], sandbox: Sandbox) -> Iterator[Stack]:
    (program,) = PROGRAM.findall(PAGE.read_text())
    before = sandbox.holds()
    made = stack("zones", program, tmp_path / "project", environment)
    made("config", "set", "chart", str(CHART))
    made.set("clients[0]", "203.0.113.0/24")
    yield made
    made("destroy", "--yes", "--skip-preview", "--run-program")
    made("stack", "rm", "--yes")
    assert sandbox.holds() == before


def test_two_clusters_in_two_zones(two_zones: Stack, tmp_path: Path) -> None:
    assert set(two_zones.up()) == {"create"}
    assert set(two_zones.up()) == {"same", "read"}
    outputs = two_zones.outputs(secrets=True)
    for zone in ("ch-gva-2", "de-fra-1"):
        kubeconfig = tmp_path / zone
        kubeconfig.write_text(outputs[f"{zone}_kubeconfig"])
        kube = Kube(kubeconfig, two_zones.environment)
        (deployment,) = kube.list("deployments", f"shop-{zone}")
        assert deployment["status"]["readyReplicas"] == 2
        (ingress,) = kube.list("ingresses", f"shop-{zone}")
        assert [rule["host"] for rule in ingress["spec"]["rules"]] == [f"{zone}.shop.example.com"]
        assert outputs[f"{zone}_address"]
