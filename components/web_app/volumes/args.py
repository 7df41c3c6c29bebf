"""The settings of an application's volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, StrictBool, field_validator

from ...args.problem import Problem
from ...args.resources import Memory
from ...args.types import Args, Dns1123Label, given
from ...volume.args import ClaimedVolume, ExistingVolume, StorageClass
from ..names import OWN_VOLUMES

TEMPORARY_KEYS = frozenset({"medium", "sizeLimit"})
PERSISTENT_KEYS = frozenset({"storageClass", "keep", "volume", "allowDataLoss"})


class VolumeArgs(Args):
    """A volume that the pod's containers share. With `size`, it is persistent, and the application
    has one pod. Without it, the volume is empty at first and deleted with the pod."""

    name: Dns1123Label = Field(examples=["shared-logs"])
    """Unique name, which mounts refer to."""
    size: Memory | None = Field(default=None, examples=["20Gi"])
    """Size of a persistent volume, at Exoscale in whole GiB. It can grow, but not shrink. The
    application is stopped while a volume of Exoscale grows. Default: the volume is temporary."""
    storage_class: StorageClass | None = None
    """With size: storage class. Default: one of Exoscale's, depending on keep; it requires
    cluster.csi."""
    keep: StrictBool = True
    """With size: whether the volume is kept when the application is deleted. A kept volume still
    costs. With false and a volume in the stack's own cluster, `pulumi destroy` needs
    `--run-program`."""
    volume: ExistingVolume | None = None
    """With size: an existing volume to use, with its files: ZONE/ID of a block storage volume, or
    `kept` for the volume that this application has left under this name in the cluster. Default: a
    new volume."""
    allow_data_loss: StrictBool = False
    """With size: whether a change may leave the files behind. By default, such a change is
    rejected."""
    medium: Literal["disk", "memory"] = "disk"
    """Without size: medium of the volume. Contents in memory count towards the containers'
    memory."""
    size_limit: Memory | None = None
    """Without size: maximum size. A pod that exceeds it is evicted. Default: no limit."""

    @field_validator("name")
    @classmethod
    def _not_own(cls, name: str) -> str:
        if name in OWN_VOLUMES:
            raise ValueError(f"must be another one than {', '.join(sorted(OWN_VOLUMES))}")
        return name

    @property
    def claimed(self) -> ClaimedVolume | None:
        """Returns the persistent volume, or None if the volume is temporary."""
        if self.size is None:
            return None
        return ClaimedVolume(self.size, self.storage_class, self.volume, self.keep)

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for each key of the other kind of volume, and for the size."""
        others, message = PERSISTENT_KEYS, "requires size: without it, the volume is temporary"
        if self.size is not None:
            others, message = TEMPORARY_KEYS, "must not be given with size, for a persistent volume"
        for key, value in given(self).items():
            if key in others and value is not None:
                yield Problem((key,), value, message)
        if self.claimed and (required := self.claimed.required_size):
            yield Problem(("size",), self.size, required)
        if self.claimed and (required := self.claimed.required_volume):
            yield Problem(("volume",), self.volume, required)
