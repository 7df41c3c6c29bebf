"""The sandbox's private Pulumi: its two provider plugins and its stacks."""

import importlib.metadata
import io
import json
import shlex
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml

from sandbox.account import Account
from sandbox.environment import command_environment
from sandbox.errors import SandboxError
from sandbox.paths import ROOT, TOOLS_BIN, private_directory, pulumi_home, write_private
from sandbox.plugin_folder import find_plugins
from sandbox.progress import Progress
from sandbox.stack_files import stack_files

PLUGINS = {"kubernetes": "pulumi_kubernetes", "exoscale": "pulumiverse_exoscale"}
"""The providers, and the PyPI package that fixes each's version."""


def prepare(account: Account, home: Path, progress: Progress, plugins: Path | None = None) -> None:
    """Install the plugins and create a stack for every Pulumi.<stack>.yaml, where not done yet.

    A plugin that the folder `plugins` has is taken from there; otherwise the Kubernetes plugin is
    the tool, and the Exoscale plugin the sandbox's own. Raises SandboxError if it has none,
    and with Pulumi's own words where it refuses.
    """
    environment = command_environment(account, home, plugins=plugins)
    versions = {name: importlib.metadata.version(package) for name, package in PLUGINS.items()}
    given = find_plugins(plugins, versions, pulumi_home(home, plugins)) if plugins else {}
    programs = {"kubernetes": TOOLS_BIN / "pulumi-resource-kubernetes", **given}
    for name, version in versions.items():
        content = running(programs[name]) if name in programs else launcher(name)
        _install_plugin(name, version, content, environment, progress)
    project = str(yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"])
    for stack in stack_files():
        _create_stack(project, stack, home, environment, progress)


def launcher(name: str) -> str:
    """Return the program that Pulumi starts as `pulumi-resource-NAME`.

    The plugin keeps Pulumi's working directory, against which paths in a program are resolved.
    """
    code = (
        "import runpy, sys; "
        f"sys.path[0] = {str(ROOT)!r}; "
        f"runpy.run_module('sandbox.plugins.{name}', run_name='__main__', alter_sys=True)"
    )
    return f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)} "$@"\n'


def running(program: Path) -> str:
    """Return the program that Pulumi starts instead of `program`, which stays where it is."""
    return f'#!/bin/sh\nexec {shlex.quote(str(program))} "$@"\n'


def _install_plugin(
    name: str, version: str, content: str, environment: dict[str, str], progress: Progress
) -> None:
    home = private_directory(Path(environment["PULUMI_HOME"]))
    program = home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
    if program.exists() and program.read_text() == content:
        return
    with tempfile.NamedTemporaryFile(dir=home, suffix=".tar.gz") as archive:
        archive.write(_archive(program.name, content))
        archive.flush()
        arguments = ["plugin", "install", "resource", name, version, "--file", archive.name]
        _pulumi([*arguments, "--reinstall"], ROOT, environment)
    progress.say(f"plugin {name} {version}", "installed")


def _archive(name: str, content: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.mode = 0o755
        entry.size = len(content.encode())
        archive.addfile(entry, io.BytesIO(content.encode()))
    return buffer.getvalue()


def _create_stack(
    project: str, stack: str, home: Path, environment: dict[str, str], progress: Progress
) -> None:
    state = home / "pulumi-state"
    if (state / ".pulumi" / "stacks" / project / f"{stack}.json").exists():
        return
    private_directory(state)
    # Pulumi writes the salt of a new stack beside Pulumi.yaml: not into the clone's own file,
    # which serves the real cloud too.
    scratch = private_directory(home / "pulumi-stacks")
    write_private(scratch / "Pulumi.yaml", json.dumps({"name": project, "runtime": "python"}))
    _pulumi(["stack", "init", stack, "--non-interactive"], scratch, environment)
    progress.say(f"stack {stack}", "created")


def _pulumi(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [TOOLS_BIN / "pulumi", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        words = (answer.stderr or answer.stdout).strip()
        raise SandboxError(f"pulumi {' '.join(arguments)} failed: {words}")
