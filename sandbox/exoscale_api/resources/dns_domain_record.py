"""The records of DNS domains. The DNS server answers with them at once.

What the OpenAPI document refuses is not checked here: an unknown type, among them SPF, which the
Terraform provider still lists, and a TTL of 0 in an update.
"""

from sandbox.exoscale_api import timestamp
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.dns_zones import DOMAIN, RECORD
from sandbox.exoscale_api.errors import NotFound
from sandbox.exoscale_api.jobs import Reference
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.resources.dns_parts import rules, zone
from sandbox.exoscale_api.store import Json

KIND = RECORD
_UPDATABLE = ("name", "content", "ttl", "priority")


def create_dns_domain_record(call: Call) -> Json:
    fields = {key: call.body[key] for key in ("type", *_UPDATABLE) if key in call.body}
    with call.store.transaction():
        domain = _domain(call)
        return _save(call, domain, zone.new_record(**fields))


def list_dns_domain_records(call: Call) -> Json:
    return {f"{KIND}s": zone.records(call.store, _domain(call)["id"])}


def get_dns_domain_record(call: Call) -> Json:
    return _record(call, _domain(call))


def update_dns_domain_record(call: Call) -> Json:
    changes = {key: call.body[key] for key in _UPDATABLE if key in call.body}
    with call.store.transaction():
        domain = _domain(call)
        record = _record(call, domain)
        _refuse_system_record(record)
        return _save(call, domain, record | changes | {"updated-at": timestamp.now()})


def delete_dns_domain_record(call: Call) -> Json:
    with call.store.transaction():
        domain = _domain(call)
        record = _record(call, domain)
        _refuse_system_record(record)
        call.store.delete(KIND, record["id"])
        return _done(call, domain, record)


def _save(call: Call, domain: Json, record: Json) -> Json:
    record = record | {"content": rules.normalized(record["type"], record["content"])}
    stored = zone.records(call.store, domain["id"])
    others = [other for other in stored if other["id"] != record["id"]]
    rules.check_record(domain, record, others)
    call.store.put(KIND, record, parent=domain["id"])
    return _done(call, domain, record)


def _done(call: Call, domain: Json, record: Json) -> Json:
    zone.bump_serial(call.store, domain["id"])
    path = f"/{DOMAIN}/{domain['id']}/record/{record['id']}"
    return call.jobs.done(Reference(record["id"], path, f"get-{KIND}"))


def _domain(call: Call) -> Json:
    return call.require(DOMAIN, call.path["domain-id"])


def _record(call: Call, domain: Json) -> Json:
    id_ = call.path["record-id"]
    for record in zone.records(call.store, domain["id"]):
        if record["id"] == id_:
            return record
    raise NotFound(f"{KIND} {id_} not found")


def _refuse_system_record(record: Json) -> None:
    """Checks that a record is not one of those that a domain always has.

    Exoscale marks them with `system-record`. That it refuses changes of them is an assumption.

    Raises:
        BadRequest: if it is.
    """
    if record["system-record"]:
        raise rules.invalid("base", f"the {record['type']} record is a system record")


RESOURCE = Resource(
    KIND,
    operations={
        "create-dns-domain-record": create_dns_domain_record,
        "list-dns-domain-records": list_dns_domain_records,
        "get-dns-domain-record": get_dns_domain_record,
        "update-dns-domain-record": update_dns_domain_record,
        "delete-dns-domain-record": delete_dns_domain_record,
    },
    status=Listing(
        "records",
        fields=("id", "name", "type", "content", "ttl", "system-record", "zone", "parent"),
        columns={
            "record": lambda entry: entry["name"] or "@",
            "domain": "parent",
            "type": "type",
            "content": "content",
            "ttl": "ttl",
        },
        within=DOMAIN,
    ),
)
