"""The settings of a DNS zone at Exoscale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ..args.inputs import Input, is_known
from ..args.problem import Problem
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

    zone: Input[ZoneName]
    """Name of the zone. The program creates a record for each host of an application that is the
    zone's name or ends with it. A change moves the records."""
    create: StrictBool = False
    """Whether the program creates the zone if the account does not have it. The output
    `name_servers` then lists the name servers to set at the domain's registrar. The program never
    deletes a zone."""
    ttl: Annotated[StrictInt, Field(ge=60, le=86400, examples=[3600])] = 300
    """Time in seconds for which resolvers cache the records, and so the time until a new address
    reaches everyone."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem if the program would create a zone whose name it does not know."""
        if self.create and not is_known(self.zone):
            message = "must be false if zone is an output: the resource creates the zone"
            yield Problem(("create",), True, message)

    def contains(self, host: str) -> bool:
        """Returns whether a host is in the zone. Each may be, if the zone's name is unknown."""
        return not is_known(self.zone) or record_name(host, self.zone) is not None


def record_name(host: str, zone: str) -> str | None:
    """Returns the name of a host's record in a zone, or None if the zone does not contain it.

    The name of the zone itself (the apex) is empty.
    """
    if host == zone:
        return ""
    return host.removesuffix(f".{zone}") if host.endswith(f".{zone}") else None
