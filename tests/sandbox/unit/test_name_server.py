"""The answers of the DNS server, from records that Exoscale's client creates."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from dns import flags, message, query, rcode, rdatatype
from dns.message import Message

from sandbox.account import LOOPBACK
from sandbox.exoscale_api import dns_zones
from sandbox.name_server.server import NameServer
from tests.support.exoscale_account import Account

SECONDS = 5
NOERROR, NXDOMAIN, REFUSED, SERVFAIL = (
    rcode.NOERROR,
    rcode.NXDOMAIN,
    rcode.REFUSED,
    rcode.SERVFAIL,
)

ZONES: dict[str, list[dict[str, Any]]] = {
    "example.com": [
        {"name": "", "type": "A", "content": "192.0.2.1", "ttl": 60},
        {"name": "", "type": "TXT", "content": "hello world"},
        {"name": "", "type": "CAA", "content": '0 issue "letsencrypt.org"'},
        {"name": "", "type": "MX", "content": "mail.example.com", "priority": 10},
        {"name": "www", "type": "CNAME", "content": "shop.example.com"},
        {"name": "shop", "type": "A", "content": "192.0.2.1"},
        {"name": "shop", "type": "A", "content": "192.0.2.2"},
        {"name": "shop", "type": "AAAA", "content": "2001:db8::1"},
        {"name": "a.b", "type": "A", "content": "192.0.2.3"},
        {"name": "*.apps", "type": "A", "content": "192.0.2.4"},
        {"name": "own.apps", "type": "TXT", "content": "own"},
        {"name": "abroad", "type": "CNAME", "content": "www.example.org"},
        {"name": "lost", "type": "CNAME", "content": "absent.example.com"},
        {"name": "round", "type": "CNAME", "content": "trip.example.com"},
        {"name": "trip", "type": "CNAME", "content": "round.example.com"},
        {"name": "across", "type": "CNAME", "content": "www.example.net"},
        {"name": "_http._tcp", "type": "SRV", "content": "5 443 shop.example.com", "priority": 1},
        {"name": "given", "type": "NS", "content": "ns.example.org"},
        {"name": "far", "type": "ALIAS", "content": "www.example.org"},
        {"name": "url", "type": "URL", "content": "https://example.org"},
    ],
    "example.net": [
        {"name": "", "type": "ALIAS", "content": "www.example.com", "ttl": 30},
        {"name": "www", "type": "A", "content": "192.0.2.9"},
    ],
    "dev.example.com": [{"name": "shop", "type": "A", "content": "192.0.2.5"}],
}


def add(account: Account, zone: str, record: dict[str, Any]) -> None:
    account.done(account.api.create_dns_domain_record(domain_id=zone, **record))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = Account(tmp_path_factory.mktemp("dns"))
    for name, records in ZONES.items():
        zone = account.done(account.api.create_dns_domain(unicode_name=name))
        for record in records:
            add(account, zone, record)
    return account


@pytest.fixture(scope="module")
def port(account: Account) -> Iterator[int]:
    """The port of a server of the account's zones."""
    listener = socket.create_server((LOOPBACK, 0))
    port: int = listener.getsockname()[1]
    datagrams = socket.socket(type=socket.SOCK_DGRAM)
    datagrams.bind((LOOPBACK, port))
    server = NameServer(lambda: dns_zones(account.app.state.organization.store))
    loop = asyncio.new_event_loop()
    task = loop.create_task(server.serve(datagrams, listener))

    def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run)
    thread.start()
    yield port
    loop.call_soon_threadsafe(task.cancel)
    thread.join(SECONDS)
    assert not thread.is_alive()


def ask(port: int, name: str, type_: str = "A", **options: Any) -> Message:
    """The answer over UDP."""
    return query.udp(
        message.make_query(name, type_, **options), LOOPBACK, SECONDS, port, ignore_trailing=False
    )


def lines(answer: Message) -> list[str]:
    return sorted(line for each in answer.answer for line in each.to_text().splitlines())


