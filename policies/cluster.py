"""Rules on the cluster: versions, protection and ownership."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.rule import Resource, Rule
from stack.owner import ENVIRONMENT, OWNER

CLUSTER = "exoscale:index/sksCluster:SksCluster"
RELEASE = "kubernetes:helm.sh/v3:Release"
NAMESPACE = "kubernetes:core/v1:Namespace"
FULL_VERSION = re.compile(r"v?\d+\.\d+\.\d+([-+].+)?")
"""A full version. `^4.15` and `1.36` are ranges, which select the latest version in them."""


def _check_versions(resource: Resource) -> Iterator[str]:
    if resource.type == CLUSTER:
        name = "Kubernetes"
    elif resource.type == RELEASE and not resource.inputs["chart"].startswith((".", "/")):
        name = f"chart {resource.inputs['chart']}"
    else:
        return
    version = resource.inputs.get("version") or ""
    if not FULL_VERSION.fullmatch(version):
        yield f"{name}: version {version or 'latest'}: write MAJOR.MINOR.PATCH"


def _check_protection(resource: Resource) -> Iterator[str]:
    if resource.type == CLUSTER and not resource.protect:
        yield "can be deleted or replaced: write `cluster.protect: true`"


def _check_labels(resource: Resource) -> Iterator[str]:
    if resource.type == CLUSTER:
        labels = resource.inputs.get("labels") or {}
    elif resource.type == NAMESPACE:
        labels = resource.labels
    else:
        return
    if missing := [key for key in (OWNER, ENVIRONMENT) if not labels.get(key)]:
        yield f"has no label {' or '.join(missing)}: set `owner` to the responsible team"


RULES = (
    Rule(
        "pinned-versions",
        "Kubernetes and Helm charts have full versions. A chart in a folder contains its own.",
        _check_versions,
    ),
    Rule("protected-cluster", "The cluster is protected.", _check_protection),
    Rule(
        "owner",
        f"The cluster and each namespace have the labels `{OWNER}` and `{ENVIRONMENT}`.",
        _check_labels,
    ),
)
