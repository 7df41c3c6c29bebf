"""The settings of a volume in the cluster, for a database or an application."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field, StrictStr

from ..args.resources import quantity
from ..args.types import UUID, matches

KEPT = "kept"
"""The value of a setting `volume` for the volume that was kept under the same name."""

ExistingVolume = Annotated[
    StrictStr,
    matches(
        rf"{KEPT}|[a-z]{{2}}-[a-z]{{2,3}}-\d/{UUID}",
        f"ZONE/ID of a block storage volume, or {KEPT}",
        "ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b",
    ),
]
StorageClass = Annotated[StrictStr, Field(min_length=1, examples=["local-path"])]

RETAINING_CLASS, DELETING_CLASS = "exoscale-bs-retain", "exoscale-sbs"
"""Storage classes of Exoscale's CSI driver (exoscale-csi-driver, deployment/)."""

GIB = 2**30
MAX_VOLUME_GIB = 10000
"""Maximum size of a volume in GiB. Exoscale's CSI driver rejects larger ones, and the claim stays
Pending.

Source: exoscale-csi-driver v0.34.3, driver/controller.go.
"""


class ClaimedVolume(NamedTuple):
    """A volume, as its claim requests it.

    Attributes:
        size: its size in bytes, with the unit.
        storage_class: its storage class. Default: one of Exoscale's, depending on `keep`.
        existing: ZONE/ID of an existing volume to use, or `kept` for the one that an earlier claim
            of the same name has left in the cluster. Default: a new volume.
        keep: whether a new volume is kept when its claim is deleted.
    """

    size: str
    storage_class: str | None
    existing: str | None
    keep: bool

    @property
    def volume(self) -> str | None:
        """Returns ZONE/ID of the existing volume to use, or None."""
        return None if self.is_kept else self.existing

    @property
    def is_kept(self) -> bool:
        """Whether it is the volume that an earlier claim of the same name has left."""
        return self.existing == KEPT

    @property
    def class_name(self) -> str:
        """Returns the storage class of the claim."""
        return self.storage_class or (RETAINING_CLASS if self.keep else DELETING_CLASS)

    @property
    def is_exoscales(self) -> bool:
        """Whether it is known to be a block storage volume of Exoscale."""
        classes = (RETAINING_CLASS, DELETING_CLASS)
        return self.volume is not None or self.class_name in classes

    @property
    def is_deleted(self) -> bool:
        """Whether it is known to be deleted with its claim."""
        return self.volume is None and self.class_name == DELETING_CLASS

    @property
    def needs_csi(self) -> bool:
        """Whether it is known to require Exoscale's CSI driver."""
        return self.storage_class is None

    @property
    def required_volume(self) -> str | None:
        """Returns what the existing volume must be, or None if it is possible."""
        if self.is_kept and self.is_deleted:
            return "must be ZONE/ID if the volume is not kept"
        return None

    @property
    def required_size(self) -> str | None:
        """Returns what its size must be, or None if Exoscale accepts the size."""
        gib = quantity(self.size) / GIB
        if self.is_exoscales and (gib % 1 or not 1 <= gib <= MAX_VOLUME_GIB):
            return f"must be whole GiB, from 1Gi to {MAX_VOLUME_GIB}Gi, which Exoscale requires"
        return None
