"""A preview refuses what the account can't have, with the real engine; so does an `up` without one.

The account has no processes; its quotas are a fault's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exoscale.api.v2 import Client

from sandbox.exoscale_api.request_log import LOGGER
from tests.program.integration.cluster_stack import POOL, create_stack
from tests.support.account import OLDER_VERSION, VERSION, Sandbox, key_with_role, policy
from tests.support.served_account import ServedAccount, served_account
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

UP = ("up", "--yes", "--skip-preview")
QUESTIONS = {"list-zones", "list-sks-cluster-versions", "list-instance-types", "list-quotas"}


@pytest.fixture
def account(tmp_path: Path) -> Iterator[ServedAccount]:
    with served_account(tmp_path / "account") as served:
        yield served


@pytest.fixture
def client(account: ServedAccount) -> Client:
    own = account.account
    return Client(own.api_key, own.api_secret, url=own.endpoint)


@pytest.fixture
def stack(account: ServedAccount, client: Client, sandbox: Sandbox, tmp_path: Path) -> Stack:
    made = create_stack(
        f"checked-{account.account.port}", tmp_path / "project", sandbox, settings()
    )
    key = key_with_role(client, "deploy")
    return Stack(made.name, made.folder, {**made.environment, **account.environment, **key})


def settings(*, size: int = 1, version: str = OLDER_VERSION, **pool: Any) -> dict[str, Any]:
    workers = POOL | {"size": size} | pool
    cluster = {"zone": "ch-gva-2", "version": version, "nodepools": [workers]}
    return cluster | {"readySeconds": 10}


def limit(account: ServedAccount, resource: str, number: int) -> None:
    account.faults.add("quota", {"kind": "quota", "resource": resource, "limit": number})


def refusal(stack: Stack, *command: str) -> str:
    """What a command says that fails."""
    answer = stack.run(*command)
    said = answer.stdout + answer.stderr
    assert answer.returncode != 0, said
    return said


def asked(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The operations in the request log since the last time, of those that are questions."""
    found = [line.split()[2] for line in caplog.messages if " ms" in line]
    caplog.clear()
    return [operation for operation in found if operation in QUESTIONS]


def test_a_new_cluster_is_refused_before_it_costs(account: ServedAccount, stack: Stack) -> None:
    limit(account, "instance", 1)
    limit(account, "sks-cluster", 0)
    wrong = settings(size=2, instanceType="gpurtx6000pro.small")
    stack.configure({"cluster": wrong})
    for command in (("preview",), UP):
        said = refusal(stack, *command)
        assert 'cluster.nodepools[0].instanceType: "gpurtx6000pro.small": must be ' in said
        assert "cluster.nodepools[0].size: 2: needs 2 more, and the account's quota" in said
        assert "cluster: needs 1 more, and the account's quota of SKS clusters leaves 0" in said
    assert account.ids() == set()
    stack("destroy", "--yes", "--skip-preview")


def test_more_nodes_than_the_quota_allows(
    account: ServedAccount, client: Client, stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    stack.configure({"cluster": settings()})
    caplog.clear()
    stack("preview")
    # what looks for clusters that were left needs the zone's endpoint
    assert sorted(asked(caplog)) == sorted([*QUESTIONS, "list-zones"])
    stack.up()
    made = account.ids()
    caplog.clear()
    stack("preview", "--expect-no-changes")
    assert not asked(caplog)

    limit(account, "instance", 1)
    upgraded = settings(version=VERSION)
    grown = settings(size=2)
    second = settings()
    second["nodepools"].append(POOL | {"name": "more"})
    for changed, place in (
        (upgraded, "cluster.nodepools[0].size: 1"),
        (grown, "cluster.nodepools[0].size: 2"),
        (second, "cluster.nodepools[1].size: 1"),
        (settings(localStorage=True, diskSize=100), "cluster.nodepools[0].size: 1"),
    ):
        stack.configure({"cluster": changed})
        for command in (("preview",), UP):
            said = refusal(stack, *command)
            assert f"{place}: needs 1 more, and the account's quota of instances leaves 0" in said
    (cluster,) = client.list_sks_clusters()["sks-clusters"]
    assert cluster["version"] == OLDER_VERSION
    assert made <= account.ids()

    account.faults.clear()
    stack.configure({"cluster": upgraded})
    stack("preview")
    stack.configure({"cluster": settings()})
    stack.up()
    stack("destroy", "--yes", "--skip-preview")
    assert account.ids() == set()


def test_a_role_without_quotas_is_warned_of(
    account: ServedAccount, client: Client, stack: Stack
) -> None:
    role = policy("deploy")
    for rule in role["services"]["compute"]["rules"]:
        rule["expression"] = rule["expression"].replace("'list-quotas', ", "")
    made = client.create_iam_role(name="without", policy=role)
    key = client.create_api_key(name="without", role_id=made["reference"]["id"])
    environment = {"EXOSCALE_API_KEY": key["key"], "EXOSCALE_API_SECRET": key["secret"]}
    reader = Stack(stack.name, stack.folder, {**stack.environment, **environment})
    limit(account, "instance", 1)
    reader.configure({"cluster": settings(size=2)})
    said = reader("preview")
    assert (
        "can't be read (list-quotas): Exoscale's API answers 403: Forbidden by role policy" in said
    )
    assert "Quota exceeded: 0 of 1 instance in use" in refusal(reader, *UP)
    reader("destroy", "--yes", "--skip-preview")
