"""The claim of a volume that one pod uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolume, PersistentVolumeClaim

from ..exoscale.deleted_volumes import CSI_DRIVER
from .args import ClaimedVolume


def create_claim(
    in_program: str,
    volume: ClaimedVolume,
    namespace: str,
    labels: Mapping[str, str],
    hooks: pulumi.ResourceHookBinding,
    opts: pulumi.ResourceOptions,
    *,
    content: str | None = None,
) -> PersistentVolumeClaim:
    """Creates the claim for a new or an existing volume.

    The name of the claim is generated, so that the pod moves to a replacement before Pulumi deletes
    the old claim.

    Args:
        in_program: the name of the resource.
        volume: the settings of the volume.
        namespace: the namespace of the pod.
        labels: the labels of the objects.
        hooks: the hooks of a claim for a volume of Exoscale.
        opts: the resource options.
        content: what the volume contains, such as a database's major version. With another value,
            the claim is replaced.
    """
    spec = {"storage_class_name": volume.class_name, "access_modes": ["ReadWriteOnce"]}
    request: dict[str, Any] = {"resources": {"requests": {"storage": volume.size}}}
    if volume.volume:
        found = _existing_volume(in_program, volume.volume, volume.size, spec, labels, opts)
        request["volume_name"] = found.metadata.name
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(replacement_trigger=content))
    if volume.is_exoscales:
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=hooks))
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