def authority(answer: Message) -> list[str]:
    return [f"{each.name} {rdatatype.to_text(each.rdtype)}" for each in answer.authority]


@pytest.mark.parametrize(
    ("name", "type_", "expected"),
    [
        ("example.com", "A", ["example.com. 60 IN A 192.0.2.1"]),
        ("example.com", "TXT", ['example.com. 3600 IN TXT "hello world"']),
        ("example.com", "CAA", ['example.com. 3600 IN CAA 0 issue "letsencrypt.org"']),
        ("example.com", "MX", ["example.com. 3600 IN MX 10 mail.example.com."]),
        (
            "example.com",
            "NS",
            [f"example.com. 3600 IN NS ns1.exoscale.{end}." for end in ("ch", "com", "io", "net")],
        ),
        (
            "shop.example.com",
            "A",
            [f"shop.example.com. 3600 IN A 192.0.2.{last}" for last in (1, 2)],
        ),
        ("shop.example.com", "AAAA", ["shop.example.com. 3600 IN AAAA 2001:db8::1"]),
        (
            "www.example.com",
            "AAAA",
            [
                "shop.example.com. 3600 IN AAAA 2001:db8::1",
                "www.example.com. 3600 IN CNAME shop.example.com.",
            ],
        ),
        ("www.example.com", "CNAME", ["www.example.com. 3600 IN CNAME shop.example.com."]),
        ("abroad.example.com", "A", ["abroad.example.com. 3600 IN CNAME www.example.org."]),
        (
            "across.example.com",
            "A",
            [
                "across.example.com. 3600 IN CNAME www.example.net.",
                "www.example.net. 3600 IN A 192.0.2.9",
            ],
        ),
        ("example.net", "A", [f"example.net. 30 IN A 192.0.2.{last}" for last in (1, 2)]),
        ("any.apps.example.com", "A", ["any.apps.example.com. 3600 IN A 192.0.2.4"]),
        ("a.b.apps.example.com", "A", ["a.b.apps.example.com. 3600 IN A 192.0.2.4"]),
        ("shop.dev.example.com", "A", ["shop.dev.example.com. 3600 IN A 192.0.2.5"]),
        ("SHOP.Dev.example.COM", "A", ["SHOP.Dev.example.COM. 3600 IN A 192.0.2.5"]),
        (
            "_http._tcp.example.com",
            "SRV",
            ["_http._tcp.example.com. 3600 IN SRV 1 5 443 shop.example.com."],
        ),
    ],
)
def test_answers(port: int, name: str, type_: str, expected: list[str]) -> None:
    answer = ask(port, name, type_)
    assert answer.rcode() == NOERROR
    assert answer.flags & flags.AA
    assert lines(answer) == expected
    assert answer.authority == []


@pytest.mark.parametrize(
    ("name", "type_", "code"),
    [
        ("absent.example.com", "A", NXDOMAIN),
        ("absent.example.com", "TXT", NXDOMAIN),
        ("a.shop.example.com", "A", NXDOMAIN),
        ("lost.example.com", "A", NXDOMAIN),
        ("example.com", "AAAA", NOERROR),
        ("b.example.com", "A", NOERROR),
        ("apps.example.com", "A", NOERROR),
        ("own.apps.example.com", "A", NOERROR),
        ("any.apps.example.com", "TXT", NOERROR),
    ],
)
def test_what_is_not_there(port: int, name: str, type_: str, code: rcode.Rcode) -> None:
    """A name that doesn't exist, or one that has no record of the type."""
    answer = ask(port, name, type_)
    assert answer.rcode() == code
    assert authority(answer) == ["example.com. SOA"]
    assert answer.authority[0].ttl == 300
    assert not [each for each in answer.answer if each.rdtype != rdatatype.CNAME]


