"""The records that the program declares, and those that it refuses to touch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components.dns import existing_records, zone
from components.dns.args import DnsArgs, record_name
from components.dns.dns import Dns
from components.dns.existing_records import ExistingRecord, refuse_existing, remove_leftover
from stack.args import StackArgs
from stack.compose import declare as declare_stack
from tests.program.manifests import declare
from tests.program.unit.engine import ZONE, ZONE_ID, Engine, run
from tests.program.unit.exoscale_server import exoscale_server
from tests.program.unit.recorded_resources import requests
from tests.program.unit.stack_settings import VALID, changed, mistakes

APP = {"name": "web", "image": "example/web:1"}
DNS = changed("dns", {"zone": ZONE})
OWN = "203.0.113.9"


def settings(*apps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A stack with the zone and these applications."""
    return {**DNS, "apps": [APP | app for app in apps], **keys}


def records(engine: Engine) -> dict[str, tuple[str, str]]:
    """Type and content of the records, by name."""
    return {
        each["name"]: (each["recordType"], each["content"])
        for each in engine.of_type("DomainRecord").values()
    }


def pointed(host: str, address: str, *, as_output: bool = False) -> dict[str, tuple[str, str]]:
    def program() -> pulumi.Output[str]:
        dns = Dns("dns", DnsArgs(zone=ZONE))
        dns.point(pulumi.Output.from_input(host) if as_output else host, address)
        return dns.zone_id

    return records(run(program)[0])


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(pulumi, "info", lines.append)
    return lines


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("example.com", ""),
        ("shop.example.com", "shop"),
        ("a.b.example.com", "a.b"),
        ("*.example.com", "*"),
        ("notexample.com", None),
        ("example.com.org", None),
        ("shop.example.org", None),
    ],
)
def test_a_host_has_a_name_in_its_zone(host: str, name: str | None) -> None:
    assert record_name(host, "example.com") == name


def test_the_zone_may_be_an_output() -> None:
    def program() -> pulumi.Output[str]:
        dns = Dns("dns", DnsArgs(zone=pulumi.Output.from_input(ZONE)))
        for host in ("shop.example.com", "example.com"):
            dns.point(host, OWN)
        return dns.zone_id

    engine, identity = run(program)
    assert identity == ZONE_ID
    assert records(engine) == {"shop": ("A", OWN), "": ("A", OWN)}


@pytest.mark.parametrize("preview", [True, False])
def test_a_zone_that_another_resource_creates_is_unknown_until_it_is_there(preview: bool) -> None:
    def program() -> None:
        zone = pulumi.Output.from_input("example.org")
        Dns("dns", DnsArgs(zone=zone)).point("shop.example.org", OWN)

    if preview:
        (record,) = run(program, preview=True)[0].of_type("DomainRecord").values()
        assert record["name"] == "shop"
        assert not isinstance(record.get("domain"), str)
    else:
        with pytest.raises(pulumi.RunError, match=r'dns.zone: "example.org": must be a DNS zone'):
            run(program)


def test_a_host_must_be_in_a_zone_that_is_an_output() -> None:
    def program() -> None:
        Dns("dns", DnsArgs(zone=pulumi.Output.from_input(ZONE))).point("shop.example.org", OWN)

    with pytest.raises(pulumi.RunError, match=r"must be in the DNS zone example.com"):
        run(program)


def test_a_zone_that_is_an_output_is_created_by_its_own_resource() -> None:
    async def check() -> None:
        with pytest.raises(ValidationError, match="must be false if zone is an output"):
            DnsArgs(zone=pulumi.Output.from_input(ZONE), create=True)

    asyncio.run(check())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("zone", "Example.com", 'dns.zone: "Example.com": must be a domain name in lower case'),
        ("zone", "com", 'dns.zone: "com": must be a domain name in lower case'),
        ("ttl", 59, "dns.ttl: 59: must be 60 or more"),
        ("ttl", 86401, "dns.ttl: 86401: must be 86400 or less"),
    ],
)
def test_wrong_settings(key: str, value: Any, message: str) -> None:
    (line,) = mistakes(changed("dns", {"zone": ZONE, key: value}))
    assert line.startswith(message)


def test_each_host_in_the_zone_has_a_record(told: list[str]) -> None:
    hosts = {"host": "example.com", "additionalHosts": ["www.example.com", "shop.example.org"]}
    engine = declare(settings(hosts, {"name": "api", "host": "*.example.com"}))
    assert records(engine) == {
        "": ("A", "203.0.113.7"),
        "www": ("A", "203.0.113.7"),
        "*": ("A", "203.0.113.7"),
    }
    assert {each["ttl"] for each in engine.of_type("DomainRecord").values()} == {300}
    assert {each["domain"] for each in engine.of_type("DomainRecord").values()} == {ZONE_ID}
    assert told == [
        "shop.example.org is not in the DNS zone example.com: point shop.example.org at 203.0.113.7"
    ]
    assert not engine.of_type("Domain")


