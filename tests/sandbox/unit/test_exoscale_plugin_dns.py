"""The Exoscale plugin's domains, records and load balancers, over an account in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.exoscale import api
from sandbox.plugins.wire import UNKNOWN
from tests.support.exoscale_account import Account
from tests.support.exoscale_plugin import Plugin, Refused

META = '{"schema_version":"1"}'
ZONE = {"zone": "ch-gva-2"}


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account(tmp_path)

    def client(_: api.Clients, zone: str | None = None) -> Any:
        return account.client(zone or api.DEFAULT_ZONE)

    monkeypatch.setattr(api.Clients, "client", client)
    return account


@pytest.fixture
def plugin(account: Account) -> Plugin:
    return Plugin()


@pytest.fixture
def domain(plugin: Plugin) -> str:
    """The ID of the domain example.com."""
    return plugin.create("Domain", {"name": "example.com"})[0]


def record(domain: Any, **fields: Any) -> dict[str, Any]:
    """The inputs of a record."""
    return {"domain": domain, "name": "www", "recordType": "A", "content": "192.0.2.1"} | fields


def test_a_domain(plugin: Plugin, account: Account) -> None:
    inputs = plugin.check("Domain", {"name": "example.com"})
    identity, state = plugin.create("Domain", inputs)
    assert state == {"id": identity, "name": "example.com", "__meta": META}
    assert account.api.get_dns_domain(id=identity)["unicode-name"] == "example.com"
    assert plugin.diff("Domain", state, inputs).replaces == []
    other = plugin.check("Domain", {"name": "example.net"})
    assert list(plugin.diff("Domain", state, other).replaces) == ["name"]
    assert plugin.read("Domain", identity)[2]["name"] == "example.com"
    plugin.delete("Domain", identity, state)
    assert plugin.read("Domain", identity, state, inputs) == ("", {}, {})
    plugin.delete("Domain", identity, state)


def test_a_domain_that_is_taken(plugin: Plugin, domain: str) -> None:
    with pytest.raises(Refused) as refused:
        plugin.create("Domain", {"name": "example.com"})
    assert str(refused.value) == (
        "1 error occurred:\n\t* unable to create domain: CreateDNSDomain: http response: "
        "Bad Request: Validation failed (name: has already been taken)\n\n"
    )


def test_a_record(plugin: Plugin, account: Account, domain: str) -> None:
    inputs = plugin.check("DomainRecord", record(domain))
    identity, state = plugin.create("DomainRecord", inputs)
    assert state == record(domain) | {
        "id": identity,
        "contentNormalized": "192.0.2.1",
        "hostname": "www.example.com",
        "ttl": 3600,
        "prio": 0,
        "__meta": META,
    }
    assert not plugin.diff("DomainRecord", state, inputs).detailedDiff
    news = plugin.check("DomainRecord", record(domain, name="web", content="192.0.2.2", ttl=60))
    state = plugin.update("DomainRecord", identity, state, news)
    found = account.api.get_dns_domain_record(domain_id=domain, record_id=identity)
    assert (found["name"], found["content"], found["ttl"]) == ("web", "192.0.2.2", 60)
    assert (state["hostname"], state["contentNormalized"]) == ("web.example.com", "192.0.2.2")
    without = plugin.check("DomainRecord", record(domain, name="web", content="192.0.2.2"))
    assert not plugin.diff("DomainRecord", state, without).detailedDiff
    plugin.delete("DomainRecord", identity, state)
    plugin.delete("DomainRecord", identity, state)


@pytest.mark.parametrize(
    "change", [{"domain": "another"}, {"recordType": "AAAA"}, {"recordType": UNKNOWN}]
)
def test_what_replaces_a_record(plugin: Plugin, domain: str, change: dict[str, Any]) -> None:
    _, state = plugin.create("DomainRecord", record(domain))
    news = plugin.check("DomainRecord", record(domain) | change)
    answer = plugin.diff("DomainRecord", state, news)
    assert (list(answer.replaces), answer.deleteBeforeReplace) == ([*change], True)


def test_a_text_keeps_the_programs_spelling(plugin: Plugin, account: Account, domain: str) -> None:
    inputs = plugin.check("DomainRecord", record(domain, recordType="TXT", content="a b"))
    identity, state = plugin.create("DomainRecord", inputs)
    assert (state["content"], state["contentNormalized"]) == ("a b", '"a b"')
    _, state, _ = plugin.read("DomainRecord", identity, state, inputs)
    assert state["content"] == "a b"
    news = plugin.check("DomainRecord", record(domain, recordType="TXT", content="c"))
    state = plugin.update("DomainRecord", identity, state, news)
    assert (state["content"], state["contentNormalized"]) == ("c", '"c"')
    assert not plugin.diff("DomainRecord", state, news).detailedDiff
    account.api.update_dns_domain_record(domain_id=domain, record_id=identity, content="by hand")
    _, state, inputs = plugin.read("DomainRecord", identity, state, news)
    assert (state["content"], inputs["content"]) == ('"by hand"', '"by hand"')
    assert list(plugin.diff("DomainRecord", state, news).detailedDiff) == ["content"]


def test_a_record_at_the_apex(plugin: Plugin, domain: str) -> None:
    identity, state = plugin.create("DomainRecord", record(domain, name=""))
    assert (state["name"], state["hostname"]) == ("", "example.com")
    _, _, inputs = plugin.read("DomainRecord", identity)
    assert inputs["name"] == ""


def test_a_record_is_not_moved_to_the_apex(plugin: Plugin, domain: str) -> None:
    identity, state = plugin.create("DomainRecord", record(domain))
    news = plugin.check("DomainRecord", record(domain, name=""))
    state = plugin.update("DomainRecord", identity, state, news)
    assert state["name"] == "www"
    assert list(plugin.diff("DomainRecord", state, news).detailedDiff) == ["name"]


def test_an_import_of_a_record(plugin: Plugin, domain: str) -> None:
    identity, _ = plugin.create("DomainRecord", record(domain, ttl=60))
    for wanted in (identity, "www"):
        found, state, inputs = plugin.read("DomainRecord", wanted)
        assert (found, state["domain"], state["content"]) == (identity, domain, "192.0.2.1")
        assert inputs == record(domain, ttl=60) | {"__defaults": []}
        checked = plugin.check("DomainRecord", inputs, inputs)
        assert not plugin.diff("DomainRecord", state, checked).detailedDiff
    assert plugin.read("DomainRecord", "other") == ("", {}, {})
    plugin.create("DomainRecord", record(domain, content="192.0.2.2"))
    with pytest.raises(Refused, match="too many found in ListDNSDomainRecordsResponse"):
        plugin.read("DomainRecord", "www")


def test_a_refresh_of_a_deleted_record_fails(plugin: Plugin, account: Account, domain: str) -> None:
    inputs = plugin.check("DomainRecord", record(domain))
    identity, state = plugin.create("DomainRecord", inputs)
    account.api.delete_dns_domain_record(domain_id=domain, record_id=identity)
    with pytest.raises(Refused, match="GetDNSDomainRecord: http response: Not Found: "):
        plugin.read("DomainRecord", identity, state, inputs)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"content": "x"},
            'error creating domain record: "CreateDNSDomainRecord: http response: Bad Request: '
            'Validation failed (content: is not valid for a record of type A: x)"',
        ),
        ({"recordType": "a"}, "Invalid request: body.type: 'a' is not one of"),
        ({"domain": "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"}, "http response: Not Found: "),
    ],
)
def test_wrong_records(plugin: Plugin, domain: str, fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(Refused) as refused:
        plugin.create("DomainRecord", record(domain) | fields)
    assert problem in str(refused.value)
    assert refused.value.kept is None


def test_the_check_of_a_record(plugin: Plugin) -> None:
    (reason,) = plugin.failures("DomainRecord", record("d", recordType="PTR"))
    assert "expected record_type to be one of" in reason
    reasons = plugin.failures("DomainRecord", {"name": "www"})
    assert [name in " ".join(reasons) for name in ("content", "domain", "record_type")] == [
        True
    ] * 3


def test_a_preview_of_a_record(plugin: Plugin) -> None:
    planned = plugin.preview("DomainRecord", plugin.check("DomainRecord", record(UNKNOWN)))
    unknown = {name for name, value in planned.items() if value == UNKNOWN}
    assert unknown == {"id", "domain", "contentNormalized", "hostname", "ttl", "prio"}


def test_the_functions(plugin: Plugin, domain: str) -> None:
    assert plugin.invoke("getDomain", name="example.com") == {"id": domain, "name": "example.com"}
    identity, _ = plugin.create("DomainRecord", record(domain))
    expected = record(domain) | {"id": identity, "ttl": 3600, "prio": 0}
    for filter_ in (
        {"id": identity},
        {"name": "www"},
        {"name": "www", "recordType": "A"},
        {"contentRegex": r"^192\."},
    ):
        found = plugin.invoke("getDomainRecord", domain="example.com", filter=filter_)
        assert found["records"] == [expected]
        assert (found["domain"], found["filter"]) == ("example.com", filter_)
    servers = plugin.invoke("getDomainRecord", domain="example.com", filter={"recordType": "NS"})
    assert len(servers["records"]) == 4


@pytest.mark.parametrize(
    ("function", "arguments", "problem"),
    [
        (
            "getDomain",
            {"name": "example.net"},
            'error retrieving domain: "example.net" not found in ListDNSDomainsResponse: Not Found',
        ),
        (
            "getDomainRecord",
            {"domain": "example.net", "filter": {"name": "www"}},
            'domain "example.net" not found',
        ),
        (
            "getDomainRecord",
            {"domain": "example.com", "filter": {"name": "www"}},
            "no records found",
        ),
        (
            "getDomainRecord",
            {"domain": "example.com", "filter": {"contentRegex": "("}},
            "error parsing regex: ",
        ),
        (
            "getDomainRecord",
            {"domain": "example.com", "filter": {"id": "a", "name": "www"}},
            "filter: set id, contentRegex, or name and recordType",
        ),
    ],
)
def test_functions_that_find_nothing(
    plugin: Plugin, domain: str, function: str, arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises(Refused) as refused:
        plugin.invoke(function, **arguments)
    assert f"1 error occurred:\n\t* {problem}" in str(refused.value)


def test_a_load_balancer(plugin: Plugin, account: Account) -> None:
    given = ZONE | {"name": "shop", "description": "d", "labels": {"a": "b"}}
    inputs = plugin.check("Nlb", given)
    identity, state = plugin.create("Nlb", inputs)
    created = state.pop("createdAt")
    assert created.endswith(" +0000 UTC")
    assert state == given | {
        "id": identity,
        "ipAddress": account.api.get_load_balancer(id=identity)["ip"],
        "services": [],
        "state": "running",
    }
    state["createdAt"] = created
    assert not plugin.diff("Nlb", state, inputs).detailedDiff
    news = plugin.check("Nlb", ZONE | {"name": "kept"})
    state = plugin.update("Nlb", identity, state, news)
    found = account.api.get_load_balancer(id=identity)
    # the provider can't empty a description
    assert (found["name"], found["description"], found["labels"]) == ("kept", "d", {})
    elsewhere = plugin.check("Nlb", {"zone": "at-vie-1", "name": "kept", "description": "d"})
    assert list(plugin.diff("Nlb", state, elsewhere).replaces) == ["zone"]
    found_id, _, imported = plugin.read("Nlb", f"{identity}@ch-gva-2")
    assert (found_id, imported["name"]) == (identity, "kept")
    plugin.delete("Nlb", identity, state)
    assert plugin.read("Nlb", identity, state, news) == ("", {}, {})
    plugin.delete("Nlb", identity, state)
