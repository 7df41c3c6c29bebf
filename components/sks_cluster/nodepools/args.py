"""The settings of a nodepool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ...args.inputs import Input
from ...args.problem import Problem
from ...args.types import (
    Args,
    Description,
    DnsLabel,
    Duration,
    Identifier,
    InstanceType,
    LabelKey,
    LabelValue,
    Taint,
    matches,
)

InstancePrefix = Annotated[
    StrictStr,
    Field(max_length=30),
    matches(
        r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
        "lower-case letters, digits and dashes between them",
        "shop",
    ),
]
Percent = Annotated[StrictInt, Field(ge=1, le=100)]


class ImageGarbageCollectionArgs(Args):
    """When kubelets remove unused images."""

    low_threshold: Percent = 80
    """Disk usage in percent at which the removal stops. Default: the kubelet's."""
    high_threshold: Percent = 85
    """Disk usage in percent at which the removal starts. Default: the kubelet's."""
    min_age: Duration = "2m"
    """Minimum age of images to remove. Default: the kubelet's."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for thresholds in the wrong order."""
        low, high = self.low_threshold, self.high_threshold
        if high <= low:
            yield Problem(("highThreshold",), high, f"must be greater than lowThreshold, {low}")


GROUP_SIZE = 8
"""Maximum number of instances in an anti-affinity group (Exoscale's limit)."""

TOO_SMALL = ("micro", "tiny")
"""Sizes of instances with less than the 2 GB of memory that SKS requires.

Source: community.exoscale.com, "Containers, Overview, Limitations", quoted in
exoscale/terraform-provider-exoscale, issue 447.
"""

LOCAL_STORAGE_DISK = 100
"""Minimum disk size in GiB for local storage.

Source: exoscale/terraform-provider-exoscale v0.66.0, `storage_lvm` of `exoscale_sks_nodepool`.
"""


class NodePoolArgs(Args):
    """A node pool: a number of equal nodes, by default each on a different host."""

    name: DnsLabel = Field(examples=["workers"])
    """Unique name. A change creates another node pool and deletes this one."""
    instance_type: InstanceType
    """Instance type of the nodes, family.size; `exo compute instance-type list` lists them. SKS
    requires `small` or larger. A change affects new nodes only."""
    size: StrictInt = Field(ge=1, examples=[3])
    """Number of nodes, at most 8 with an anti-affinity group. If it decreases, nodes are drained
    before they are removed."""
    disk_size: StrictInt = Field(default=50, ge=20, le=51200)
    """Disk size of each node in GiB. A change affects new nodes only."""
    description: Description | None = None
    """Description that Exoscale shows."""
    instance_prefix: InstancePrefix = "pool"
    """Prefix of the nodes' names. Default: Exoscale's."""
    labels: Mapping[LabelKey, Input[LabelValue]] = Field(default_factory=dict)
    """Labels of the nodes. A change affects new nodes only."""
    taints: Mapping[LabelKey, Taint] = Field(default_factory=dict)
    """Taints of the nodes, key to VALUE:EFFECT. A change affects new nodes only."""
    anti_affinity: StrictBool = True
    """Whether an anti-affinity group of the node pool places the nodes on different hosts, so that
    a host failure affects only one node."""
    anti_affinity_groups: tuple[Identifier, ...] = Field(default=(), max_length=7)
    """IDs of further anti-affinity groups."""
    security_groups: tuple[Identifier, ...] = Field(default=(), max_length=15)
    """IDs of further security groups, in addition to the cluster's own."""
    private_networks: tuple[Identifier, ...] = Field(default=(), max_length=16)
    """IDs of private networks to attach the nodes to."""
    deploy_target: Identifier | None = None
    """ID of the deploy target, for dedicated hosts."""
    local_storage: StrictBool = False
    """Whether the nodes' disks provide volumes (by LVM). Requires a diskSize of 100 or more. A
    change replaces the node pool."""
    ipv6: StrictBool = False
    """Whether the nodes also have an IPv6 address. A change replaces the node pool."""
    image_garbage_collection: ImageGarbageCollectionArgs | None = None
    """When kubelets remove unused images. Default: the kubelet's."""
    replace_on_upgrade: StrictBool = True
    """Whether an upgrade of Kubernetes replaces the node pool. If false, its nodes keep their
    version until you replace them."""

    @property
    def repelling_taints(self) -> dict[str, str]:
        """Taints that reject pods without a toleration."""
        effects = (":NoSchedule", ":NoExecute")
        return {key: taint for key, taint in self.taints.items() if taint.endswith(effects)}

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a nodepool that Exoscale does not support."""
        if self.size > GROUP_SIZE and (self.anti_affinity or self.anti_affinity_groups):
            message = (
                f"must be {GROUP_SIZE} or less, the limit of an anti-affinity group, unless"
                " antiAffinity is false and antiAffinityGroups is empty"
            )
            yield Problem(("size",), self.size, message)
        family, _, size = self.instance_type.partition(".")
        if size in TOO_SMALL:
            message = f"must be {family}.small or larger: SKS does not support smaller nodes"
            yield Problem(("instanceType",), self.instance_type, message)
        if self.local_storage and self.disk_size < LOCAL_STORAGE_DISK:
            message = f"must be {LOCAL_STORAGE_DISK} or more if localStorage is true"
            yield Problem(("diskSize",), self.disk_size, message)
