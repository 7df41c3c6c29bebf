"""The releases that helm has stored in a cluster."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.kubernetes import helm_commands as commands
from sandbox.plugins.kubernetes.helm_outputs import Release
from sandbox.plugins.kubernetes.helm_program import Helm, HelmError
from sandbox.plugins.wire import reveal

OWNER_LABEL: Final = "pulumi.com/owner"

HALF_INSTALLED: Final = {"pending-install", "failed", "uninstalling"}
HALF_UPGRADED: Final = {"pending-upgrade", "pending-rollback"}
INSTALLED: Final = {"deployed", "superseded"}


def find(helm: Helm, inputs: Mapping[str, Any]) -> Release | None:
    """The newest revision of the release that the inputs name, if there is one."""
    name, scope = commands.target(reveal(inputs))
    try:
        status = helm.json(["status", name, *scope], interruptible=False)
        metadata = helm.json(["get", "metadata", name, *scope], interruptible=False)
    except HelmError as error:
        if "release: not found" in str(error):
            return None
        raise
    return Release.of(status, metadata)


def owner(urn: str) -> str:
    """The value of the label by which a resource knows a release that it made."""
    return hashlib.sha256(urn.encode()).hexdigest()[:32]


def is_own(helm: Helm, urn: str, inputs: Mapping[str, Any]) -> bool:
    """Whether the release was made for this very resource."""
    name, scope = commands.target(reveal(inputs))
    label = f"{OWNER_LABEL}={owner(urn)}"
    command = ["list", "--all", "--filter", f"^{name}$", "--selector", label, *scope]
    return bool(helm.json(command, interruptible=False))
