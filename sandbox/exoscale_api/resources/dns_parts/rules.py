"""The rules for domain names and records.

Exoscale serves DNS with DNSimple: the SOA record of a domain names `admin.dnsimple.com`
(exoscale/terraform-provider-exoscale, `examples/dns/README.md`). An invalid value is answered with
400 and "Validation failed" (exoscale/egoscale, pull request 266: "content: can't be blank"). The
rules without another source here are those of the DNS (RFC 1034, 1035, 1912), of which the real API
may check fewer.
"""

import re
from collections.abc import Iterable

from dns import rdata
from dns.exception import DNSException

from sandbox.exoscale_api.dns_zones import ascii_name, origin, presentation
from sandbox.exoscale_api.errors import BadRequest
from sandbox.exoscale_api.store import Json

_NAME_MAXIMUM = 253
_TTL_MAXIMUM = 2**31 - 1
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)
_RECORD_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*')
_TEXT_BYTES = 255
"""The length of a character string; a longer text consists of several."""
_OF_DNSIMPLE = {"ALIAS": "CNAME", "POOL": "CNAME", "URL": None}
"""Types that the DNS doesn't have, and the type of the DNS whose content they have."""


def invalid(field: str, reason: str) -> BadRequest:
    """Returns the API's error for an invalid field."""
    return BadRequest(f"Validation failed ({field}: {reason})")


def domain_name(name: str) -> str:
    """Returns the name of a new domain, in lower case.

    Raises:
        BadRequest: unless it is a domain name with a dot.
    """
    if not name:
        raise invalid("name", "can't be blank")
    try:
        text = ascii_name(name)
    except UnicodeError:
        text = ""
    labels = text.split(".")
    if len(labels) < 2 or len(text) > _NAME_MAXIMUM or not all(map(_LABEL.fullmatch, labels)):
        raise invalid("name", "is an invalid domain")
    return name.lower()


def normalized(type_: str, content: str) -> str:
    """Returns the content as the API stores it.

    A text is quoted (exoscale/terraform-provider-exoscale 0.66.0,
    `resource_exoscale_domain_record_test.go`); a host has no dot at the end (its
    `examples/dns/README.md`).
    """
    if type_ == "TXT":
        if not content or _QUOTED.fullmatch(content):
            return content
        parts = [content[i : i + _TEXT_BYTES] for i in range(0, len(content), _TEXT_BYTES)]
        escaped = [part.replace("\\", "\\\\").replace('"', '\\"') for part in parts]
        return " ".join(f'"{part}"' for part in escaped)
    return content.removesuffix(".") if type_ in ("ALIAS", "CNAME", "MX", "NS", "SRV") else content


def check_record(domain: Json, record: Json, others: Iterable[Json]) -> None:
    """Checks a new or changed record.

    Args:
        domain: its domain.
        record: the record.
        others: the other records of the domain.

    Raises:
        BadRequest: if its name or content is invalid, or if another record excludes it.
    """
    name, type_, content = record["name"], record["type"], record["content"]
    _check_name(name, origin(domain))
    _check_content(record)
    if record["ttl"] > _TTL_MAXIMUM:
        raise invalid("ttl", f"must be at most {_TTL_MAXIMUM}")
    for other in others:
        if other["name"].lower() != name.lower():
            continue
        if (other["type"], other["content"]) == (type_, content):
            raise invalid("base", f"a {type_} record with this name and content already exists")
        if _excludes(type_, other["type"]) or _excludes(other["type"], type_):
            reason = f"a {type_} record can't have the name of a record of type {other['type']}"
            raise invalid("base", reason)


def _excludes(type_: str, other: str) -> bool:
    """Returns whether a record can't exist beside one of type `other` with the same name.

    A CNAME record excludes all others (RFC 1034, section 3.6.2), so it can't be at the apex. An
    ALIAS record is answered with addresses, so it excludes other sources of them.
    """
    return type_ == "CNAME" or (type_ == "ALIAS" and other in ("A", "AAAA", "ALIAS"))


def _check_name(name: str, domain: str) -> None:
    labels = name.split(".") if name else []
    rest = labels[1:] if labels and labels[0] == "*" else labels
    if not all(map(_RECORD_LABEL.fullmatch, rest)) or len(f"{name}.{domain}") > _NAME_MAXIMUM:
        raise invalid("name", f"is not valid: {name}")


def _check_content(record: Json) -> None:
    if not record["content"]:
        raise invalid("content", "can't be blank")
    type_ = _OF_DNSIMPLE.get(record["type"], record["type"])
    if type_ is None:
        return
    try:
        rdata.from_text("IN", type_, presentation(record))
    except (DNSException, ValueError) as error:
        reason = f"is not valid for a record of type {record['type']}: {record['content']}"
        raise invalid("content", reason) from error
