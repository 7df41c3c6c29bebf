"""DNS records, as Exoscale's API has them: of a program that is a zone alone, and of a whole stack.

The zone has records that are not the program's, and has them in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from exoscale.api.v2 import Client

from tests.support.account import Sandbox
from tests.support.served_account import ServedAccount, served_account
from tests.support.stack import Stack, copy_project

pytestmark = pytest.mark.integration

PROGRAM = """
import pulumi

from components.dns.args import DnsArgs
from components.dns.dns import Dns

config = pulumi.Config()
dns = Dns("dns", DnsArgs.model_validate(config.require_object("dns")))
for host, address in config.require_object("hosts").items():
    dns.point(host, address)
if dns.name_servers:
    pulumi.export("name_servers", dns.name_servers)
"""
ZONE = "example.com"
SHOP, WWW = f"shop.{ZONE}", f"www.{ZONE}"
ONE, TWO = "203.0.113.1", "203.0.113.2"
MAIL = ("mail", "A", "192.0.2.25")
DESTROY = ("destroy", "--yes", "--skip-preview")


@dataclass(frozen=True)
class Zone:
    """A zone in an account."""

    client: Client
    name: str = ZONE

    @property
    def id(self) -> str:
        (found,) = [
            each["id"]
            for each in self.client.list_dns_domains()["dns-domains"]
            if each["unicode-name"] == self.name
        ]
        return str(found)

    def add(self, name: str, kind: str, content: str) -> None:
        """Create a record as somebody else does."""
        added = self.client.create_dns_domain_record(
            domain_id=self.id, name=name, type=kind, content=content
        )
        self.client.wait(added["id"])

    def remove(self, name: str) -> None:
        """Delete the records of a name as somebody else does."""
        for each in self._records():
            if each["name"] == name:
                self.client.delete_dns_domain_record(domain_id=self.id, record_id=each["id"])

    def _records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.list_dns_domain_records(domain_id=self.id)[
            "dns-domain-records"
        ]
        return [each for each in found if not each.get("system-record")]

    def records(self) -> set[tuple[str, str, str]]:
        """Name, type and content of the records, but for those that each zone has."""
        return {(each["name"], each["type"], each["content"]) for each in self._records()}

    def identity(self, name: str) -> str:
        """The ID of the record of a name."""
        (found,) = [each["id"] for each in self._records() if each["name"] == name]
        return str(found)


def create_zone(client: Client, name: str = ZONE) -> Zone:
    """Create a zone with a record of somebody else's."""
    client.wait(client.create_dns_domain(unicode_name=name)["id"])
    zone = Zone(client, name)
    zone.add(*MAIL)
    return zone


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedAccount]:
    with served_account(tmp_path_factory.mktemp("account") / "account") as served:
        yield served


@pytest.fixture(scope="module")
def zone(account: ServedAccount) -> Zone:
    own = account.account
    return create_zone(Client(own.api_key, own.api_secret, url=own.endpoint))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("dns") / "project")
    (folder / "__main__.py").write_text(PROGRAM)
    return folder


