"""The version of a nodepool: the Kubernetes version and the template of its new instances.

"Nodepools will always get the latest template available matching its current running minor
release" (https://community.exoscale.com/documentation/sks/lifecycle-management). An upgrade of the
cluster changes the minor release; existing instances keep their version until they are cycled.
"""

from collections.abc import Iterable
from uuid import NAMESPACE_URL, uuid5

from packaging.version import Version

from sandbox.exoscale_api.store import Json


def latest_patch(version: str, available: Iterable[str]) -> str:
    """Returns the newest version with the same minor release as `version`."""
    minor = Version(version).release[:2]
    same = [other for other in (version, *available) if Version(other).release[:2] == minor]
    return max(same, key=Version)


def template_id(version: str, variant: str) -> str:
    """Returns the constant ID of the instance template of a Kubernetes version."""
    return str(uuid5(NAMESPACE_URL, f"sks-template/{version}/{variant}"))


def of_version(version: str) -> Json:
    """Returns the fields of a nodepool that depend on its version."""
    return {"version": version, "template": {"id": template_id(version, "standard")}}
