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
COMMANDS = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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


DOCKER = """#!/bin/sh -e
for argument in "$@"; do
  case "$argument" in
    --metadata-file=*) file="${argument#--metadata-file=}" ;;
    *) folder="$argument" ;;
  esac
done
digest=$(cat "$folder"/* | sha256sum | cut -d ' ' -f 1)
printf '{"containerimage.digest": "sha256:%s"}' "$digest" > "$file"
"""
"""Instead of `docker buildx build`. It pushes nothing, because simulated nodes pull nothing."""


def stack(name: str, program: str, folder: Path, environment: dict[str, str]) -> Stack:
    """A new stack of a project that is the program alone."""
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "__main__.py").write_text(program)
    made = Stack(name, folder, environment)
    made("stack", "init")
    return made


def deployed(
    name: str, heading: str, folder: Path, environment: dict[str, str], sandbox: Sandbox
) -> Iterator[Stack]:
    """A stack of the program below a heading, configured by the commands there."""
    section = PAGE.read_text().partition(f"{heading}\n")[2].partition("\n## ")[0]
    (program,), (commands,) = PROGRAM.findall(section), COMMANDS.findall(section)
    before = sandbox.holds()
    made = stack(name, program, folder / "project", environment)
    made("config", "set", "chart", str(CHART))
    subprocess.run(
        ["sh", "-ec", commands],
        cwd=made.folder,
        env={**environment, "PULUMI_STACK": name},
        check=True,
    )
    yield made
    made("destroy", "--yes", "--skip-preview", "--run-program")
    made("stack", "rm", "--yes")
    assert sandbox.holds() == before


@pytest.fixture
def two_zones(tmp_path: Path, environment: dict[str, str], sandbox: Sandbox) -> Iterator[Stack]:
    yield from deployed("zones", "## Two clusters in two zones", tmp_path, environment, sandbox)


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


@pytest.fixture
def existing(
    tmp_path: Path, environment: dict[str, str], sandbox: Sandbox, cluster_kubeconfig: Path
) -> Iterator[Stack]:
    section = PAGE.read_text().partition("## An application on an existing cluster\n")[2]
    program = PROGRAM.search(section)
    assert program
    made = stack("existing", program[1], tmp_path / "project", environment)
    for key, value in (("kubeconfig", cluster_kubeconfig.read_text()), ("token", "s3cret")):
        made("config", "set", "--secret", key, value)
    yield made
    made("destroy", "--yes", "--skip-preview", "--run-program")
    made("stack", "rm", "--yes")


def test_an_application_on_an_existing_cluster(existing: Stack, cluster_kubeconfig: Path) -> None:
    assert set(existing.up()) == {"create"}
    assert set(existing.up()) <= {"same", "read"}
    kube = Kube(cluster_kubeconfig, existing.environment)
    assert kube.get("deployment", "shop", "shop")["status"]["readyReplicas"] == 1
    assert "s3cret" not in existing("stack", "export")


@pytest.fixture
def built(tmp_path: Path, environment: dict[str, str], sandbox: Sandbox) -> Iterator[Stack]:
    programs = tmp_path / "bin"
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    (tmp_path / "project" / "app").mkdir(parents=True)
    (tmp_path / "project" / "app" / "Dockerfile").write_text("FROM scratch\n")
    path = os.pathsep.join([str(programs), environment["PATH"]])
    heading = "## Build an image and deploy it"
    yield from deployed("built", heading, tmp_path, {**environment, "PATH": path}, sandbox)


def test_an_image_is_built_and_deployed_by_its_digest(built: Stack, tmp_path: Path) -> None:
    assert set(built.up()) == {"create"}
    assert set(built.up()) <= {"same", "read"}
    outputs = built.outputs(secrets=True)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(outputs["kubeconfig"])
    kube = Kube(kubeconfig, built.environment)

    def image() -> str:
        spec = kube.get("deployment", "shop", "shop")["spec"]["template"]["spec"]
        return str(spec["containers"][0]["image"])

    first = image()
    assert re.fullmatch(r"registry\.example\.com/shop@sha256:[0-9a-f]{64}", first)
    assert outputs["image"] == first

    (built.folder / "app" / "index.html").write_text("Hello\n")
    changed = {(step.operation, step.kind, step.name) for step in built.preview()}
    assert ("replace", "pulumi-python:dynamic:Resource", "shop") in changed
    assert ("update", "kubernetes:apps/v1:Deployment", "shop") in changed
    built.up()
    assert image() == built.outputs()["image"] != first
