"""DNS domains and their records, by Exoscale's own Python client."""

from pathlib import Path
from typing import Any

import pytest
from exoscale.api.exceptions import ExoscaleAPIAuthException

from sandbox.exoscale_api import summary
from sandbox.exoscale_api.auth import Credentials
from tests.support.exoscale_account import Account, refused

ABSENT = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


@pytest.fixture
def zone(account: Account) -> str:
    """The ID of the domain example.com."""
    return account.done(account.api.create_dns_domain(unicode_name="example.com"))


def add(account: Account, zone: str, name: str, type_: str, content: str, **more: Any) -> str:
    """Creates a record and returns its ID."""
    fields = {"name": name, "type": type_, "content": content, **more}
    return account.done(account.api.create_dns_domain_record(domain_id=zone, **fields))


def records(account: Account, zone: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = account.api.list_dns_domain_records(domain_id=zone)[
        "dns-domain-records"
    ]
    return listed


def serial(account: Account, zone: str) -> int:
    return int(records(account, zone)[0]["content"].split()[2])


def test_a_new_domain_has_system_records(account: Account, zone: str) -> None:
    domain = account.api.get_dns_domain(id=zone)
    assert domain["unicode-name"] == "example.com"
    assert account.api.list_dns_domains() == {"dns-domains": [domain]}
    assert account.client("de-fra-1").list_dns_domains() == {"dns-domains": [domain]}
    found = records(account, zone)
    assert [(r["name"], r["type"], r["ttl"], r["system-record"]) for r in found] == [
        ("", "SOA", 3600, True),
        *[("", "NS", 3600, True)] * 4,
    ]
    assert found[0]["content"].startswith("ns1.exoscale.ch admin.dnsimple.com ")
    assert [r["content"] for r in found[1:]] == [
        "ns1.exoscale.ch",
        "ns1.exoscale.com",
        "ns1.exoscale.io",
        "ns1.exoscale.net",
    ]
    where = {"domain_id": zone, "record_id": found[1]["id"]}
    with refused(400, "the NS record is a system record"):
        account.api.update_dns_domain_record(**where, ttl=60)
    with refused(400, "the NS record is a system record"):
        account.api.delete_dns_domain_record(**where)


def test_the_life_of_a_record(account: Account, zone: str) -> None:
    api, before = account.api, serial(account, zone)
    operation = api.create_dns_domain_record(
        domain_id=zone, name="www", type="A", content="192.0.2.1"
    )
    id_ = account.done(operation)
    assert operation["reference"] == {
        "id": id_,
        "link": f"/v2/dns-domain/{zone}/record/{id_}",
        "command": "get-dns-domain-record",
    }
    where = {"domain_id": zone, "record_id": id_}
    made = api.get_dns_domain_record(**where)
    assert (made["name"], made["type"], made["content"]) == ("www", "A", "192.0.2.1")
    assert (made["ttl"], made["system-record"], "priority" in made) == (3600, False, False)
    assert account.done(api.update_dns_domain_record(**where, content="192.0.2.2", ttl=60)) == id_
    changed = api.get_dns_domain_record(**where)
    assert (changed["name"], changed["content"], changed["ttl"]) == ("www", "192.0.2.2", 60)
    assert serial(account, zone) >= before + 2
    account.done(api.delete_dns_domain_record(**where))
    with refused(404, "dns-domain-record .* not found"):
        api.get_dns_domain_record(**where)


def test_what_is_not_there(account: Account, zone: str) -> None:
    other = account.done(account.api.create_dns_domain(unicode_name="example.net"))
    record = add(account, zone, "www", "A", "192.0.2.1")
    with refused(404, "dns-domain .* not found"):
        account.api.get_dns_domain(id=ABSENT)
    with refused(404, "dns-domain .* not found"):
        add(account, ABSENT, "www", "A", "192.0.2.1")
    with refused(404, "dns-domain-record .* not found"):
        account.api.get_dns_domain_record(domain_id=other, record_id=record)


def test_a_domain_is_deleted_with_its_records(account: Account, zone: str) -> None:
    add(account, zone, "www", "A", "192.0.2.1")
    account.done(account.api.delete_dns_domain(id=zone))
    assert account.api.list_dns_domains() == {"dns-domains": []}
    again = account.done(account.api.create_dns_domain(unicode_name="example.com"))
    assert len(records(account, again)) == 5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "name: can't be blank"),
        ("localhost", "is an invalid domain"),
        ("a b.com", "is an invalid domain"),
        ("-a.com", "is an invalid domain"),
        ("a..com", "is an invalid domain"),
        ("*.example.net", "is an invalid domain"),
        (f"{'a' * 64}.com", "is an invalid domain"),
        ("a." * 126 + "com", "is an invalid domain"),
        ("EXAMPLE.com", "name: has already been taken"),
    ],
)
def test_wrong_names_of_domains(account: Account, zone: str, name: str, message: str) -> None:
    with refused(400, message):
        account.api.create_dns_domain(unicode_name=name)


