"""Rules on the cluster: its versions, that it stays, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.rule import Resource, Rule
from settings.owner import ENVIRONMENT, OWNER

CLUSTER = "exoscale:index/sksCluster:SksCluster"
RELEASE = "kubernetes:helm.sh/v3:Release"
NAMESPACE = "kubernetes:core/v1:Namespace"
FULL_VERSION = re.compile(r"v?\d+\.\d+\.\d+([-+].+)?")
"""A version, and no range such as `^4.15` or `1.36`, which means the newest of them."""


def _check_versions(resource: Resource) -> Iterator[str]:
    if resource.type == CLUSTER:
        what = "Kubernetes"
    elif resource.type == RELEASE and not resource.inputs["chart"].startswith((".", "/")):
        what = f"chart {resource.inputs['chart']}"
    else:
        return
    version = resource.inputs.get("version") or ""
    if not FULL_VERSION.fullmatch(version):
        yield f"{what}: version {version or 'newest'}: write MAJOR.MINOR.PATCH"


def _check_protection(resource: Resource) -> Iterator[str]:
    if resource.type == CLUSTER and not resource.protect:
        yield "can be removed or replaced: write `cluster.protect: true`"


def _check_labels(resource: Resource) -> Iterator[str]:
    if resource.type == CLUSTER:
        labels = resource.inputs.get("labels") or {}
    elif resource.type == NAMESPACE:
        labels = resource.labels
    else:
        return
    if missing := [key for key in (OWNER, ENVIRONMENT) if not labels.get(key)]:
        yield f"has no label {' and no '.join(missing)}: write who answers for it as `owner`"


RULES = (
    Rule(
        "pinned-versions",
        "The versions of Kubernetes and of Helm charts stand in full; a chart in a folder has its "
        "own.",
        _check_versions,
    ),
    Rule("protected-cluster", "The cluster is protected.", _check_protection),
    Rule(
        "owner",
        f"The cluster and each namespace have the labels `{OWNER}` and `{ENVIRONMENT}`.",
        _check_labels,
    ),
)
