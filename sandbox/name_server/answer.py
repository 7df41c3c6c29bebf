"""Answers of an authoritative server: a query and the zones make a response (RFC 1034, 2308)."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence

from dns import flags, message, opcode, rcode, rdata, rdataclass, rdatatype, rrset
from dns.exception import DNSException
from dns.message import Message
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset

from sandbox.name_server.zone import Record, Zone

PAYLOAD = 1232
"""The largest UDP answer in bytes, for clients that take more than 512 (DNS flag day 2020)."""

_log = logging.getLogger(__name__)

_ALIASES = 8
"""The longest chain of CNAME and ALIAS records."""
_ADDRESSES = (RdataType.A, RdataType.AAAA)
_TRANSFERS = (RdataType.AXFR, RdataType.IXFR)


class _Unanswerable(Exception):
    """The zones have a record for which this server has no answer."""


def respond(query: Message, zones: Sequence[Zone]) -> Message:
    """Returns the response to a query, which is REFUSED for a name outside the zones."""
    response = message.make_response(query, our_payload=PAYLOAD)
    if query.opcode() != opcode.QUERY:
        return _failed(response, rcode.NOTIMP)
    if len(query.question) != 1:
        return _failed(response, rcode.FORMERR)
    (question,) = query.question
    known = _zone(zones, question.name) is not None
    if not known or question.rdclass != rdataclass.IN or question.rdtype in _TRANSFERS:
        return _failed(response, rcode.REFUSED)
    response.flags |= flags.AA
    try:
        _fill(response, zones, question.name, question.rdtype)
    except (_Unanswerable, DNSException) as reason:
        _log.warning("no answer for %s: %s", question, reason)
        response.answer, response.authority = [], []
        return _failed(response, rcode.SERVFAIL)
    return response


def _failed(response: Message, code: rcode.Rcode) -> Message:
    response.flags &= ~flags.AA
    response.set_rcode(code)
    return response


def _zone(zones: Iterable[Zone], name: Name) -> Zone | None:
    """Returns the zone that contains a name: the one with the longest origin."""
    containing = [zone for zone in zones if name.is_subdomain(zone.origin)]
    return max(containing, key=lambda zone: len(zone.origin), default=None)


def _fill(response: Message, zones: Sequence[Zone], name: Name, type_: RdataType) -> None:
    """Adds the records of a name, and of those to which its CNAME records lead in the zones.

    Raises:
        _Unanswerable: if the chain is too long, or if the record is of another kind.
    """
    for _ in range(_ALIASES):
        zone = _zone(zones, name)
        if zone is None:
            return
        if servers := zone.delegation(name):
            if not response.answer:
                response.flags &= ~flags.AA
            response.authority += _sets(servers[0].name, servers)
            return
        found = zone.find(name)
        if found is None:
            response.set_rcode(rcode.NXDOMAIN)
            response.authority.append(_negative(zone))
            return
        sets = _sets(name, _with_addresses(zones, found, type_))
        aliases = [each for each in sets if each.rdtype == RdataType.CNAME]
        if aliases and type_ not in (RdataType.CNAME, RdataType.ANY):
            response.answer += aliases
            name = aliases[0][0].target
            continue
        matching = [each for each in sets if type_ in (each.rdtype, RdataType.ANY)]
        response.answer += matching
        if not matching:
            response.authority.append(_negative(zone))
        return
    raise _Unanswerable("more than 8 aliases")


def _with_addresses(
    zones: Sequence[Zone], records: Iterable[Record], type_: RdataType
) -> list[Record]:
    """Returns the records; an ALIAS is replaced by the addresses of its target.

    Raises:
        _Unanswerable: if the target is outside the zones, because this server asks no other one,
            or if there is a record of the types POOL and URL, which Exoscale's server resolves.
    """
    found = []
    for record in records:
        if record.type in ("POOL", "URL"):
            raise _Unanswerable(f"records of type {record.type} are not simulated")
        if record.type != "ALIAS":
            found.append(record)
        elif type_ in _ADDRESSES:
            target = rdata.from_text("IN", "CNAME", record.data).target  # type: ignore[attr-defined]
            if _zone(zones, target) is None:
                raise _Unanswerable(f"the target of the ALIAS record is elsewhere: {target}")
            behind = Message()
            _fill(behind, zones, target, type_)
            found += [
                Record(record.name, rdatatype.to_text(type_), record.ttl, address.to_text())
                for each in behind.answer
                if each.rdtype == type_
                for address in each
            ]
    return found


def _sets(name: Name, records: Iterable[Record]) -> list[RRset]:
    """Returns the records, grouped by type, with the name that was asked for."""
    groups: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[record.type].append(record)
    return [
        rrset.from_text_list(name, min(r.ttl for r in group), "IN", type_, [r.data for r in group])
        for type_, group in groups.items()
    ]


def _negative(zone: Zone) -> RRset:
    """Returns the SOA record of a negative answer; its TTL is that of the answer (RFC 2308)."""
    (soa,) = _sets(zone.origin, zone.apex("SOA"))
    soa.ttl = min(soa.ttl, soa[0].minimum)
    return soa
