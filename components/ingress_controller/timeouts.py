"""Timeouts for replacing the controller's pods one after the other."""

from __future__ import annotations

from ..exoscale.load_balancer import detection_seconds
from .args import IngressControllerArgs

START_SECONDS = 300
"""Helm's default timeout, for pulling the image and for pods to become ready."""

UNKNOWN_NODES = 8
"""Number of nodes that is assumed for a cluster that the stack does not create."""


def drain_seconds(settings: IngressControllerArgs, connection_seconds: int) -> int:
    """Returns how long a terminating pod keeps serving, in seconds.

    It accepts connections until the load balancer stops sending them, and then serves open ones.

    Args:
        connection_seconds: maximum time for open connections in seconds.
    """
    return detection_seconds(settings.load_balancer) + connection_seconds


def release_timeout(pods: int, drain: int) -> int:
    """Returns the seconds after which Helm rolls an upgrade back.

    A terminating pod keeps serving for `drain` seconds before Kubernetes replaces the next one. The
    number of pods is rounded up to a power of two, so that an additional node rarely changes the
    release.
    """
    at_most: int = 1 << (pods - 1).bit_length()
    return START_SECONDS + at_most * drain
