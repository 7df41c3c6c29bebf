"""The DNS zones of an account: its domains and records, as the name server takes them."""

from collections.abc import Iterator

from sandbox.exoscale_api.store import Json, Store
from sandbox.name_server.zone import Record, Zone, full_name

DOMAIN = "dns-domain"
RECORD = "dns-domain-record"

_HOSTS = ("ALIAS", "CNAME", "MX", "NS", "POOL", "SRV")
"""Types whose content ends with a host, which the API stores without the dot at its end."""
_PRIORITIZED = ("MX", "SRV")


def dns_zones(store: Store) -> list[Zone]:
    """Returns the zones as they are stored."""
    return [
        Zone(full_name(origin(domain)), _records(store, domain)) for domain in store.list(DOMAIN)
    ]


def origin(domain: Json) -> str:
    """Returns a domain's name in the form that DNS queries have."""
    return ascii_name(domain["unicode-name"])


def ascii_name(name: str) -> str:
    """
    >>> ascii_name("Bücher.Example")
    'xn--bcher-kva.example'
    """
    return name.encode("idna").decode().lower()


def presentation(record: Json) -> str:
    """Returns a record's content in the format of zone files."""
    content: str = record["content"]
    if record["type"] == "SOA":
        server, mailbox, numbers = content.split(" ", 2)
        return f"{server}. {mailbox}. {numbers}"
    priority = f"{record.get('priority', 0)} " if record["type"] in _PRIORITIZED else ""
    return f"{priority}{content}{'.' if record['type'] in _HOSTS else ''}"


def _records(store: Store, domain: Json) -> Iterator[Record]:
    for record in store.list(RECORD, parent=domain["id"]):
        name = full_name(record["name"], origin(domain))
        yield Record(name, record["type"], record["ttl"], presentation(record))
