"""What serves Ingresses, as an application sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pulumi


class Controller(Protocol):
    """An ingress controller, whoever installed it.

    Attributes:
        namespace: where its pods are.
        ready: what an Ingress has to come after.
        address: the IP address or host name at which it is reached.
        class_name: what an Ingress has to give as `ingressClassName`.
    """

    namespace: str
    ready: Sequence[pulumi.Resource]
    address: pulumi.Output[str]
    class_name: str
