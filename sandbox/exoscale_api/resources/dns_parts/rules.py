"""The rules for domain names and records.

Exoscale serves DNS with DNSimple: the SOA record of a domain names `admin.dnsimple.com`
(exoscale/terraform-provider-exoscale, `examples/dns/README.md`). An invalid value is answered with
400 and "Validation failed" (exoscale/egoscale, pull request 266: "content: can't be blank"). The
rules without another source here are those of the DNS (RFC 1034, 1035, 1912, 6844), of which the
real API may check fewer.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable

from sandbox.exoscale_api.errors import BadRequest
from sandbox.exoscale_api.store import Json

_NAME_MAXIMUM = 253
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)
_HOST_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*')
_CAA = re.compile(r'\d{1,3}\s+[a-z0-9]+\s+("[^"]*"|\S+)', re.IGNORECASE)
_NUMBER_MAXIMUM = 65535


def invalid(field: str, reason: str) -> BadRequest:
    """Returns the API's error for an invalid field."""
    return BadRequest(f"Validation failed ({field}: {reason})")


def ascii_name(name: str) -> str:
    """Returns a name in lower case, in the form that DNS queries have.

    >>> ascii_name("Bücher.Example")
    'xn--bcher-kva.example'
    """
    return name.encode("idna").decode().lower()


def domain_name(name: str) -> str:
    """Returns the name of a new domain, in lower case.

    Raises:
        BadRequest: unless it is a domain name with a dot.
    """
    if not name:
        raise invalid("name", "can't be blank")
    try:
        labels = ascii_name(name).split(".")
    except UnicodeError:
        labels = []
    too_long = sum(len(label) + 1 for label in labels) - 1 > _NAME_MAXIMUM
    if len(labels) < 2 or too_long or not all(map(_LABEL.fullmatch, labels)):
        raise invalid("name", "is an invalid domain")
    return name.lower()


def normalized(type_: str, content: str) -> str:
    """Returns the content as the API stores it.

    A text is quoted (exoscale/terraform-provider-exoscale 0.66.0,
    `resource_exoscale_domain_record_test.go`); a host has no dot at the end (its
    `examples/dns/README.md`).
    """
    if type_ in ("TXT", "SPF"):
        if _QUOTED.fullmatch(content):
            return content
        escaped = content.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return content.removesuffix(".") if type_ in ("ALIAS", "CNAME", "MX", "NS", "SRV") else content


def check_record(domain: str, record: Json, others: Iterable[Json]) -> None:
    """Checks a new or changed record.

    Args:
        domain: the name of its domain.
        record: the record.
        others: the other records of the domain.

    Raises:
        BadRequest: if its name or content is invalid, or if another record excludes it.
    """
    name, type_, content = record["name"], record["type"], record["content"]
    _check_name(domain, name)
    if not content:
        raise invalid("content", "can't be blank")
    check = _CONTENTS.get(type_)
    if check and not check(content):
        raise invalid("content", f"is not valid for a record of type {type_}: {content}")
    beside = [other for other in others if other["name"].lower() == name.lower()]
    for other in beside:
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


def _check_name(domain: str, name: str) -> None:
    labels = name.split(".") if name else []
    rest = labels[1:] if labels and labels[0] == "*" else labels
    whole = f"{name}.{domain}" if name else domain
    if not all(map(_HOST_LABEL.fullmatch, rest)) or len(ascii_name(whole)) > _NAME_MAXIMUM:
        raise invalid("name", f"is not valid: {name}")


def _is_address(version: int) -> Callable[[str], bool]:
    def check(content: str) -> bool:
        try:
            return ipaddress.ip_address(content).version == version
        except ValueError:
            return False

    return check


def _is_host(content: str) -> bool:
    labels = content.split(".")
    return len(content) <= _NAME_MAXIMUM and all(map(_HOST_LABEL.fullmatch, labels))


def _is_service(content: str) -> bool:
    """Returns whether the content is WEIGHT PORT TARGET, as the provider documents it."""
    match content.split():
        case [weight, port, target]:
            numbers = (weight, port)
            fit = all(n.isdecimal() and int(n) <= _NUMBER_MAXIMUM for n in numbers)
            return fit and _is_host(target)
    return False


_CONTENTS: dict[str, Callable[[str], bool]] = {
    "A": _is_address(4),
    "AAAA": _is_address(6),
    "ALIAS": _is_host,
    "CAA": lambda content: bool(_CAA.fullmatch(content)),
    "CNAME": _is_host,
    "MX": _is_host,
    "NS": _is_host,
    "SRV": _is_service,
}