def test_applications_on_the_paths_of_a_host_share_its_record() -> None:
    host = "shop.example.com"
    engine = declare(settings({"host": host}, {"name": "api", "host": host, "path": "/api"}))
    assert [*records(engine)] == ["shop"]


def test_without_hosts_and_without_the_setting_there_are_none(told: list[str]) -> None:
    assert records(declare(settings({"path": "/shop"}))) == {}
    engine = declare({**VALID, "apps": [APP | {"host": "shop.example.org"}]})
    assert not engine.of_type("Dns")
    assert told == []


def test_a_host_with_a_load_balancer_of_its_own_leads_there() -> None:
    class Balanced(Engine):
        def new_resource(self, args: Any) -> Any:
            identity, state = super().new_resource(args)
            if args.name == "web.web":
                state["status"] = {"loadBalancer": {"ingress": [{"ip": OWN}]}}
            return identity, state

    found = settings(
        {"host": "shop.example.com", "service": "LoadBalancer"},
        {"name": "api", "host": "api.example.com"},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.program.unit.engine.Engine", Balanced)
        engine = declare(found)
    assert records(engine) == {"shop": ("A", OWN), "api": ("A", "203.0.113.7")}


def test_two_load_balancers_can_not_share_a_host() -> None:
    host = {"host": "shop.example.com"}
    own = {"name": "own", "additionalHosts": ["shop.example.com"], "host": "a.example.com"}
    (line,) = mistakes(settings(host | {"path": "/web"}, own | {"service": "LoadBalancer"}))
    assert line == (
        'apps[1].additionalHosts[0]: "shop.example.com": must differ from apps[0].host, which has'
        " another load balancer: the DNS record of a host leads to one of them"
    )


def test_hosts_outside_of_the_zone_may_be_shared() -> None:
    one, two = ({"host": "shop.example.org", "path": path} for path in ("/a", "/b"))
    declare(settings(one, two | {"name": "own", "service": "LoadBalancer"}))


def test_a_record_is_the_host_s_and_not_the_application_s() -> None:
    """So that it stays where it is while the host moves to another application."""
    before = requests(settings({"host": "shop.example.com"}))
    after = requests(settings({"name": "other", "host": "shop.example.com"}))
    (urn,) = [urn for urn in before if ":DomainRecord::" in urn]
    assert urn.endswith("::shop.example.com")
    assert before[urn] == after[urn]


def test_a_record_follows_the_controller() -> None:
    found = requests(settings({"host": "shop.example.com"}))
    (record,) = [each for urn, each in found.items() if ":DomainRecord::" in urn]
    depended = [urn.split("::")[2].rpartition("$")[2] for urn in record["dependencies"]]
    assert "kubernetes:helm.sh/v3:Release" in depended
    assert "pulumi:index:Stash" in depended
    assert record["deleteBeforeReplace"]


@pytest.mark.parametrize(
    ("host", "address", "record"),
    [
        ("shop.example.com", "203.0.113.1", ("A", "203.0.113.1")),
        ("shop.example.com", "2001:db8::1", ("AAAA", "2001:db8::1")),
        ("shop.example.com", "lb.example.net", ("CNAME", "lb.example.net")),
        ("example.com", "lb.example.net", ("ALIAS", "lb.example.net")),
    ],
)
def test_the_type_of_a_record_is_that_of_the_address(
    host: str, address: str, record: tuple[str, str]
) -> None:
    assert [*pointed(host, address).values()] == [record]


def test_an_existing_controller_may_have_a_host_name() -> None:
    controller = {"existing": {"address": "lb.example.net"}}
    existing = {"existingCluster": {"kubeconfig": '{"kind": "Config"}'}, "ingress": controller}
    apps = [APP | {"host": "shop.example.com"}]
    engine = declare({"dns": {"zone": ZONE}, "apps": apps, **existing})
    assert records(engine) == {"shop": ("CNAME", "lb.example.net")}


def test_a_host_may_be_an_output() -> None:
    assert pointed("shop.example.com", OWN, as_output=True) == {"shop": ("A", OWN)}
    with pytest.raises(pulumi.RunError, match=r'^"shop.org": must be in the DNS zone example.com$'):
        pointed("shop.org", OWN, as_output=True)


def test_a_load_balancer_without_an_address() -> None:
    with pytest.raises(pulumi.RunError, match=r"^shop.example.com: what serves it has no address"):
        pointed("shop.example.com", "")


def test_a_zone_that_exists_is_imported_and_never_deleted() -> None:
    found = requests(settings(dns={"zone": ZONE, "create": True}))
    (domain,) = [each for urn, each in found.items() if ":Domain::" in urn]
    assert domain["importId"] == ZONE_ID
    assert domain["retainOnDelete"]


def test_a_new_zone_has_name_servers_for_the_registrar() -> None:
    values = settings(dns={"zone": "example.org", "create": True})
    found = requests(values)
    (domain,) = [each for urn, each in found.items() if ":Domain::" in urn]
    assert "importId" not in domain
    stack = StackArgs.model_validate(values)
    _, outputs = run(lambda: declare_stack(stack))
    assert outputs["name_servers"] == ["ns1.exoscale.ch"]


def test_a_zone_that_is_not_there_is_told_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {"dns-domains": [{"id": "2", "unicode-name": name} for name in ("b.ch", "a.ch")]}
    with exoscale_server(monkeypatch, found) as server:
        with pytest.raises(pulumi.RunError) as caught:
            zone.zone_identity("example.com", create=False)
        assert zone.zone_identity("b.ch", create=False) == "2"
        assert zone.zone_identity("example.com", create=True) is None
    assert {path for path, _ in server.asked} == {"/v2/dns-domain"}
    assert str(caught.value) == (
        'dns.zone: "example.com": must be a DNS zone of the account: a.ch, b.ch; to create the'
        " zone, set dns.create to true"
    )


def test_the_environment_must_have_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXOSCALE_API_KEY", raising=False)
    with pytest.raises(pulumi.RunError, match="EXOSCALE_API_KEY and EXOSCALE_API_SECRET must be"):
        zone.zone_identity("example.com", create=False)


RECORD = {"id": "1", "name": "shop", "type": "A", "content": OWN}
OTHERS = [
    {"id": "8", "name": "", "type": "NS", "content": "ns1.exoscale.ch"},
    {"id": "9", "name": "shop", "type": "TXT", "content": "verified"},
    {"id": "7", "name": "www", "type": "A", "content": OWN},
]
NEW = {"domain": ZONE_ID, "name": "shop", "recordType": "A", "content": OWN}
REFUSED = (
    "shop.example.com: a DNS record already exists, which another stack or person created: A"
    " {}. Remove the host there, or delete the record: exo dns remove example.com 1"
)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The records of the zone, which can be deleted."""
    found = [RECORD, *OTHERS]

    def delete(identity: str, record: str) -> None:
        assert identity == ZONE_ID
        found[:] = [each for each in found if each["id"] != record]

    monkeypatch.setattr(existing_records, "zone_records", lambda identity: found)
    monkeypatch.setattr(existing_records, "delete_record", delete)
    return found


def run_hook(create: Callable[[], pulumi.ResourceHookBinding]) -> bool:
    """Run the hook of a creation; return whether it also runs in previews."""

    def program() -> pulumi.Output[bool]:
        hook: Any = (create().before_create or [])[0]
        arguments = pulumi.ResourceHookArgs(urn="", id="", name="", type="", new_inputs=NEW)
        done = pulumi.Output.from_input(hook.callback(arguments))
        return done.apply(lambda _: bool(hook.opts and hook.opts.on_dry_run))

    return bool(run(program)[1])


def claimed() -> bool:
    def create() -> pulumi.ResourceHookBinding:
        identity = pulumi.Output.from_input(ZONE_ID)
        return refuse_existing("shop.example.com", ZONE, identity, "shop")

    return run_hook(create)


def created() -> bool:
    return run_hook(lambda: remove_leftover("shop.example.com", ZONE))


def test_a_record_that_exists_can_not_be_claimed(stored: list[dict[str, Any]]) -> None:
    with pytest.raises(ExistingRecord) as caught:
        claimed()
    assert str(caught.value) == REFUSED.format(OWN)
    stored.remove(RECORD)
    assert claimed()
    assert stored == OTHERS


def test_the_record_of_an_interrupted_run_is_replaced(
    stored: list[dict[str, Any]], told: list[str]
) -> None:
    assert not created()
    assert stored == OTHERS
    assert told == ["shop.example.com: the record of an interrupted run is replaced"]


def test_a_record_that_was_created_since_the_claim_is_refused(
    stored: list[dict[str, Any]],
) -> None:
    stored[0] = RECORD | {"content": "192.0.2.1"}
    with pytest.raises(ExistingRecord) as caught:
        created()
    assert str(caught.value) == REFUSED.format("192.0.2.1")
    assert len(stored) == 4
