"""The interface of ingress controllers that applications use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pulumi


class Controller(Protocol):
    """An ingress controller that this stack or another one installs.

    Attributes:
        namespace: the namespace of its pods.
        ready: the resources that an Ingress must depend on.
        address: its IP address or host name.
        class_name: the `ingressClassName` of its Ingresses.
    """

    namespace: str
    ready: Sequence[pulumi.Resource]
    address: pulumi.Output[str]
    class_name: str
