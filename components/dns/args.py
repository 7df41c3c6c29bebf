"""The settings of a DNS zone at Exoscale."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ..args.types import Args, matches

ZoneName = Annotated[
    StrictStr,
    Field(max_length=253),
    matches(
        r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+",
        "a domain name in lower case",
        "example.com",
    ),
]


class DnsArgs(Args):
    """A DNS zone at Exoscale, with a record for each host in it."""

    zone: ZoneName
    """Name of the zone. The program creates a record for each host of an application that is the
    zone's name or ends with it. A change moves the records."""
    create: StrictBool = False
    """Whether the program creates the zone if the account does not have it. The output
    `name_servers` then lists the name servers to set at the domain's registrar. The program never
    deletes a zone."""
    ttl: Annotated[StrictInt, Field(ge=60, le=86400, examples=[3600])] = 300
    """Time in seconds for which resolvers cache the records, and so the time until a new address
    reaches everyone."""

    def record_name(self, host: str) -> str | None:
        """Returns the name of a host's record in the zone, or None if the zone does not contain it.

        The name of the zone itself (the apex) is empty.
        """
        if host == self.zone:
            return ""
        return host.removesuffix(f".{self.zone}") if host.endswith(f".{self.zone}") else None