class Stacks:
    """Stacks that are a zone alone, and are destroyed in the end."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self.made: list[Stack] = []

    def new(self, name: str, hosts: Mapping[str, str], **dns: Any) -> Stack:
        stack = Stack(name, self._folder, self._environment)
        stack("stack", "init")
        self.made.append(stack)
        point(stack, hosts, **dns)
        return stack


def point(stack: Stack, hosts: Mapping[str, str], **dns: Any) -> None:
    """Give the stack these hosts with their addresses."""
    stack.configure({"dns": {"zone": ZONE} | dns, "hosts": dict(hosts)})


@pytest.fixture
def stacks(sandbox: Sandbox, account: ServedAccount, zone: Zone, folder: Path) -> Iterator[Stacks]:
    found = Stacks(folder, {**sandbox.environment, **account.environment})
    yield found
    for stack in found.made:
        stack(*DESTROY)
        stack("stack", "rm", "--yes")
    assert zone.records() == {MAIL}


def test_records_follow_their_hosts_and_addresses(stacks: Stacks, zone: Zone) -> None:
    stack = stacks.new("life", {SHOP: ONE, ZONE: "lb.example.net", "shop.example.org": ONE})
    said = stack("up", "--yes", "--skip-preview")
    assert (
        f"shop.example.org is not in the DNS zone {ZONE}: point shop.example.org at {ONE}" in said
    )
    assert zone.records() == {MAIL, ("shop", "A", ONE), ("", "ALIAS", "lb.example.net")}
    stack("preview", "--expect-no-changes")
    shop = zone.identity("shop")

    point(stack, {SHOP: TWO, WWW: "2001:db8::2", f"*.{ZONE}": TWO}, ttl=600)
    stack.up()
    wildcard, www = ("*", "A", TWO), ("www", "AAAA", "2001:db8::2")
    assert zone.records() == {MAIL, ("shop", "A", TWO), wildcard, www}
    assert zone.identity("shop") == shop

    point(stack, {SHOP: "lb.example.net"}, ttl=600)  # another type is another record
    assert [step.operation for step in stack.preview() if step.name == SHOP] == ["replace"]
    stack.up()
    assert zone.records() == {MAIL, ("shop", "CNAME", "lb.example.net")}
    stack("preview", "--expect-no-changes", "--refresh")


def test_a_record_of_others_is_refused_and_stays(stacks: Stacks, zone: Zone) -> None:
    stack = stacks.new("foreign", {SHOP: ONE, f"mail.{ZONE}": ONE})
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        said = stack.refused(*command)
        assert "mail.example.com: a DNS record already exists" in said
        assert f"A {MAIL[-1]}" in said
        assert f"exo dns remove {ZONE} {zone.identity('mail')}" in said
    assert MAIL in zone.records()
    point(stack, {SHOP: ONE})
    stack.up()
    assert zone.records() == {MAIL, ("shop", "A", ONE)}


def test_of_two_stacks_that_want_one_record_the_second_is_refused(
    stacks: Stacks, zone: Zone
) -> None:
    first = stacks.new("first", {SHOP: ONE})
    first.up()
    second = stacks.new("second", {SHOP: ONE})
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        assert f"{SHOP}: a DNS record already exists" in second.refused(*command)
    point(first, {WWW: ONE})
    first.up()
    second.up()
    assert zone.records() == {MAIL, ("shop", "A", ONE), ("www", "A", ONE)}


def test_the_record_of_an_interrupted_run_is_the_stack_s_own(
    stacks: Stacks, zone: Zone, account: ServedAccount
) -> None:
    """The API created it, and the run never learned its ID."""
    stack = stacks.new("interrupted", {SHOP: ONE, WWW: ONE})
    lost = {"kind": "drop-answer"}
    account.faults.add(target="create-dns-domain-record", effect=lost, times=1)
    stack.refused("up", "--yes", "--skip-preview")
    account.faults.clear()
    stack.up()
    assert zone.records() == {MAIL, ("shop", "A", ONE), ("www", "A", ONE)}
    stack("preview", "--expect-no-changes", "--refresh")


def test_a_record_that_others_created_in_between_is_refused(
    stacks: Stacks, zone: Zone, account: ServedAccount
) -> None:
    stack = stacks.new("between", {SHOP: ONE})
    failed = {"kind": "status", "status": 400}
    account.faults.add(target="create-dns-domain-record", effect=failed)
    stack.refused("up", "--yes", "--skip-preview")
    account.faults.clear()
    zone.add("shop", "A", TWO)
    assert f"A {TWO}" in stack.refused("up", "--yes", "--skip-preview")
    assert ("shop", "A", TWO) in zone.records()
    zone.remove("shop")
    stack.up()
    assert zone.records() == {MAIL, ("shop", "A", ONE)}


def test_a_zone_that_the_stack_creates_stays(stacks: Stacks, zone: Zone) -> None:
    stack = stacks.new("new", {"shop.example.net": ONE}, zone="example.net")
    said = stack.refused("preview")
    assert f'dns.zone: "example.net": must be a DNS zone of the account: {ZONE}; to create' in said
    for _ in range(2):  # the second time, the zone is there
        point(stack, {"shop.example.net": ONE}, zone="example.net", create=True)
        stack.up()
        assert "ns1.exoscale.ch" in stack.outputs()["name_servers"]
        made = Zone(zone.client, "example.net")
        assert made.records() == {("shop", "A", ONE)}
        stack("preview", "--expect-no-changes")
        stack(*DESTROY)
        assert made.records() == set()
    zone.client.delete_dns_domain(id=made.id)
