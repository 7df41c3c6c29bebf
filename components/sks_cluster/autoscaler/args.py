"""The settings of the cluster autoscaler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StrictStr

from ...args.chart import Chart, ChartName, chart_repository
from ...args.resources import ResourcesArgs, resources
from ...args.types import IN_FULL, Args, Duration, matches

CHART = Chart("cluster-autoscaler", "https://kubernetes.github.io/autoscaler", "9.59.0")
"""The cluster autoscaler's official Helm chart.

Source: kubernetes/autoscaler, cluster-autoscaler/charts.
"""

NEWEST_PATCHES = {"1.34": "1.34.4", "1.35": "1.35.1", "1.36": "1.36.1"}
"""Minor versions of Kubernetes, and the newest known version of the cluster autoscaler for each.

Source: kubernetes/autoscaler, releases; the registry of the image.
"""


def image_tag(kubernetes_version: str) -> str:
    """Returns the tag of the cluster autoscaler's image for a version of Kubernetes.

    The cluster autoscaler simulates the scheduler. Therefore, its documentation recommends the
    newest version for the cluster's minor version, which the chart may not know yet. Each minor
    version has a release `.0`.

    Source: kubernetes/autoscaler, cluster-autoscaler/README.md, Releases.

    >>> image_tag("1.36.5")
    'v1.36.1'
    >>> image_tag("1.40.2")
    'v1.40.0'
    """
    minor = kubernetes_version.rpartition(".")[0]
    return f"v{NEWEST_PATCHES.get(minor, f'{minor}.0')}"


class ClusterAutoscalerArgs(Args):
    """The cluster autoscaler, installed with its Helm chart."""

    scale_down_unneeded_time: Duration = "10m"
    """How long a node must be unneeded before it is drained and removed. Default: the autoscaler's.
    A shorter time costs less, and moves pods more often."""
    chart: ChartName | None = None
    """Name of the chart in the repository, or a path that starts with . or /. Default: the official
    chart."""
    repository: Annotated[StrictStr, chart_repository(CHART.repository)] | None = None
    """URL of the chart repository, not used for a path. Default: the official one."""
    version: (
        Annotated[
            StrictStr,
            IN_FULL,
            matches(r"\d+\.\d+\.\d+", "a chart version in full", CHART.version),
        ]
        | None
    ) = None
    """Version of the chart. Default: the version that the program is tested with. The version of
    the autoscaler itself follows the cluster's version."""
    resources: ResourcesArgs = resources(cpu="100m", memory="300Mi", memory_limit="600Mi")
    """Resources of the autoscaler's container."""
    values: Mapping[str, Any] = Field(
        default_factory=dict,
        examples=[{"extraArgs": {"scale-down-utilization-threshold": 0.7}}],
    )
    """Helm values of the autoscaler, merged over those that this program sets. They can't contain
    secrets."""
