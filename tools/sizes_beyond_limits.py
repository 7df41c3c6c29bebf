"""Finds sizes of autoscaled node pools beyond their limits in a preview."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

GATE = "-nodepool-bounds"
"""Suffix of the resource that brings sizes within their limits. The prefix is the cluster's name.

See `components/sks_cluster/nodepools/bounds.py`.
"""


class SizeBeyondLimits(NamedTuple):
    """The size of a node pool that somebody has scaled manually.

    Attributes:
        nodepool: name in the program.
        limits: the minimum and the maximum.
    """

    nodepool: str
    limits: tuple[int, int]
    size: int


def sizes_beyond_limits(
    urn: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[SizeBeyondLimits]:
    """Yields the sizes that `pulumi up --refresh` would correct.

    Pulumi ignores the size of such a node pool. A change of its limits in the settings is not
    deployed yet, and no manual change.

    Args:
        urn: the URN of a resource that the preview changes.
        old: its inputs before the change.
        new: its inputs after the change.
    """
    name = urn.rpartition("::")[2]
    if not name.endswith(GATE):
        return
    before = old.get("input") or {}
    for pool, entry in (new.get("input") or {}).items():
        recorded = before.get(pool) or {}
        limits = (entry["min"], entry["max"])
        if "size" in entry and limits == (recorded.get("min"), recorded.get("max")):
            nodepool = f"{name.removesuffix(GATE)}-{pool}"
            yield SizeBeyondLimits(nodepool, limits, entry["size"])
