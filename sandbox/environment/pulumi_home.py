"""The sandbox's Pulumi home and backend: provider plugins and stacks."""

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
    """Installs the plugins and creates a stack for each Pulumi.<stack>.yaml, if they don't exist.

    Args:
        account: the sandbox's account.
        home: the sandbox's home.
        progress: shows a line for each plugin and stack.
        plugins: a folder of provider plugins, which replace the default ones.

    Raises:
        SandboxError: if `plugins` contains no plugin, or with the message of Pulumi if Pulumi
            fails.
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
    # Pulumi writes the salt of a new stack to a file beside Pulumi.yaml. That must not be the
    # clone's file, which is also used with the real cloud.
    scratch = private_directory(home / "pulumi-stacks")
    write_private(scratch / "Pulumi.yaml", json.dumps({"name": project, "runtime": "python"}))
    pulumi(["stack", "init", stack, "--non-interactive"], scratch, environment)
    progress.say(f"stack {stack}", "created")
