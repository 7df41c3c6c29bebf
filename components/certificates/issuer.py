"""The interface of issuers that applications use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pulumi


class Issuer(NamedTuple):
    """A ClusterIssuer of cert-manager that this stack or somebody else creates.

    Attributes:
        name: its name.
        ready: the resources that an Ingress must depend on.
    """

    name: str
    ready: Sequence[pulumi.Resource] = ()
