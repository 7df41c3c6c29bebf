"""What security groups let in to nodes: as stored by the API, and as rules of a machine."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.sks.layout import ClusterRecord, Ports
from sandbox.sks.machines.firewall import rules
from sandbox.sks.spec import CLIENT, HEALTH_CHECKS, TUNNEL, Networking, Opening
from tests.support.exoscale_account import Account
from tests.support.security_group_rules import HEALTH_CHECK_SOURCES, ingress

FIRST, SECOND = "198.51.100.1", "198.51.100.2"
OVERLAY = Opening("udp", (f"{FIRST}/32",), (4789, 4789))


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def openings(account: Account, address: str = FIRST) -> list[Opening]:
    return list(account.runtime.openings[address])


def cluster(**changes: Any) -> ClusterRecord:
    fields = {"name": "web", "version": "1.36.5", "zone": "ch-gva-2", "cni": "calico"}
    networking = Networking(pods="10.1.0.0/16")
    return ClusterRecord(
        id="id", ports=Ports(1, 2, 3, 4), networking=networking, **{**fields, **changes}
    )


def test_an_instance_in_no_group_is_closed(account: Account) -> None:
    account.nodepool(account.cluster())

    assert account.runtime.openings == {FIRST: (), SECOND: ()}


def test_a_rule_reaches_the_instances_that_are_there_until_it_goes(account: Account) -> None:
    group = account.group()
    account.nodepool(account.cluster(), security_groups=[group])

    account.let_in(group, 30000, 32767, network="0.0.0.0/0")
    account.let_in(group, 30000, 32767, security_group=HEALTH_CHECK_SOURCES)
    first, second = openings(account)
    assert first == Opening("tcp", ("0.0.0.0/0",), (30000, 32767))
    assert second == Opening("tcp", (HEALTH_CHECKS,), (30000, 32767))
    assert openings(account, SECOND) == [first, second]

    (rule, _) = account.api.get_security_group(**group)["rules"]
    account.done(account.api.delete_rule_from_security_group(**group, rule_id=rule["id"]))
    assert openings(account) == [second]


def test_members_of_a_group_are_who_is_in_it_and_what_comes_by_the_tunnel(
    account: Account,
) -> None:
    group, id_ = account.group(), account.cluster()
    account.let_in(group, 10250, 10250, security_group=group)
    pool = account.nodepool(id_, security_groups=[group], size=1)
    assert openings(account) == [Opening("tcp", (FIRST, TUNNEL), (10250, 10250))]

    account.done(account.api.scale_sks_nodepool(id=id_, sks_nodepool_id=pool, size=2))
    assert openings(account) == [Opening("tcp", (FIRST, SECOND, TUNNEL), (10250, 10250))]

    source = {**group, "cidr": "192.0.2.0/24"}
    account.done(account.api.add_external_source_to_security_group(**source))
    assert openings(account)[0].sources == (FIRST, SECOND, TUNNEL, "192.0.2.0/24")
    account.done(account.api.remove_external_source_from_security_group(**source))

    oldest, _ = (each["id"] for each in account.api.list_instances()["instances"])
    where = {"id": id_, "sks_nodepool_id": pool}
    account.done(account.api.evict_sks_nodepool_members(**where, instances=[oldest]))
    assert openings(account, SECOND) == [Opening("tcp", (SECOND, TUNNEL), (10250, 10250))]


def test_rules_are_there_before_the_nodes_after_a_restart(tmp_path: Path) -> None:
    account = Account(tmp_path)
    group = account.group()
    account.let_in(group, 30000, 32767, network="0.0.0.0/0")
    account.nodepool(account.cluster(), security_groups=[group])

    again = Account(tmp_path)
    again.app.state.resume()

    assert again.runtime.openings == account.runtime.openings


def test_what_goes_out_opens_nothing(account: Account) -> None:
    group = account.group()
    account.nodepool(account.cluster(), security_groups=[group])
    rule = ingress("tcp", 443, 443, network="0.0.0.0/0") | {"flow_direction": "egress"}
    account.done(account.api.add_rule_to_security_group(**group, **rule))

    assert openings(account) == []


def test_a_machine_lets_in_answers_and_what_is_opened_only() -> None:
    opening = Opening("tcp", (CLIENT, "2001:db8::/32"), (30000, 32767))
    ping = Opening("icmp", (CLIENT,), icmp=(8, 0))

    lines = rules([opening, ping], cluster()).splitlines()

    assert lines == [
        "*mangle",
        ":SECURITY-GROUPS - [0:0]",
        "-A SECURITY-GROUPS -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
        f"-A SECURITY-GROUPS -s {CLIENT} -p tcp --dport 30000:32767 -j ACCEPT",
        f"-A SECURITY-GROUPS -s {CLIENT} -p icmp --icmp-type 8/0 -j ACCEPT",
        "-A SECURITY-GROUPS -j DROP",
        "COMMIT",
    ]


@pytest.mark.parametrize(("cni", "reached"), [("calico", True), ("cilium", False), (None, True)])
def test_pods_reach_others_by_the_port_of_their_cni(cni: str | None, reached: bool) -> None:
    text = rules([OVERLAY], cluster(cni=cni))

    assert ("-d 10.1.0.0/16 -j ACCEPT" in text) is reached
    if cni:
        assert "10.1.0.0/16" not in rules([], cluster(cni=cni))
