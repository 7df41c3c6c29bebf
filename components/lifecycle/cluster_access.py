"""How the program itself reaches a cluster's API server."""

from __future__ import annotations

from typing import NamedTuple

import pulumi


class ClusterAccess(NamedTuple):
    """A kubeconfig, and which of its contexts to use; without one, its current context."""

    kubeconfig: pulumi.Output[str]
    context: str | None = None
