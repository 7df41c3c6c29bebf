"""The arguments of a Helm release for a chart, and its values."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pulumi_kubernetes.helm.v3 import RepositoryOptsArgs

from ..args.chart import Chart, ChartSettings


def chart_arguments(settings: ChartSettings, official: Chart) -> dict[str, Any]:
    """Returns the arguments for the official chart, or for another one that the settings name.

    A chart in a local folder has no repository.
    """
    chart = settings.chart or official.name
    is_path = chart.startswith((".", "/"))
    repository = RepositoryOptsArgs(repo=settings.repository or official.repository)
    return {
        "chart": chart,
        "repository_opts": None if is_path else repository,
        "version": settings.version or official.version,
    }


def merged_values(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Returns Helm values merged like Helm does: mappings merge, other values are replaced."""
    merged = dict(base)
    for key, value in over.items():
        both_mappings = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merged_values(merged[key], value) if both_mappings else deepcopy(value)
    return merged
