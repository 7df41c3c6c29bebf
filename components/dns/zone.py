"""DNS zones and records, as Exoscale's API returns them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from ..args.problem import line
from ..exoscale.api import ExoscaleApi

NO_KEY = (
    "dns: EXOSCALE_API_KEY and EXOSCALE_API_SECRET must be set, also with existingCluster: the"
    " program reads the DNS zones of the account"
)

Record = Mapping[str, Any]


def dns_api() -> ExoscaleApi:
    """Returns a client. DNS is the same in each zone of Exoscale.

    Raises:
        pulumi.RunError: the environment has no API key.
    """
    if api := ExoscaleApi.for_any_zone():
        return api
    raise pulumi.RunError(NO_KEY)


def zone_identity(zone: str, *, create: bool) -> str | None:
    """Returns the ID of a zone, or None if it does not exist and is to be created.

    Source: Exoscale's OpenAPI, `list-dns-domains`.

    Raises:
        pulumi.RunError: the zone does not exist. The message lists those that do.
        ExoscaleApiError: the API returns an error or does not answer.
    """
    found = dns_api().get("/dns-domain").get("dns-domains", ())
    zones = {each["unicode-name"]: each["id"] for each in found}
    if zone in zones or create:
        return zones.get(zone)
    allowed = (
        f"must be a DNS zone of the account: {', '.join(sorted(zones)) or 'it has none'}; to create"
        " the zone, set dns.create to true"
    )
    raise pulumi.RunError(line(("dns", "zone"), zone, allowed))


def zone_records(identity: str) -> Sequence[Record]:
    """Returns the records of a zone.

    Source: Exoscale's OpenAPI, `list-dns-domain-records`.

    Raises:
        ExoscaleApiError: the API returns an error or does not answer.
    """
    path = f"/dns-domain/{identity}/record"
    found: Sequence[Record] = dns_api().get(path).get("dns-domain-records", ())
    return found


def delete_record(identity: str, record: str) -> None:
    """Deletes a record of a zone.

    Raises:
        ExoscaleApiError: the API returns an error or does not answer.
    """
    dns_api().delete(f"/dns-domain/{identity}/record/{record}")
