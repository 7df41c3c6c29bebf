"""The helm program's command lines for a release, from its completed and revealed inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.plugins.kubernetes.helm_inputs import DEFAULT_TIMEOUT_SECONDS

Inputs = Mapping[str, Any]

_RENDERING = {
    "dependencyUpdate": "--dependency-update",
    "disableOpenapiValidation": "--disable-openapi-validation",
    "renderSubchartNotes": "--render-subchart-notes",
}
_INSTALLING = {
    "createNamespace": "--create-namespace",
    "disableWebhooks": "--no-hooks",
    "forceUpdate": "--force",
    "replace": "--replace",
    "skipCrds": "--skip-crds",
    "takeOwnership": "--take-ownership",
}
_UPGRADING = {
    "cleanupOnFail": "--cleanup-on-fail",
    "disableWebhooks": "--no-hooks",
    "forceUpdate": "--force",
    "recreatePods": "--recreate-pods",
    "resetValues": "--reset-values",
    "reuseValues": "--reuse-values",
    "takeOwnership": "--take-ownership",
}


def values(inputs: Inputs) -> str:
    """What helm reads as the values file `-`."""
    return json.dumps(inputs["values"])


def target(inputs: Inputs) -> tuple[str, list[str]]:
    """The release's name, and the flags that say where it is."""
    return inputs["name"], ["--namespace", inputs["namespace"]]


def install(
    inputs: Inputs, chart: Sequence[str], timeout: float | None, *, preview: bool = False
) -> list[str]:
    """Install from the values on standard input. `timeout` in seconds; None for the inputs' own."""
    return [*_deploy("install", inputs, chart, timeout, preview), *_chosen(_INSTALLING, inputs)]


def upgrade(
    inputs: Inputs, chart: Sequence[str], timeout: float | None, *, preview: bool = False
) -> list[str]:
    """Upgrade to the values on standard input. `timeout` in seconds; None for the inputs' own."""
    history = ["--history-max", str(inputs.get("maxHistory") or 0)]
    upgrading = _chosen(_UPGRADING, inputs)
    return [*_deploy("upgrade", inputs, chart, timeout, preview), *upgrading, *history]


def template(inputs: Inputs, chart: Sequence[str], *, validate: bool) -> list[str]:
    """Render only; with `validate`, have the cluster look at it."""
    name, scope = target(inputs)
    checked = ["--validate", "--dry-run=server"] if validate else []
    return ["template", name, *chart, *scope, "--values", "-", *_rendering(inputs), *checked]


def uninstall(inputs: Inputs, timeout: float | None) -> list[str]:
    """Uninstall; a release that is gone already is as good."""
    name, scope = target(inputs)
    wait = [] if inputs.get("skipAwait") and not inputs.get("atomic") else ["--wait"]
    return ["uninstall", name, *scope, "--ignore-not-found", *wait, *_timeout(inputs, timeout)]


def rollback(inputs: Inputs, revision: int, timeout: float | None) -> list[str]:
    """Go back to a revision, without its hooks."""
    name, scope = target(inputs)
    return ["rollback", name, str(revision), *scope, "--no-hooks", *_timeout(inputs, timeout)]


def history(inputs: Inputs) -> list[str]:
    """All revisions."""
    name, scope = target(inputs)
    return ["history", name, *scope, "--max", "256"]


def _deploy(
    command: str, inputs: Inputs, chart: Sequence[str], timeout: float | None, preview: bool
) -> list[str]:
    name, scope = target(inputs)
    arguments = [command, name, *chart, *scope, "--values", "-", *_rendering(inputs)]
    if inputs["description"]:
        arguments += ["--description", inputs["description"]]
    if preview:
        return [*arguments, "--dry-run=server"]
    if not inputs["skipAwait"]:
        arguments += ["--wait", *(["--wait-for-jobs"] if inputs["waitForJobs"] else [])]
    if inputs["atomic"]:
        arguments += ["--atomic"]
    return [*arguments, *_timeout(inputs, timeout)]


def _rendering(inputs: Inputs) -> list[str]:
    flags = _chosen(_RENDERING, inputs)
    if inputs["postrender"]:
        flags += ["--post-renderer", inputs["postrender"]]
    return flags


def _timeout(inputs: Inputs, timeout: float | None) -> list[str]:
    seconds = timeout or inputs.get("timeout") or DEFAULT_TIMEOUT_SECONDS
    return ["--timeout", f"{seconds}s"]


def _chosen(flags: Mapping[str, str], inputs: Inputs) -> list[str]:
    return [flag for key, flag in flags.items() if inputs.get(key)]
