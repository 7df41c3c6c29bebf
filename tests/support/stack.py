"""A copy of the project, and its stacks, driven by the real engine."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from sandbox.paths import ROOT
from tests.support.account import VERSION
from tests.support.resource_names import without_namespace

COMMAND_SECONDS = 300
UNCHANGED = ("same", "read", "refresh")
PARTS = ("Pulumi*.yaml", "__main__.py", "stack", "components", "policies", "sandbox/charts")
"""What the program consists of, with its policies, and charts that stacks name by their paths."""

NODEPOOL = {"name": "workers", "instanceType": "standard.small", "size": 2, "diskSize": 20}
CLUSTER = {
    "zone": "ch-gva-2",
    "version": VERSION,
    "level": "starter",
    "nodePortSources": ["0.0.0.0/0"],
    "allowOpenNetworks": True,
    "nodepools": [NODEPOOL],
}
APP = {
    "name": "rickroller",
    "namespace": "test",
    "image": "derlin/rickroller:latest",
    "replicas": 3,
    "port": 8080,
    "environment": {"BEHIND_PROXY": "true"},
    "generatedSecrets": ["APP_SECRET_KEY"],
    "service": "ClusterIP",
    "path": "/rickroller",
}
TUTORIAL: dict[str, Any] = {
    "cluster": CLUSTER,
    "ingress": {"chart": "./sandbox/charts/ingress-nginx"},
    "apps": [APP],
}
"""The tutorial's values, whatever the clone's own files hold by now."""


def copy_project(folder: Path) -> Path:
    """Copy the program to `folder`; its stack `local` gets the tutorial's values."""
    for part in PARTS:
        for source in ROOT.glob(part):
            target = folder / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                # with compiled modules, except those that another process is about to rename
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.pyc.*"))
            else:
                shutil.copy(source, target)
    return folder


@dataclass(frozen=True)
class Step:
    """What a preview says it will do with one resource."""

    operation: str
    kind: str
    name: str
    """In the program; of an application's object, without its namespace."""
    changed: dict[str, str] = field(default_factory=dict)
    """Property path to kind of change (`update`, `add`, `delete`, with `-replace` or not)."""
    namespace: str = field(default="", compare=False)
    """The one that is in the name, if any."""


@dataclass(frozen=True)
class Stack:
    """One stack of the project in `folder`."""

    name: str
    folder: Path
    environment: Mapping[str, str]
    transcript: list[str] = field(default_factory=list)
    """All that Pulumi wrote."""

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Give the stack these settings and no others."""
        document = {"config": {f"webapp:{key}": value for key, value in settings.items()}}
        self.file.write_text(yaml.safe_dump(document, sort_keys=False))

    @property
    def file(self) -> Path:
        """The stack's settings."""
        return self.folder / f"Pulumi.{self.name}.yaml"

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a Pulumi command on this stack."""
        return ["pulumi", *arguments, "--stack", self.name, "--non-interactive", "--color=never"]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a Pulumi command and return its process."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a Pulumi command to its end, whatever its exit code."""
        answer = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        self.transcript.append(answer.stdout + answer.stderr)
        return answer

    def __call__(self, *arguments: str) -> str:
        """Run a Pulumi command that has to succeed; return its standard output."""
        answer = self.run(*arguments)
        assert answer.returncode == 0, _reasons(answer)
        return answer.stdout

    def refused(self, *arguments: str) -> str:
        """Run a Pulumi command that has to fail; return its words, which have no traceback."""
        answer = self.run(*arguments)
        said = answer.stdout + answer.stderr
        assert answer.returncode != 0, said
        assert "Traceback" not in said
        return said

    def set(self, path: str, value: str) -> None:
        """Change one setting, as the user does."""
        self("config", "set", "--path", path, value)

    @property
    def with_force(self) -> "Stack":
        """The stack, whose fields that others have written are taken back."""
        environment = {**self.environment, "PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
        return replace(self, environment=environment)

    def up(self, *arguments: str) -> dict[str, int]:
        """Run `pulumi up`; return how many resources had which operation."""
        self("up", "--yes", "--skip-preview", *arguments)
        changes = self._last_update()["resourceChanges"]
        return {operation: int(count) for operation, count in changes.items()}

    def preview(self, *arguments: str) -> list[Step]:
        """Run `pulumi preview`; return what it would do, without what stays the same."""
        return self.steps("preview", *arguments)

    def steps(self, *arguments: str) -> list[Step]:
        """Run a command that tells its plan as JSON; return what of it changes something."""
        steps = json.loads(self(*arguments, "--json")).get("steps", [])
        return [_step(step) for step in steps if step["op"] not in UNCHANGED]

    def outputs(self, *, secrets: bool = False) -> dict[str, Any]:
        """Return the stack's outputs. Those with secrets are left out of the transcript."""
        arguments = ("stack", "output", "--json")
        if not secrets:
            return dict(json.loads(self(*arguments)))
        answer = subprocess.run(
            self.command(*arguments, "--show-secrets"),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            check=True,
            timeout=COMMAND_SECONDS,
        )
        return dict(json.loads(answer.stdout))

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources in the stack's state."""
        return list(self.deployment().get("resources", []))

    def deployment(self) -> dict[str, Any]:
        """Return the stack's state. From a backend of files it is read without the CLI, whose start
        takes half a second of processor time."""
        if not self._files:
            return dict(json.loads(self("stack", "export"))["deployment"])
        state = self._files / "stacks" / _project(self.folder) / f"{self.name}.json"
        return dict(json.loads(state.read_text())["checkpoint"]["latest"] or {})

    def _last_update(self) -> dict[str, Any]:
        if not self._files:
            (last,) = json.loads(self("stack", "history", "--json", "--page-size", "1"))
            return dict(last)
        folder = self._files / "history" / _project(self.folder) / self.name
        return dict(json.loads(max(folder.glob("*.history.json")).read_text()))

    @property
    def _files(self) -> Path | None:
        """The folder of the backend, if it is one of files."""
        url = urlsplit(self.environment.get("PULUMI_BACKEND_URL", ""))
        return Path(url.path) / ".pulumi" if url.scheme == "file" else None


def _project(folder: Path) -> str:
    return str(yaml.safe_load((folder / "Pulumi.yaml").read_text())["name"])


def _step(step: Mapping[str, Any]) -> Step:
    _, _, kind, name = step["urn"].split("::")
    kind = kind.rpartition("$")[2]
    short = without_namespace(kind, name)
    changed = {path: change["kind"] for path, change in (step.get("detailedDiff") or {}).items()}
    return Step(step["op"], kind, short, changed, name.removeprefix(short).removeprefix("."))


def _reasons(answer: subprocess.CompletedProcess[str]) -> str:
    """What Pulumi says on a failure; of a plan in JSON, its diagnostics alone."""
    try:
        diagnostics = json.loads(answer.stdout)["diagnostics"]
    except (ValueError, KeyError):
        return answer.stdout + answer.stderr
    return "\n".join(diagnostic["message"] for diagnostic in diagnostics) + answer.stderr