def test_a_name_with_other_letters_than_ascii(account: Account) -> None:
    id_ = account.done(account.api.create_dns_domain(unicode_name="Bücher.example"))
    assert account.api.get_dns_domain(id=id_)["unicode-name"] == "bücher.example"
    assert "$ORIGIN xn--bcher-kva.example." in account.api.get_dns_domain_zone_file(id=id_)[
        "zone-file"
    ]  # fmt: skip
    with refused(400, "has already been taken"):
        account.api.create_dns_domain(unicode_name="xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("type_", "content", "stored"),
    [
        ("TXT", "hello world", '"hello world"'),
        ("TXT", '"hello world"', '"hello world"'),
        ("TXT", "a" * 256, f'"{"a" * 255}" "a"'),
        ("TXT", 'say "a"', '"say \\"a\\""'),
        ("CNAME", "www.example.com.", "www.example.com"),
        ("MX", "mail.example.com.", "mail.example.com"),
        ("SRV", "5 443 a.example.com.", "5 443 a.example.com"),
        ("CAA", '0 issue "letsencrypt.org"', '0 issue "letsencrypt.org"'),
        ("AAAA", "2001:DB8::1", "2001:DB8::1"),
    ],
)
def test_contents_are_normalized(
    account: Account, zone: str, type_: str, content: str, stored: str
) -> None:
    id_ = add(account, zone, "a", type_, content)
    found = account.api.get_dns_domain_record(domain_id=zone, record_id=id_)
    assert found["content"] == stored


@pytest.mark.parametrize(
    ("name", "type_", "content", "message"),
    [
        ("a", "A", "", "content: can't be blank"),
        ("a", "A", "2001:db8::1", "content: is not valid for a record of type A"),
        ("a", "AAAA", "192.0.2.1", "content: is not valid"),
        ("a", "CNAME", "two words", "content: is not valid"),
        ("a", "SRV", "443 a.example.com", "content: is not valid"),
        ("a", "SRV", "1 70000 a.example.com", "content: is not valid"),
        ("a", "CAA", "letsencrypt.org", "content: is not valid"),
        ("a", "CNAME", "a..example.com", "content: is not valid"),
        ("@", "A", "192.0.2.1", "name: is not valid"),
        ("a.*", "A", "192.0.2.1", "name: is not valid"),
        ("a b", "A", "192.0.2.1", "name: is not valid"),
        ("www", "A", "192.0.2.1", "already exists"),
        ("WWW", "CNAME", "example.net", "can't have the name of a record of type A"),
        ("www", "ALIAS", "example.net", "can't have the name of a record of type A"),
        ("alias", "TXT", "hello", "can't have the name of a record of type CNAME"),
        ("", "CNAME", "example.net", "can't have the name of a record of type SOA"),
        ("a", "SPF", "v=spf1 -all", "Invalid request: body.type"),
        ("a", "SOA", "a b 1 1 1 1 1", "Invalid request: body.type"),
    ],
)
def test_wrong_records(
    account: Account, zone: str, name: str, type_: str, content: str, message: str
) -> None:
    add(account, zone, "www", "A", "192.0.2.1")
    add(account, zone, "alias", "CNAME", "example.net")
    before = records(account, zone)
    with refused(400, message):
        add(account, zone, name, type_, content)
    assert records(account, zone) == before


