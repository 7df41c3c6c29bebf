"""Zones, versions, instance types and quotas of an Exoscale account.

Exoscale rejects an invalid zone, version or instance type, or an instance above the quota, only at
its creation. At that time, other resources already exist and cause costs.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from ...exoscale.api import SHORT_TIMEOUT, ExoscaleApi, ExoscaleApiError
from ...lifecycle.kubernetes_api import in_thread

LISTS = {
    "list-zones": ("/zone", "zones"),
    "list-sks-cluster-versions": ("/sks-cluster-version", "sks-cluster-versions"),
    "list-instance-types": ("/instance-type", "instance-types"),
    "list-quotas": ("/quota", "quotas"),
}
"""API operation to its path and the key of the list in the answer (Exoscale's OpenAPI)."""

INSTANCES, CLUSTERS = "instance", "sks-cluster"
"""Exoscale's names of the quotas that a cluster uses (exoscale/cli, `cmd/limits.go`)."""

NOUNS = {INSTANCES: "instances", CLUSTERS: "SKS clusters"}

QUOTA_HINT = "request a higher quota in Exoscale's portal (Organization, Quotas)"

Json = Mapping[str, Any]


class Account:
    """The limits of an account. If Exoscale did not return a list, everything is allowed.

    Each method returns an error message that says what is allowed, or an empty string.
    """

    def __init__(self, answers: Mapping[str, Sequence[Any]]) -> None:
        """Creates an account from the lists that Exoscale returned, by operation."""
        self._zones = [zone["name"] for zone in answers.get("list-zones", ())]
        self._versions = answers.get("list-sks-cluster-versions", ())
        self._types: dict[str, Json] = {
            f"{each['family']}.{each['size']}": each
            for each in answers.get("list-instance-types", ())
        }
        self._quotas: dict[str, Json] = {
            each["resource"]: each for each in answers.get("list-quotas", ())
        }

    def zone_error(self, zone: str) -> str:
        """Checks a zone."""
        if not self._zones or zone in self._zones:
            return ""
        return f"must be a zone of the account: {', '.join(self._zones)}"

    def version_error(self, version: str) -> str:
        """Checks the Kubernetes version of a new cluster or an upgrade."""
        if not self._versions or version in self._versions:
            return ""
        return f"must be a version that Exoscale offers: {', '.join(self._versions)}"

    def instance_type_error(self, name: str, zone: str) -> str:
        """Checks an instance type in a zone."""
        if not self._types:
            return ""
        found = self._types.get(name)
        if found is None:
            close = difflib.get_close_matches(name, self._types, n=1)
            hint = f'did you mean "{close[0]}"?' if close else "see exo compute instance-type list"
            return f"must be an instance type of Exoscale: {hint}"
        zones = found.get("zones", [zone])
        if zone not in zones:
            return f"must be an instance type of {zone}; this one is in {', '.join(zones)}"
        if not found.get("authorized", True):
            return (
                "must be an instance type that the account is authorized for; ask Exoscale's "
                "support for this one"
            )
        return ""

    def quota_error(self, resource: str, more: int) -> str:
        """Checks whether the quota allows `more` objects. -1 means no limit (OpenAPI, quota)."""
        found = self._quotas.get(resource)
        if found is None or found["limit"] < 0 or found["usage"] + more <= found["limit"]:
            return ""
        usage, limit = found["usage"], found["limit"]
        left = max(0, limit - usage)
        return (
            f"needs {more} more, and the account's quota of {NOUNS[resource]} leaves {left} "
            f"({usage} of {limit} used)"
        )


async def read_account() -> Account:
    """Reads the lists from Exoscale concurrently, and warns about those that it does not return."""
    api = ExoscaleApi.for_any_zone()
    answers: dict[str, Sequence[Any]] = {}
    failures: dict[str, str] = {}

    async def read(operation: str, path: str, key: str) -> None:
        if api is None:
            failures[operation] = "EXOSCALE_API_KEY and EXOSCALE_API_SECRET are not set"
            return
        try:
            answers[operation] = (await in_thread(api.get, path, SHORT_TIMEOUT)).get(key, ())
        except ExoscaleApiError as error:
            failures[operation] = str(error)

    await asyncio.gather(*(read(name, *source) for name, source in LISTS.items()))
    if failures:
        pulumi.warn(
            f"the limits of the account can't be read ({', '.join(sorted(failures))}): "
            f"{next(iter(failures.values()))}. If Exoscale rejects a setting, `pulumi up` fails "
            "after it has created other resources. The role of the API key must allow these "
            "operations: docs/iam"
        )
    return Account(answers)
