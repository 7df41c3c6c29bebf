"""The environment in which commands of the sandbox run."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.account import LOOPBACK, Account
from sandbox.paths import TOOLS_BIN

FOREIGN = (
    "EXOSCALE_API_ACCOUNT",
    "EXOSCALE_API_ENVIRONMENT",
    "EXOSCALE_CONFIG",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PYTHONHOME",
)
"""Variables that would lead out of the sandbox; they are not passed on."""

SLOW = ("PYTHONDONTWRITEBYTECODE",)
"""Variables that would have the program and the plugins compiled at every start; nor are these."""


def sandbox_variables(
    account: Account, home: Path, outer: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the variables that the sandbox sets, given those of the outer environment."""
    path = [str(TOOLS_BIN), str(Path(sys.executable).parent)]
    path += [
        folder for folder in outer.get("PATH", os.defpath).split(os.pathsep) if folder not in path
    ]
    variables = {
        "PATH": os.pathsep.join(path),
        "SANDBOX_HOME": str(home),
        "PULUMI_HOME": str(home / "pulumi-home"),
        "PULUMI_BACKEND_URL": f"file://{home / 'pulumi-state'}",
        "PULUMI_CONFIG_PASSPHRASE": account.passphrase,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # A provider plugin that happens to be on PATH would be taken before the sandbox's own.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "EXOSCALE_API_ENDPOINT": account.endpoint,
        "EXOSCALE_API_KEY": account.api_key,
        "EXOSCALE_API_SECRET": account.api_secret,
        "KUBECONFIG": str(home / "kubeconfig"),
    }
    if sys.prefix != sys.base_prefix:
        variables["VIRTUAL_ENV"] = sys.prefix
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in outer.get(name, "").split(",") if host]
        variables[name] = ",".join(dict.fromkeys([*hosts, LOOPBACK, "localhost"]))
    return variables


def command_environment(
    account: Account, home: Path, outer: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the whole environment of a command: `outer`, as the sandbox changes it."""
    kept = {name: value for name, value in outer.items() if name not in (*FOREIGN, *SLOW)}
    return {**kept, **sandbox_variables(account, home, outer)}


def export_lines(account: Account, home: Path, outer: Mapping[str, str] = os.environ) -> list[str]:
    """Return shell lines that turn the outer environment into the sandbox's."""
    variables = sandbox_variables(account, home, outer)
    return [
        *(f"unset {name}" for name in (*FOREIGN, *SLOW) if name in outer),
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
    ]
