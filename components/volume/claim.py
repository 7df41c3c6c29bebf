"""The claim of a volume that one pod uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolume, PersistentVolumeClaim

from ..exoscale.deleted_volumes import CSI_DRIVER
from ..lifecycle.cluster_access import ClusterAccess
from ..manifests.names import name_in_program
from .args import ClaimedVolume
from .expansion import VolumeUser, expansion_hooks
from .kept_volumes import reuse_kept_volume


class VolumeSettings(NamedTuple):
    """The keys of a volume in the settings, for messages."""

    size: str
    volume: str


def create_claim(
    name: str,
    volume: ClaimedVolume,
    user: VolumeUser,
    access: ClusterAccess | None,
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
    *,
    hook_name: str,
    settings: VolumeSettings,
    content: str | None = None,
) -> PersistentVolumeClaim:
    """Creates the claim for a new or an existing volume.

    The name of the claim is generated, so that the pod moves to a replacement before Pulumi deletes
    the old claim.

    Args:
        name: the name of the resource without the namespace.
        volume: the settings of the volume.
        user: the workload whose pod uses the volume.
        access: access to the cluster, to expand a volume of Exoscale, and to find a kept one.
        labels: the labels of the objects.
        opts: the resource options.
        hook_name: unique prefix of the names of hooks.
        settings: the keys of the volume in the settings.
        content: what the volume contains, such as a database's major version. With another value,
            the claim is replaced.
    """
    namespace = user.workload.namespace
    in_program = name_in_program(name, namespace)
    spec = {"storage_class_name": volume.class_name, "access_modes": ["ReadWriteOnce"]}
    request: dict[str, Any] = {"resources": {"requests": {"storage": volume.size}}}
    if volume.volume:
        found = _existing_volume(in_program, volume.volume, volume.size, spec, labels, opts)
        request["volume_name"] = found.metadata.name
    more = [pulumi.ResourceOptions(replacement_trigger=content)]
    hooks = expansion_hooks(hook_name, settings.size, user, access, online=not volume.is_exoscales)
    more.append(pulumi.ResourceOptions(hooks=hooks))
    if volume.is_kept:
        reuse = reuse_kept_volume(hook_name, settings.volume, user.place, name, volume, access)
        more.append(pulumi.ResourceOptions(hooks=reuse))
    for each in more:
        opts = pulumi.ResourceOptions.merge(opts, each)
    return PersistentVolumeClaim(
        in_program,
        metadata={"namespace": namespace, "labels": labels},
        spec=spec | request,
        opts=opts,
    )


def _existing_volume(
    in_program: str,
    volume: str,
    size: str,
    spec: Mapping[str, Any],
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> PersistentVolume:
    """Creates the PersistentVolume of an existing volume, with the class and modes of its claim.

    Pulumi ignores changes of the capacity: the claim requests a larger one, and the program that
    expands the volume updates the capacity.
    """
    first = pulumi.ResourceOptions(ignore_changes=["spec.capacity"])
    return PersistentVolume(
        in_program,
        metadata={"labels": labels},
        spec={
            **spec,
            "capacity": {"storage": size},
            "persistent_volume_reclaim_policy": "Retain",
            "csi": {"driver": CSI_DRIVER, "volume_handle": volume, "fs_type": "ext4"},
        },
        opts=pulumi.ResourceOptions.merge(opts, first),
    )
