"""The sandbox's private Pulumi: its provider plugins and its stacks."""

import json
from pathlib import Path

import yaml

from sandbox.account import Account
from sandbox.environment.provider_plugins import install_plugins
from sandbox.environment.pulumi_command import pulumi
from sandbox.environment.stack_files import stack_files
from sandbox.environment.variables import command_environment
from sandbox.paths import ROOT, private_directory, write_private
from sandbox.progress import Progress


def prepare(account: Account, home: Path, progress: Progress, plugins: Path | None = None) -> None:
    """Install the plugins and create a stack for every Pulumi.<stack>.yaml, where not done yet.

    A plugin that the folder `plugins` has is taken from there. Raises SandboxError if it has none,
    and with Pulumi's own words where it refuses.
    """
    environment = command_environment(account, home, plugins=plugins)
    install_plugins(environment, progress, plugins)
    project = str(yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"])
    for stack in stack_files():
        _create_stack(project, stack, home, environment, progress)


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
    pulumi(["stack", "init", stack, "--non-interactive"], scratch, environment)
    progress.say(f"stack {stack}", "created")
