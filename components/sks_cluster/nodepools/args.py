"""A nodepool's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt, StrictStr

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
    """When a kubelet removes images that nothing uses."""

    low_threshold: Percent = 80
    """Down to this use of the disk, in percent. The default is the kubelet's."""
    high_threshold: Percent = 85
    """From this use of the disk on, in percent. The default is the kubelet's."""
    min_age: Duration = "2m"
    """Images younger than this stay. The default is the kubelet's."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for thresholds in the wrong order."""
        low, high = self.low_threshold, self.high_threshold
        if high <= low:
            yield Problem(("highThreshold",), high, f"must be more than lowThreshold, {low}")


GROUP_SIZE = 8
"""Instances of an anti-affinity group (Exoscale's limit)."""

TOO_SMALL = ("micro", "tiny")
"""Sizes of instances below 2 GB of memory, which SKS needs.

Source: community.exoscale.com, "Containers, Overview, Limitations", quoted in
exoscale/terraform-provider-exoscale, issue 447.
"""

LOCAL_STORAGE_DISK = 100
"""GiB of disk that local storage needs.

Source: exoscale/terraform-provider-exoscale v0.66.0, `storage_lvm` of `exoscale_sks_nodepool`.
"""


class NodePoolArgs(Args):
    """One nodepool: so many nodes of one kind, each on a host of its own."""

    name: DnsLabel = Field(examples=["workers"])
    """What tells it from the stack's other nodepools. Another name is another nodepool."""
    instance_type: InstanceType
    """Size of the nodes, as family.size; `exo compute instance-type list` lists them. SKS needs
    `small` or larger. A change is for nodes made from now on."""
    size: StrictInt = Field(ge=1, examples=[3])
    """Number of nodes; with an anti-affinity group, at most 8. A smaller number drains nodes before
    they are removed."""
    disk_size: StrictInt = Field(default=50, ge=20, le=51200)
    """GiB of each node's disk. A change is for nodes made from now on."""
    description: Description | None = None
    """Text that Exoscale shows."""
    instance_prefix: InstancePrefix = "pool"
    """What the nodes' names begin with. The default is Exoscale's."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """The nodes' labels. A change is for nodes made from now on."""
    taints: dict[LabelKey, Taint] = Field(default_factory=dict)
    """The nodes' taints, key to VALUE:EFFECT. A change is for nodes made from now on."""
    anti_affinity: StrictBool = True
    """The nodes are on different hosts, by a group of their own: one host's end takes one node."""
    anti_affinity_groups: tuple[Identifier, ...] = Field(default=(), max_length=7)
    """IDs of further anti-affinity groups."""
    security_groups: tuple[Identifier, ...] = Field(default=(), max_length=15)
    """IDs of further security groups, beside the cluster's own."""
    private_networks: tuple[Identifier, ...] = Field(default=(), max_length=16)
    """IDs of private networks that the nodes are in."""
    deploy_target: Identifier | None = None
    """ID of the deploy target: dedicated hosts."""
    local_storage: StrictBool = False
    """The nodes' disks serve volumes, by LVM, which needs a diskSize of 100 or more. A change
    replaces the nodepool."""
    ipv6: StrictBool = False
    """The nodes have an IPv6 address too. A change replaces the nodepool."""
    image_garbage_collection: ImageGarbageCollectionArgs | None = None
    """When the kubelets remove unused images. Without it: the kubelet's defaults."""
    replace_on_upgrade: StrictBool = True
    """A new version of Kubernetes replaces the nodepool. If false, its nodes keep theirs until you
    replace them."""

    @property
    def repelling_taints(self) -> dict[str, str]:
        """The taints that keep pods without a toleration away."""
        effects = (":NoSchedule", ":NoExecute")
        return {key: taint for key, taint in self.taints.items() if taint.endswith(effects)}

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a nodepool that Exoscale refuses."""
        if self.size > GROUP_SIZE and (self.anti_affinity or self.anti_affinity_groups):
            message = (
                f"must be {GROUP_SIZE} or less, as many as an anti-affinity group holds, unless"
                " antiAffinity is false and antiAffinityGroups empty"
            )
            yield Problem(("size",), self.size, message)
        family, _, size = self.instance_type.partition(".")
        if size in TOO_SMALL:
            message = f"must be {family}.small or larger: SKS refuses smaller nodes"
            yield Problem(("instanceType",), self.instance_type, message)
        if self.local_storage and self.disk_size < LOCAL_STORAGE_DISK:
            message = f"must be {LOCAL_STORAGE_DISK} or more, unless localStorage is false"
            yield Problem(("diskSize",), self.disk_size, message)
