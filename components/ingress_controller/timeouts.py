"""How long the controller's pods may take to be replaced, one after the other."""

from __future__ import annotations

START_SECONDS = 300
"""Helm's own limit: for the image to be pulled and the pods to become ready."""

UNKNOWN_NODES = 8
"""Taken for the number of nodes of a cluster that is not the stack's."""


def release_timeout(pods: int, drain: int) -> int:
    """Seconds after which Helm gives up, and takes an upgrade back.

    A pod that goes serves on for `drain` seconds, and only then comes the next.
    The number of pods is rounded up to a power of two: a node more seldom changes the release.
    """
    at_most: int = 1 << (pods - 1).bit_length()
    return START_SECONDS + at_most * drain
