"""What the account can have, as Exoscale tells it in one round of questions.

Exoscale refuses a zone, a version, an instance type or one instance too many when it is asked to
create it, which is after other resources were created, and cost.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from ...exoscale.api import SHORT_TIMEOUT, ExoscaleApi, ExoscaleApiError
from ...lifecycle.kubernetes_api import in_thread

QUESTIONS = {
    "list-zones": ("/zone", "zones"),
    "list-sks-cluster-versions": ("/sks-cluster-version", "sks-cluster-versions"),
    "list-instance-types": ("/instance-type", "instance-types"),
    "list-quotas": ("/quota", "quotas"),
}
"""Operation to its path, and the key of the list in the answer (Exoscale's OpenAPI)."""

INSTANCES, CLUSTERS = "instance", "sks-cluster"
"""Quotas that a cluster needs, by Exoscale's names (exoscale/cli, `cmd/limits.go`)."""

NOUNS = {INSTANCES: "instances", CLUSTERS: "SKS clusters"}

MORE = "ask for a higher quota in Exoscale's portal (Organization, Quotas)"

Json = Mapping[str, Any]


class Account:
    """What an account can have. What Exoscale did not tell is taken as possible.

    Each method returns what is allowed instead, as a message has it; nothing where all is well.
    """

    def __init__(self, answers: Mapping[str, Sequence[Any]]) -> None:
        """Take the lists that Exoscale answered, by operation."""
        self._zones = [zone["name"] for zone in answers.get("list-zones", ())]
        self._versions = answers.get("list-sks-cluster-versions", ())
        self._types: dict[str, Json] = {
            f"{each['family']}.{each['size']}": each
            for each in answers.get("list-instance-types", ())
        }
        self._quotas: dict[str, Json] = {
            each["resource"]: each for each in answers.get("list-quotas", ())
        }

    def zone(self, zone: str) -> str:
        """Look for the zone."""
        if not self._zones or zone in self._zones:
            return ""
        return f"must be a zone of the account: {', '.join(self._zones)}"

    def version(self, version: str) -> str:
        """Look for the version, which a new cluster or an upgrade is to have."""
        if not self._versions or version in self._versions:
            return ""
        return f"must be a version that Exoscale offers: {', '.join(self._versions)}"

    def instance_type(self, name: str, zone: str) -> str:
        """Look for the instance type in the zone."""
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

    def quota(self, resource: str, more: int) -> str:
        """Look whether there is room for so many more. A limit of -1 is none (OpenAPI, quota)."""
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
    """Ask Exoscale all questions, side by side; warn of those that it does not answer."""
    api = ExoscaleApi.for_any_zone()
    answers: dict[str, Sequence[Any]] = {}
    failures: dict[str, str] = {}

    async def one(operation: str, path: str, key: str) -> None:
        if api is None:
            failures[operation] = "EXOSCALE_API_KEY and EXOSCALE_API_SECRET are not set"
            return
        try:
            answers[operation] = (await in_thread(api.get, path, SHORT_TIMEOUT)).get(key, ())
        except ExoscaleApiError as error:
            failures[operation] = str(error)

    await asyncio.gather(*(one(name, *where) for name, where in QUESTIONS.items()))
    if failures:
        pulumi.warn(
            f"Exoscale does not tell what the account can have ({', '.join(sorted(failures))}): "
            f"{next(iter(failures.values()))}. What it refuses fails in the `up`, after other "
            "resources are created. A key needs a role that allows these operations: docs/iam"
        )
    return Account(answers)
