"""The version of a nodepool: which Kubernetes its instances to come have, and their template.

"Nodepools will always get the latest template available matching its current running minor
release" (https://community.exoscale.com/documentation/sks/lifecycle-management). An upgrade of the
cluster makes that the new minor; instances that exist keep theirs until they are cycled.
"""

from collections.abc import Iterable
from uuid import NAMESPACE_URL, uuid5

from packaging.version import Version

from sandbox.exoscale_api.store import Json


def latest_patch(version: str, available: Iterable[str]) -> str:
    """The newest version of the minor of `version`."""
    minor = Version(version).release[:2]
    same = [other for other in (version, *available) if Version(other).release[:2] == minor]
    return max(same, key=Version)


def template_id(version: str, variant: str) -> str:
    """The id of the instance template of a Kubernetes version, the same one each time."""
    return str(uuid5(NAMESPACE_URL, f"sks-template/{version}/{variant}"))


def of_version(version: str) -> Json:
    """The fields of a nodepool that its version makes."""
    return {"version": version, "template": {"id": template_id(version, "standard")}}
