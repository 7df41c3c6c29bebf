"""The records of a domain: the system records, the serial number, and the zone file.

Source of the system records: exoscale/terraform-provider-exoscale, `examples/dns/README.md`, and
exoscale/egoscale v2, `dns_test.go` (the zone file).
"""

import time
from collections.abc import Iterable
from uuid import uuid4

from sandbox.exoscale_api import timestamp
from sandbox.exoscale_api.dns_zones import RECORD, origin, presentation
from sandbox.exoscale_api.store import Json, Store
from sandbox.name_server.zone import full_name

DEFAULT_TTL = 3600
NAME_SERVERS = ("ns1.exoscale.ch", "ns1.exoscale.com", "ns1.exoscale.io", "ns1.exoscale.net")
_SOA = "ns1.exoscale.ch admin.dnsimple.com {serial} 86400 7200 604800 300"


def add_system_records(store: Store, domain_id: str) -> None:
    """Adds the records that a new domain has: SOA and the name servers."""
    contents = [("SOA", _SOA.format(serial=int(time.time())))]
    contents += [("NS", server) for server in NAME_SERVERS]
    for type_, content in contents:
        record = new_record(name="", type=type_, content=content)
        store.put(RECORD, record | {"system-record": True}, parent=domain_id)


def new_record(**fields: str | int) -> Json:
    """Returns a record with these fields, which is not a system record."""
    now = timestamp.now()
    defaults = {"ttl": DEFAULT_TTL, "system-record": False, "created-at": now, "updated-at": now}
    return {"id": str(uuid4()), **defaults, **fields}


def records(store: Store, domain_id: str) -> list[Json]:
    """Returns the records of a domain, oldest first."""
    return store.list(RECORD, parent=domain_id)


def bump_serial(store: Store, domain_id: str) -> None:
    """Gives the zone a higher serial number, after a change of its records."""
    soa = next(record for record in records(store, domain_id) if record["type"] == "SOA")
    serial = max(int(time.time()), int(soa["content"].split()[2]) + 1)
    store.update(RECORD, soa["id"], content=_SOA.format(serial=serial))


def zone_file(domain: Json, records: Iterable[Json]) -> str:
    """Returns the records as a zone file."""
    lines = [f"$ORIGIN {origin(domain)}.", "$TTL 1h"]
    for record in records:
        name = full_name(record["name"], origin(domain))
        lines.append(f"{name} {record['ttl']} IN {record['type']} {presentation(record)}")
    return "\n".join(lines)
