"""Where pods go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def spread(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Pods with these labels evenly over the nodes, as far as there are nodes."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        }
    ]
