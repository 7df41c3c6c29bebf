"""The node groups of the stand-in of the cluster autoscaler, at Exoscale's API in memory."""

import threading
from pathlib import Path

import pytest
from exoscale.api.exceptions import ExoscaleAPIAuthException
from exoscale.api.v2 import Client

from sandbox.exoscale_api.auth import Credentials
from sandbox.sks.cluster_autoscaler.errors import CloudProviderError, Failed, reason
from sandbox.sks.cluster_autoscaler.node_groups import NodeGroups
from sandbox.sks.cluster_autoscaler.scheduling import Node
from tests.support.exoscale_account import Account

OPERATIONS = (
    "evict-sks-nodepool-members",
    "get-instance",
    "get-instance-pool",
    "get-operation",
    "list-sks-clusters",
    "scale-sks-nodepool",
)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(tmp_path)
    account.nodepool(account.cluster())
    return account


def restricted(account: Account, *operations: str) -> Client:
    """Exoscale's client with a key that may only do that."""
    listed = ", ".join(f"'{operation}'" for operation in operations)
    rules = [{"action": "allow", "expression": f"operation in [{listed}]"}]
    services = {"compute": {"type": "rules", "rules": rules}}
    policy = {"default-service-strategy": "deny", "services": services}
    role = account.done(account.api.create_iam_role(name="autoscaler", policy=policy))
    key = account.api.create_api_key(name="autoscaler", role_id=role)
    return account.client(credentials=Credentials(key["key"], key["secret"]))


def nodes(account: Account) -> list[Node]:
    """The nodes of the account's instances."""
    return [
        Node(
            {
                "metadata": {"name": instance["name"]},
                "spec": {"providerID": f"exoscale://{instance['id']}"},
                "status": {},
            }
        )
        for instance in account.api.list_instances()["instances"]
    ]


def groups(client: Client, *limits: str) -> NodeGroups:
    return NodeGroups(client, limits, threading.Event())


def test_a_nodepool_with_a_limit_needs_no_quota(account: Account) -> None:
    found = groups(restricted(account, *OPERATIONS), "1:3:other", "1:4:workers")
    found.update(nodes(account))
    (group,) = found
    assert (group.name, group.size, group.min_size, group.max_size) == ("workers", 2, 1, 4)
    assert all(found.of(node) == group for node in nodes(account))
    found.scale(group, 3)
    assert (group.size, len(nodes(account))) == (3, 3)
    leaving = nodes(account)[1]
    found.remove(group, leaving)
    assert leaving.name not in {node.name for node in nodes(account)}
    assert (group.size, account.api.list_instance_pools()["instance-pools"][0]["size"]) == (2, 2)


def test_a_nodepool_without_a_limit_may_fill_the_quota(account: Account) -> None:
    found = groups(restricted(account, *OPERATIONS, "get-quota"))
    found.update(nodes(account))
    (group,) = found
    assert (group.min_size, group.max_size) == (1, 100)


@pytest.mark.parametrize("missing", OPERATIONS)
def test_each_operation_is_needed(account: Account, missing: str) -> None:
    allowed = (operation for operation in OPERATIONS if operation != missing)
    found = groups(restricted(account, *allowed), "1:4:workers")

    def work() -> None:
        found.update(nodes(account))
        (group,) = found
        found.scale(group, 3)
        found.remove(group, nodes(account)[0])

    with pytest.raises(ExoscaleAPIAuthException) as refused:
        work()
    assert reason(refused.value).endswith("invalid request: Forbidden by role policy for compute")


@pytest.mark.parametrize(
    ("limit", "problem"),
    [
        ("0:3:workers", "min size must be >= 1"),
        ("3:2:workers", "max size must be greater or equal to min size"),
        ("1:3", "wrong nodes configuration: 1:3"),
        ("one:3:workers", "wrong nodes configuration"),
    ],
)
def test_limits_that_are_none(account: Account, limit: str, problem: str) -> None:
    with pytest.raises(CloudProviderError, match=f"failed to parse node group spec: .*{problem}"):
        groups(account.api, limit).update(nodes(account))


def test_a_node_whose_instance_is_gone_ends_the_loop(account: Account) -> None:
    before = nodes(account)
    found = groups(account.api, "1:4:workers")
    found.update(before)
    (group,) = found
    found.remove(group, before[0])
    with pytest.raises(Exception, match="404") as gone:
        found.update(before)
    assert reason(gone.value).endswith("resource not found")


def test_a_program_that_is_stopped_does_not_wait_for_an_operation(account: Account) -> None:
    stopping = threading.Event()
    found = NodeGroups(account.api, ["1:4:workers"], stopping)
    found.update(nodes(account))
    (group,) = found
    account.runtime.ready.clear()
    stopping.set()
    with pytest.raises(Failed, match="the program is stopped"):
        found.scale(group, 3)
    account.runtime.ready.set()
