"""The volumes of an application's pods, and the claims of the persistent ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulumi_kubernetes.core.v1 import PersistentVolumeClaim

from ...lifecycle.cluster_access import ClusterAccess
from ...lifecycle.rolled_out import Workload
from ...manifests.labels import common_labels
from ...volume.claim import VolumeSettings, create_claim
from ...volume.expansion import VolumeUser
from ..context import Objects
from ..names import WRITABLE
from .args import VolumeArgs

if TYPE_CHECKING:
    from ..args import WebAppArgs

Claims = Mapping[str, PersistentVolumeClaim]
"""The claims of persistent volumes, by the volumes' names."""


def create_claims(app: Objects, settings: WebAppArgs, access: ClusterAccess | None) -> Claims:
    """Creates the claims of the application's persistent volumes.

    Each claim depends on the previous one: the application is stopped while a volume grows, and
    only one volume at a time can stop and start it.
    """
    claims: dict[str, PersistentVolumeClaim] = {}
    workload = Workload("deployments", app.namespace, app.name)
    user = VolumeUser("application", workload, settings.replicas)
    for each in settings.persistent_volumes:
        assert each.claimed  # persistent volumes have one
        key = f"volumes.{each.name}"
        claims[each.name] = create_claim(
            f"{app.name}-{each.name}",
            each.claimed,
            user,
            access,
            common_labels(app.name),
            app.after(*claims.values()).opts,
            hook_name=f"{app.name}:{each.name}",
            settings=VolumeSettings(f"{key}.size", f"{key}.volume"),
        )
    return claims


def pod_volumes(settings: WebAppArgs, claims: Claims) -> list[dict[str, Any]]:
    """Returns the volumes of a pod for `pulumi_kubernetes`."""
    containers = [settings, *settings.sidecars, *settings.init_containers]
    volumes: list[dict[str, Any]] = []
    if any(each.security.writable_paths for each in containers):
        volumes.append({"name": WRITABLE, "empty_dir": {}})
    return volumes + [
        {"name": volume.name} | _source(volume, claims) for volume in settings.volumes
    ]


def group_of_files(claims: Claims) -> dict[str, str]:
    """Returns how a pod with persistent volumes gives their files to its group: once.

    By default, Kubernetes looks at each file whenever a pod starts, which takes long with many.
    Source: kubernetes.io/docs/tasks/configure-pod-container/security-context.
    """
    return {"fs_group_change_policy": "OnRootMismatch"} if claims else {}


def _source(volume: VolumeArgs, claims: Claims) -> dict[str, Any]:
    if claim := claims.get(volume.name):
        return {"persistent_volume_claim": {"claim_name": claim.metadata.name}}
    medium = {"medium": "Memory"} if volume.medium == "memory" else {}
    limit = {"size_limit": volume.size_limit} if volume.size_limit else {}
    return {"empty_dir": medium | limit}
