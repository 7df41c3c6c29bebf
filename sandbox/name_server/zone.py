"""The records of a zone, as a server finds them: exact names, wildcards, delegations."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from dns import name as names
from dns.name import Name

WILDCARD = Name([b"*"])


@dataclass(frozen=True)
class Record:
    """A record with its full name. The data is in the format of zone files."""

    name: Name
    type: str
    """A type of the DNS, or ALIAS: the addresses of another name, as of the time of the query."""
    ttl: int
    data: str


class Zone:
    """A zone, which has a record of type SOA at its origin."""

    def __init__(self, origin: Name, records: Iterable[Record]) -> None:
        self.origin = origin
        self._nodes: defaultdict[Name, list[Record]] = defaultdict(list)
        for record in records:
            self._nodes[record.name].append(record)

    def with_data(self, change: Callable[[Record], str]) -> "Zone":
        """Returns a copy of the zone, in which each record has the data that `change` returns."""
        records = (record for node in self._nodes.values() for record in node)
        return Zone(self.origin, (replace(record, data=change(record)) for record in records))

    def apex(self, type_: str) -> list[Record]:
        """Returns the records of a type at the origin."""
        return [record for record in self._nodes[self.origin] if record.type == type_]

    def find(self, name: Name) -> list[Record] | None:
        """Returns the records with a name, or of the wildcard that covers it (RFC 4592).

        The list is empty if only names below it have records. None if the name doesn't exist.
        """
        if name in self._names:
            return self._nodes.get(name, [])
        encloser = name.parent()
        while encloser not in self._names:
            encloser = encloser.parent()
        return self._nodes.get(WILDCARD + encloser)

    def delegation(self, name: Name) -> list[Record]:
        """Returns the NS records of the part of the zone that contains `name`, if delegated."""
        while name != self.origin:
            if servers := [r for r in self._nodes.get(name, ()) if r.type == "NS"]:
                return servers
            name = name.parent()
        return []

    @cached_property
    def _names(self) -> set[Name]:
        """All names that exist: the origin, those with records, and those between."""
        existing = {self.origin}
        for name in self._nodes:
            while name not in existing:
                existing.add(name)
                name = name.parent()
        return existing


def full_name(name: str, origin: str = "") -> Name:
    """Returns the absolute name of `name` in the zone `origin`; an empty one is the origin's.

    >>> str(full_name("www", "example.com")), str(full_name("", "example.com"))
    ('www.example.com.', 'example.com.')
    """
    return names.from_text(".".join(filter(None, (name, origin))))
