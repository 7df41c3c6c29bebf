"""What the account can't have is refused before it is created, asked of an API like Exoscale's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from typing import Any

import pulumi
import pytest

from components.lifecycle.before_update import RefusedUpdate
from components.sks_cluster.account.account_checks import AccountChecks, is_new
from components.sks_cluster.args import SksClusterArgs
from components.sks_cluster.nodepools.args import NodePoolArgs
from tests.program.unit.exoscale_server import ExoscaleServer, exoscale_server

ZONES = ["ch-gva-2", "de-fra-1"]
ANSWER = {
    "zones": [{"name": zone} for zone in ZONES],
    "sks-cluster-versions": ["1.36.5", "1.35.9"],
    "instance-types": [
        {"family": "standard", "size": "small", "zones": ZONES, "authorized": True},
        {"family": "gpu3", "size": "small", "zones": ["de-fra-1"], "authorized": True},
        {"family": "gpua30", "size": "small", "zones": ZONES, "authorized": False},
    ],
    "quotas": [
        {"resource": "instance", "usage": 6, "limit": 10},
        {"resource": "sks-cluster", "usage": 1, "limit": 2},
    ],
}
CREATION = pulumi.ResourceHookArgs(urn="urn", id="", name="cluster", type="type")
PORTAL = "request a higher quota in Exoscale's portal (Organization, Quotas)"
TWICE = "during a replacement, such as an upgrade, a nodepool has twice its nodes"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExoscaleServer]:
    with exoscale_server(monkeypatch, deepcopy(ANSWER)) as server:
        server.has_zones = True
        yield server


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(pulumi, "warn", said.append)
    return said


def pool(name: str = "workers", size: int = 2, **more: Any) -> NodePoolArgs:
    given: dict[str, Any] = {"instance_type": "standard.small"}
    return NodePoolArgs(name=name, size=size, **given | more)


def checks(*pools: NodePoolArgs, **changes: Any) -> AccountChecks:
    given: dict[str, Any] = {"zone": "ch-gva-2", "version": "1.36.5"}
    return AccountChecks("cluster", SksClusterArgs(nodepools=pools or (pool(),), **given | changes))


def update(name: str = "cluster", **old: Any) -> pulumi.ResourceHookArgs:
    return pulumi.ResourceHookArgs(urn="urn", id="id", name=name, type="type", old_inputs=old)


def refused(
    check: Callable[[pulumi.ResourceHookArgs], Awaitable[None]], args: pulumi.ResourceHookArgs
) -> list[str]:
    """The lines that a hook refuses with; none if it lets things go on."""

    async def run() -> None:
        await check(args)

    try:
        asyncio.run(run())
    except RefusedUpdate as error:
        return str(error).splitlines()
    return []


def test_what_the_account_can_have_is_let_through(api: ExoscaleServer) -> None:
    assert not refused(checks(pool(size=4)).check_new_cluster, CREATION)
    assert not refused(checks().check_new_group, CREATION)


def test_each_reason_is_a_line_with_the_setting_and_what_is_allowed(api: ExoscaleServer) -> None:
    pools = (
        pool("a", 2, instance_type="standard.smal"),
        pool("b", 2, instance_type="gpu3.small"),
        pool("c", 1, instance_type="gpua30.small"),
        pool("d", 1, instance_type="quantum.big"),
    )
    api.answer["quotas"][1]["usage"] = 2
    found = checks(*pools, zone="ch-gva-2", version="1.36.4")
    assert refused(found.check_new_cluster, CREATION) == [
        'cluster.version: "1.36.4": must be a version that Exoscale offers: 1.36.5, 1.35.9',
        'cluster.nodepools[0].instanceType: "standard.smal": must be an instance type of Exoscale:'
        ' did you mean "standard.small"?',
        'cluster.nodepools[1].instanceType: "gpu3.small": must be an instance type of ch-gva-2; '
        "this one is in de-fra-1",
        'cluster.nodepools[2].instanceType: "gpua30.small": must be an instance type that the '
        "account is authorized for; ask Exoscale's support for this one",
        'cluster.nodepools[3].instanceType: "quantum.big": must be an instance type of Exoscale:'
        " see exo compute instance-type list",
        "cluster: needs 1 more, and the account's quota of SKS clusters leaves 0 (2 of 2 used): "
        f"delete a cluster, or {PORTAL}",
        'cluster.nodepools: {"a": 2, "b": 2, "c": 1, "d": 1}: needs 6 more, and the account\'s '
        f"quota of instances leaves 4 (6 of 10 used); {TWICE}: use fewer nodes, or {PORTAL}",
    ]


def test_a_zone_that_the_account_does_not_have(api: ExoscaleServer) -> None:
    (line, _) = refused(checks(zone="at-vie-1").check_new_group, CREATION)
    assert line == ('cluster.zone: "at-vie-1": must be a zone of the account: ch-gva-2, de-fra-1')


def test_an_upgrade_has_each_nodepool_twice(api: ExoscaleServer) -> None:
    upgrade = update(version="1.35.9")
    assert not refused(checks(pool(size=4)).check_upgrade, upgrade)
    assert refused(checks(pool(size=5)).check_upgrade, upgrade) == [
        "cluster.nodepools[0].size: 5: needs 5 more, and the account's quota of "
        f"instances leaves 4 (6 of 10 used); {TWICE}: use fewer nodes, or {PORTAL}"
    ]
    assert not refused(checks(pool(size=5, replace_on_upgrade=False)).check_upgrade, upgrade)
    assert not refused(checks(pool(size=5)).check_upgrade, update(version="1.36.5"))


def test_nodepools_share_the_quota(api: ExoscaleServer) -> None:
    found = checks(pool("web", 2), pool("old", 7), pool("batch", 3))
    assert not refused(found.check_new_nodepool, update("cluster-web"))
    (line,) = refused(found.check_new_nodepool, update("cluster-batch"))
    assert line.startswith('cluster.nodepools: {"web": 2, "batch": 3}: needs 5 more, ')


def test_a_nodepool_that_grows_needs_what_is_more(api: ExoscaleServer) -> None:
    small = {"instanceType": "Standard.Small"}
    workers = "cluster-workers"
    found = checks(pool(size=9, anti_affinity=False)).check_nodepool_update
    assert not refused(found, update(workers, size=5.0, **small))
    (line,) = refused(found, update(workers, size=4.0, **small))
    assert line.startswith("cluster.nodepools[0].size: 9: needs 5 more, ")


def test_another_instance_type_is_checked_in_an_update(api: ExoscaleServer) -> None:
    found = checks(pool(instance_type="gpu3.small")).check_nodepool_update
    (line,) = refused(found, update("cluster-workers", size=2.0, instanceType="standard.small"))
    assert line.startswith("cluster.nodepools[0].instanceType: ")


@pytest.mark.parametrize("limit", [-1, None])
def test_an_account_without_a_quota_has_no_limit(api: ExoscaleServer, limit: int | None) -> None:
    api.answer = ANSWER | {
        "quotas": [{"resource": "instance", "usage": 999, "limit": limit}] if limit else []
    }
    assert not refused(checks(pool(size=8)).check_new_cluster, CREATION)


def test_what_changes_nothing_that_costs_asks_nothing(api: ExoscaleServer) -> None:
    found = checks(pool(size=2))
    same = update("cluster-workers", size=3.0, instanceType="standard.small")
    assert not refused(found.check_nodepool_update, same)
    assert not refused(found.check_upgrade, update(version="1.36.5"))
    assert not api.asked


def test_the_api_is_asked_once_with_a_signature(api: ExoscaleServer) -> None:
    found = checks()

    async def side_by_side() -> None:
        nodepool = update("cluster-workers")
        await asyncio.gather(
            found.check_new_cluster(CREATION),
            found.check_new_group(CREATION),
            found.check_new_nodepool(nodepool),
        )

    asyncio.run(side_by_side())
    paths = [path for path, _ in api.asked]
    assert sorted(paths) == [
        "/v2/instance-type",
        "/v2/quota",
        "/v2/sks-cluster-version",
        "/v2/zone",
    ]
    for _, authorization in api.asked:
        assert authorization.startswith("EXO2-HMAC-SHA256 credential=EXOkey")
        assert "hidden" not in authorization


@pytest.mark.parametrize(
    ("asked", "running", "new"),
    [("1.34.3", "1.34.2", False), ("1.34.2", "1.34.3", False), ("1.34.2", "1.34.2", True)],
)
def test_an_update_asks_only_for_a_version_that_is_new(asked: str, running: str, new: bool) -> None:
    args = pulumi.ResourceHookArgs(
        urn="urn", id="id", name="web", type="type",
        old_inputs={"version": asked}, old_outputs={"version": running},
    )  # fmt: skip
    assert is_new("1.34.3", args) is new


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("status", "Exoscale's API answers 403: Forbidden by role policy for compute."),
        ("key", "EXOSCALE_API_KEY and EXOSCALE_API_SECRET are not set."),
        ("address", "Exoscale's API does not answer: "),
    ],
)
def test_without_an_answer_all_is_tried_after_a_warning(
    trouble: str,
    reason: str,
    api: ExoscaleServer,
    warnings: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if trouble == "status":
        api.status, api.answer = 403, {"message": "Forbidden by role policy for compute"}
    elif trouble == "key":
        monkeypatch.delenv("EXOSCALE_API_KEY")
    else:
        monkeypatch.setenv("EXOSCALE_API_ENDPOINT", "http://127.0.0.1:1/v2")
    wrong = pool(size=8, instance_type="standard.smal")
    assert not refused(checks(wrong, version="1.0.0").check_new_cluster, CREATION)
    (warning,) = warnings
    assert reason in warning
    operations = "list-instance-types, list-quotas, list-sks-cluster-versions, list-zones"
    assert warning.startswith(f"the limits of the account can't be read ({operations}): ")
