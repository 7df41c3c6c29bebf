"""DNS domains, which belong to the account. Their records are in `dns_domain_record`."""

from uuid import uuid4

from sandbox.exoscale_api import timestamp
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.dns_zones import DOMAIN, RECORD, ascii_name, origin
from sandbox.exoscale_api.quotas import Quota
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.resources.dns_parts import rules, zone
from sandbox.exoscale_api.store import Json

KIND = DOMAIN
_QUOTA = Quota("dns-domain", KIND, limit=50)
"""At Exoscale, the subscription for DNS sets the number of zones (community.exoscale.com, "What is
Exoscale DNS?"). The quota's name and limit are the sandbox's own.
"""


def create_dns_domain(call: Call) -> Json:
    name = rules.domain_name(call.body.get("unicode-name", ""))
    domain = {"id": str(uuid4()), "unicode-name": name, "created-at": timestamp.now()}
    with call.store.transaction():
        listed = call.store.list(KIND)
        if any(origin(other) == ascii_name(name) for other in listed):
            raise rules.invalid("name", "has already been taken")
        call.organization.quotas.enforce(_QUOTA)
        call.store.put(KIND, domain)
        zone.add_system_records(call.store, domain["id"])
        return call.done(KIND, domain["id"])


def list_dns_domains(call: Call) -> Json:
    return {f"{KIND}s": call.store.list(KIND)}


def get_dns_domain(call: Call) -> Json:
    return call.require(KIND, call.path["id"])


def get_dns_domain_zone_file(call: Call) -> Json:
    domain = call.require(KIND, call.path["id"])
    return {"zone-file": zone.zone_file(domain, zone.records(call.store, domain["id"]))}


def delete_dns_domain(call: Call) -> Json:
    """Deletes a domain with all its records."""
    id_ = call.path["id"]
    with call.store.transaction():
        call.require(KIND, id_)
        for record in zone.records(call.store, id_):
            call.store.delete(RECORD, record["id"])
        call.store.delete(KIND, id_)
        return call.done(KIND, id_)


RESOURCE = Resource(
    KIND,
    operations={
        "create-dns-domain": create_dns_domain,
        "list-dns-domains": list_dns_domains,
        "get-dns-domain": get_dns_domain,
        "get-dns-domain-zone-file": get_dns_domain_zone_file,
        "delete-dns-domain": delete_dns_domain,
    },
    quota=_QUOTA,
    status=Listing(
        f"{KIND}s",
        fields=("id", "zone", "parent"),
        derived=lambda stored: {"name": stored["unicode-name"]},
        columns={"dns domain": "name", "records": lambda entry: len(entry["records"])},
        position=6,
    ),
)
