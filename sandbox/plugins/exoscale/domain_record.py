"""`exoscale:index:DomainRecord`, and the function `getDomainRecord`.

Source: exoscale/terraform-provider-exoscale 0.66.0, `exoscale/resource_exoscale_domain_record.go`
and `datasource_exoscale_domain_record.go`; exoscale/egoscale v3, `UpdateDNSDomainRecordRequest`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.plugins.exoscale import validators
from sandbox.plugins.exoscale.api import (
    DEFAULT_ZONE,
    Clients,
    ProviderCall,
    V3Client,
    api_errors,
    describe,
    is_not_found,
)
from sandbox.plugins.exoscale.domain import domains, failing
from sandbox.plugins.exoscale.fields import (
    Field,
    autonamed,
    forcing_replacement,
    given,
    optional,
    output,
)
from sandbox.plugins.exoscale.resource import Properties, ResourceType
from sandbox.plugins.rpc import ProviderError

TYPES = (
    "A",
    "AAAA",
    "ALIAS",
    "CAA",
    "CNAME",
    "HINFO",
    "MX",
    "NAPTR",
    "NS",
    "POOL",
    "SPF",
    "SRV",
    "SSHFP",
    "TXT",
    "URL",
)


class DomainRecord(ResourceType):
    token = "exoscale:index/domainRecord:DomainRecord"
    schema_version = 1
    fields: ClassVar[tuple[Field, ...]] = (
        given("content"),
        output("contentNormalized"),
        output("hostname"),
        autonamed(),
        optional("prio", "integer", computed=True),
        optional("ttl", "integer", computed=True),
        *forcing_replacement(
            given("domain"),
            given("recordType", check=validators.one_of(*TYPES, ignore_case=True)),
        ),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.v3(DEFAULT_ZONE)
        numbers = {"ttl": inputs.get("ttl"), "priority": inputs.get("prio")}
        try:
            operation = client.create_dns_domain_record(
                domain_id=inputs["domain"],
                name=inputs["name"],
                type=inputs["recordType"],
                content=inputs["content"],
                **{key: value for key, value in numbers.items() if value},
            )
        except api_errors() as error:
            text = json.dumps(describe(error), ensure_ascii=False)  # the provider quotes it too
            raise ProviderError(f"error creating domain record: {text}") from error
        call.object_id = operation["reference"]["id"]
        with failing("error creating domain record"):
            call.wait(client, operation, "creating the domain record")
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        """Returns the current outputs. An import, which has no state, looks in all domains.

        Raises:
            ProviderError: if a record of the state doesn't exist. The official provider fails too,
                because `resourceDomainRecordExists` checks for egoscale v2's error, not for that
                of v3.
        """
        client = call.account.v3(DEFAULT_ZONE)
        if not state.get("domain"):
            return _imported(call, client, object_id)
        try:
            record = client.get_dns_domain_record(domain_id=state["domain"], record_id=object_id)
        except api_errors() as error:
            if not is_not_found(error):
                raise
            raise ProviderError(describe(error)) from error
        return _outputs(client.get_dns_domain(id=state["domain"]), record)

    def refreshed(self, state: Properties, found: Properties) -> dict[str, Any]:
        """Returns the content only if it has changed: it may be the program's in other words."""
        content = found["contentNormalized"]
        return {} if content == state.get("contentNormalized") else {"content": content}

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Updates the record. As in egoscale, an empty name and a 0 are not sent.

        Therefore a record can't be moved to the apex of its domain.
        """
        client = call.account.v3(DEFAULT_ZONE)
        body = {
            "name": news["name"],
            "content": news["content"],
            "ttl": news.get("ttl", state.get("ttl")),
            "priority": news.get("prio", state.get("prio")),
        }
        with failing("error updating domain record"):
            operation = client.update_dns_domain_record(
                domain_id=state["domain"],
                record_id=object_id,
                **{key: value for key, value in body.items() if value},
            )
            call.wait(client, operation, "updating the domain record")

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.v3(DEFAULT_ZONE)
        where = {"domain_id": state["domain"], "record_id": object_id}
        with failing("error retrieving domain record"):
            client.get_dns_domain_record(**where)
        with failing("error deleting domain record"):
            operation = client.delete_dns_domain_record(**where)
            call.wait(client, operation, "deleting the domain record")


def domain_records(account: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the result of `getDomainRecord`; raises ProviderError if no record matches."""
    client = account.v3(DEFAULT_ZONE)
    wanted = {key: value for key, value in args.get("filter", {}).items() if value}
    if not wanted or (len(wanted) > 1 and wanted.keys() != {"name", "recordType"}):
        raise ProviderError(
            "filter: set id, contentRegex, or name and recordType (at least one of the two)"
        )
    with failing("error retrieving domain list"):
        found = [domain for domain in domains(client) if domain["unicode-name"] == args["domain"]]
    if not found:
        raise ProviderError(f'domain "{args["domain"]}" not found')
    records = _matching(client, found[0]["id"], wanted)
    if not records:
        raise ProviderError("no records found")
    identities = "".join(record["id"] for record in records)
    return {
        "id": hashlib.md5(identities.encode(), usedforsecurity=False).hexdigest(),
        "domain": args["domain"],
        "filter": wanted,
        "records": [
            {
                "id": record["id"],
                "domain": found[0]["id"],
                "name": record["name"],
                "content": record["content"],
                "recordType": record["type"],
                "ttl": record["ttl"],
                "prio": record.get("priority", 0),
            }
            for record in records
        ],
    }


def _matching(client: V3Client, domain: str, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    if "id" in wanted:
        with failing("error retrieving domain record"):
            return [client.get_dns_domain_record(domain_id=domain, record_id=wanted["id"])]
    listed = _records(client, domain)
    if "contentRegex" in wanted:
        try:
            pattern = re.compile(wanted["contentRegex"])
        except re.error as error:
            raise ProviderError(f"error parsing regex: {error}") from error
        return [record for record in listed if pattern.search(record["content"])]
    name, type_ = wanted.get("name"), wanted.get("recordType")
    return [
        record
        for record in listed
        if name in (None, record["name"]) and type_ in (None, record["type"])
    ]


def _imported(call: ProviderCall, client: V3Client, wanted: str) -> dict[str, Any] | None:
    """Returns the outputs of the record with this ID or name, None if it doesn't exist."""
    for domain in domains(client):
        found = [r for r in _records(client, domain["id"]) if wanted in (r["name"], r["id"])]
        if len(found) > 1:
            raise ProviderError(
                f'"{wanted}" too many found in ListDNSDomainRecordsResponse: Conflict'
            )
        for record in found:
            call.object_id = record["id"]
            return {"domain": domain["id"], **_outputs(domain, record)}
    return None


def _records(client: V3Client, domain: str) -> list[dict[str, Any]]:
    with failing("error retrieving domain records"):
        listed: list[dict[str, Any]] = client.list_dns_domain_records(domain_id=domain)[
            "dns-domain-records"
        ]
    return listed


def _outputs(domain: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    name, origin = record["name"], domain["unicode-name"]
    return {
        "name": name,
        "contentNormalized": record["content"],
        "recordType": record["type"],
        "ttl": record["ttl"],
        "prio": record.get("priority", 0),
        "hostname": f"{name}.{origin}" if name else origin,
    }
