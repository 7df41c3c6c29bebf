"""Access of the program itself to the API server of a cluster."""

from __future__ import annotations

from typing import NamedTuple

import pulumi


class ClusterAccess(NamedTuple):
    """A kubeconfig and the context to use. Default: its current context."""

    kubeconfig: pulumi.Output[str]
    context: str | None = None