def test_records_that_may_be_together(account: Account, zone: str) -> None:
    add(account, zone, "", "ALIAS", "example.net")
    add(account, zone, "", "TXT", "a")
    add(account, zone, "", "TXT", "b")
    add(account, zone, "www", "A", "192.0.2.1")
    add(account, zone, "www", "A", "192.0.2.2")
    add(account, zone, "_acme-challenge.www", "TXT", "a")
    add(account, zone, "*.apps", "A", "192.0.2.1")


def test_wrong_times_to_live(account: Account, zone: str) -> None:
    with refused(400, "body.ttl"):
        add(account, zone, "www", "A", "192.0.2.1", ttl=-1)
    id_ = add(account, zone, "www", "A", "192.0.2.1", ttl=0)
    with refused(400, "body.ttl"):
        account.api.update_dns_domain_record(domain_id=zone, record_id=id_, ttl=0)


def test_an_update_is_checked_like_a_new_record(account: Account, zone: str) -> None:
    add(account, zone, "www", "A", "192.0.2.1")
    id_ = add(account, zone, "alias", "CNAME", "example.net")
    with refused(400, "can't have the name of a record of type A"):
        account.api.update_dns_domain_record(domain_id=zone, record_id=id_, name="www")
    with refused(400, "content: is not valid"):
        account.api.update_dns_domain_record(domain_id=zone, record_id=id_, content="a b")


def test_the_zone_file(account: Account, zone: str) -> None:
    add(account, zone, "", "MX", "mail.example.com", priority=10, ttl=60)
    text = account.api.get_dns_domain_zone_file(id=zone)["zone-file"]
    assert text.splitlines() == [
        "$ORIGIN example.com.",
        "$TTL 1h",
        f"example.com. 3600 IN SOA ns1.exoscale.ch. admin.dnsimple.com. {serial(account, zone)} "
        "86400 7200 604800 300",
        "example.com. 3600 IN NS ns1.exoscale.ch.",
        "example.com. 3600 IN NS ns1.exoscale.com.",
        "example.com. 3600 IN NS ns1.exoscale.io.",
        "example.com. 3600 IN NS ns1.exoscale.net.",
        "example.com. 60 IN MX 10 mail.example.com.",
    ]


def test_the_quota(tmp_path: Path) -> None:
    account = Account(tmp_path, quotas={"dns-domain": 1})
    account.done(account.api.create_dns_domain(unicode_name="example.com"))
    with pytest.raises(ExoscaleAPIAuthException, match=r"403: .*1 of 1 dns-domain in use"):
        account.api.create_dns_domain(unicode_name="example.net")


def test_a_policy_has_a_class_of_its_own_for_dns(account: Account, zone: str) -> None:
    rules = [{"action": "allow", "expression": "operation in ['list-dns-domains']"}]
    services = {"dns": {"type": "rules", "rules": rules}}
    policy = {"default-service-strategy": "deny", "services": services}
    role = account.done(account.api.create_iam_role(name="ci", policy=policy))
    key = account.api.create_api_key(name="ci", role_id=role)
    client = account.client(credentials=Credentials(key["key"], key["secret"]))
    assert [d["id"] for d in client.list_dns_domains()["dns-domains"]] == [zone]
    with pytest.raises(ExoscaleAPIAuthException, match=r"403: .*Forbidden by role policy for dns"):
        client.get_dns_domain(id=zone)


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    before = Account(tmp_path)
    zone = before.done(before.api.create_dns_domain(unicode_name="example.com"))
    add(before, zone, "www", "A", "192.0.2.1")
    after = Account(tmp_path)
    after.app.state.resume()
    assert records(after, zone) == records(before, zone)
    (found,) = summary(tmp_path)["dns-domains"]
    assert (found["name"], len(found["records"])) == ("example.com", 6)
    assert found["records"][-1]["content"] == "192.0.2.1"
