"""What a user can do about a change that leaves data behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_DATABASES = "docs/databases.md describes how to move data"
_VOLUMES = "docs/applications.md describes how to move files"


class Messages(NamedTuple):
    """The messages about one kind of data.

    Attributes:
        settings: the keys of the settings that locate the data, by the entries of a record.
        another: what to do about a change of such a setting.
        gone: what happened if there is no record anymore.
        restore: what to do about that.
    """

    settings: Mapping[str, str]
    another: str
    gone: str
    restore: str


DATABASE = Messages(
    settings={
        "kind": "database.kind",
        "storageClass": "database.storageClass (or keepData)",
        "volume": "database.volume",
        "zone": "database.zone",
    },
    another="a new database would replace it, without this data or its password; to continue, set "
    f"database.allowDataLoss: true for this change; {_DATABASES}",
    gone="database: it was removed, or its application was renamed",
    restore="its data would be left behind or deleted; to continue without it, restore the "
    "database with database.allowDataLoss: true, run `pulumi up`, and then repeat this change; "
    f"{_DATABASES}",
)
DUMP = (
    "dump the data, set database.allowDataLoss: true for this change, which creates a new, empty "
    f"database, and restore the data; {_DATABASES}"
)
OTHER_DATABASE_VOLUME = f"set another database.volume, or remove it; {_DATABASES}"

VOLUME = Messages(
    settings={"storageClass": "storageClass (or keep)"},
    another="a new volume would replace it, without these files; to continue, set allowDataLoss: "
    f"true of this volume for this change; {_VOLUMES}",
    gone="volume: it was removed or renamed, or its application was",
    restore="its files would be left behind or deleted; to continue without them, restore the "
    "volume with allowDataLoss: true, run `pulumi up`, and then repeat this change; "
    f"{_VOLUMES}",
)
STILL_USED = f"first run `pulumi up` without the volume, then add it again; {_VOLUMES}"