@pytest.mark.parametrize(
    ("name", "type_", "code"),
    [
        ("example.org", "A", REFUSED),
        ("com", "A", REFUSED),
        ("notexample.com", "A", REFUSED),
        (".", "NS", REFUSED),
        ("example.com", "AXFR", REFUSED),
        ("round.example.com", "A", SERVFAIL),
        ("far.example.com", "A", SERVFAIL),
        ("url.example.com", "A", SERVFAIL),
    ],
)
def test_what_is_not_answered(port: int, name: str, type_: str, code: rcode.Rcode) -> None:
    asked = message.make_query(name, type_)
    answer = query.tcp(asked, LOOPBACK, SECONDS, port)
    assert (answer.rcode(), answer.answer, answer.authority) == (code, [], [])
    assert not answer.flags & flags.AA


def test_a_part_that_is_delegated(port: int) -> None:
    answer = ask(port, "www.given.example.com")
    assert (answer.rcode(), answer.answer) == (NOERROR, [])
    assert authority(answer) == ["given.example.com. NS"]
    assert not answer.flags & flags.AA


def test_records_are_visible_at_once(port: int, account: Account) -> None:
    assert ask(port, "new.example.com").rcode() == NXDOMAIN
    domains = account.api.list_dns_domains()["dns-domains"]
    (zone,) = [each["id"] for each in domains if each["unicode-name"] == "example.com"]
    soa = ask(port, "example.com", "SOA").answer[0][0]
    add(account, zone, {"name": "new", "type": "A", "content": "192.0.2.7"})
    assert lines(ask(port, "new.example.com")) == ["new.example.com. 3600 IN A 192.0.2.7"]
    assert ask(port, "example.com", "SOA").answer[0][0].serial > soa.serial


def test_a_large_answer_is_truncated_over_udp(port: int, account: Account) -> None:
    zone = account.done(account.api.create_dns_domain(unicode_name="large.example"))
    for number in range(10):
        add(account, zone, {"name": "", "type": "TXT", "content": f"{number}" * 200})
    cut = ask(port, "large.example", "TXT")
    assert (cut.answer, bool(cut.flags & flags.TC)) == ([], True)
    asked = message.make_query("large.example", "TXT")
    whole, over_tcp = query.udp_with_fallback(asked, LOOPBACK, SECONDS, port)
    assert over_tcp
    assert len(whole.answer[0]) == 10
    one = ask(port, "large.example", "NS", use_edns=0, payload=4096)
    assert (one.edns, one.flags & flags.TC) == (0, 0)


def test_several_queries_on_a_connection(port: int) -> None:
    with socket.create_connection((LOOPBACK, port), SECONDS) as connection:
        for name in ("shop.example.com", "www.example.com"):
            asked = message.make_query(name, "A")
            assert query.tcp(asked, LOOPBACK, SECONDS, sock=connection).answer


def exchange(port: int, wire: bytes) -> bytes:
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS)
        client.sendto(wire, (LOOPBACK, port))
        return client.recv(65535)


def test_malformed_messages(port: int, account: Account) -> None:
    asked = message.make_query("example.com", "A").to_wire()
    answer = message.from_wire(exchange(port, asked[:-1]), ignore_trailing=True)
    assert (answer.rcode(), answer.id) == (rcode.FORMERR, int.from_bytes(asked[:2], "big"))
    update = bytearray(asked)
    update[2] |= 5 << 3
    assert message.from_wire(exchange(port, bytes(update))).rcode() in (
        rcode.NOTIMP,
        rcode.FORMERR,
    )
    notify = bytearray(asked)
    notify[2] |= 4 << 3
    assert message.from_wire(exchange(port, bytes(notify))).rcode() == rcode.NOTIMP
    server = NameServer(lambda: dns_zones(account.app.state.organization.store))
    for nothing in (b"short", message.make_response(message.from_wire(asked)).to_wire()):
        assert server.answer(nothing, datagram=True) is None


def test_the_name_is_compared_without_case_and_kept(port: int) -> None:
    answer = ask(port, "wWw.ExAmPlE.cOm")
    assert str(answer.answer[0].name) == "wWw.ExAmPlE.cOm."
