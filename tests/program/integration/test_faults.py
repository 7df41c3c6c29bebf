"""After a fault of any kind, a plain second run converges: nothing is left over, nothing unknown.

Each seed has a stack, an account and a server of its own. What runs on the cluster plays no part:
the program is the stack's cluster alone, and its API server answers for the nodes alone.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from exoscale.api.exceptions import ExoscaleAPIServerException

from sandbox.exoscale_api.request_log import LOGGER
from sandbox.plugins.exoscale import api
from tests.program.integration.fault_plans import Plan, covering, plan
from tests.support.account import Sandbox
from tests.support.polling import eventually
from tests.support.served_account import ServedAccount, served_account
from tests.support.stack import COMMAND_SECONDS, TUTORIAL, Stack, copy_project

pytestmark = pytest.mark.integration

SEEDS = covering(range(int(os.environ.get("FAULT_SEEDS", "50"))))
SIDE_BY_SIDE = 3
PROGRAM = """\
import pulumi

from components.sks_cluster.sks_cluster import SksCluster
from stack.load import load

SksCluster(pulumi.get_stack(), load().cluster)
"""
UP = ("up", "--yes", "--skip-preview")
DESTROY = ("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def cluster_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, reduced to its cluster."""
    folder = copy_project(tmp_path_factory.mktemp("cluster"))
    (folder / "__main__.py").write_text(PROGRAM)
    return folder


def run_with_faults(stack: Stack, account: ServedAccount, arguments: tuple[str, ...]) -> None:
    """Run a command that may fail; an operation that hangs is let go on."""
    process = stack.start(*arguments)
    hanging = {f.id for f in account.faults.all() if f.effect.kind == "operation-hangs"}

    def ended() -> bool:
        for fault in account.faults.all():
            if fault.id in hanging and fault.acted:
                account.faults.clear(fault.id)
        return process.poll() is not None

    try:
        eventually(ended, within=COMMAND_SECONDS)
    finally:
        process.kill()
        stack.transcript.append(process.communicate()[0])
    for fault in account.faults.all():
        stack.transcript.append(f"{fault.target}: {fault.effect}, {fault.when}: {fault.acted}\n")
    account.faults.clear()


def known(stack: Stack) -> set[str]:
    """The ids of Exoscale's resources in the stack's state; none of them is in doubt."""
    deployment = stack.deployment()
    assert not deployment.get("pending_operations")
    resources = deployment.get("resources", [])
    assert not [r["urn"] for r in resources if r.get("initErrors") or r.get("delete")]
    return {
        resource["id"]
        for resource in resources
        if resource["type"].startswith("exoscale:") and "Kubeconfig" not in resource["type"]
    }


def settings(size: int) -> Mapping[str, Any]:
    (nodepool,) = TUTORIAL["cluster"]["nodepools"]
    return {
        **TUTORIAL,
        "cluster": {
            **TUTORIAL["cluster"],
            "nodepools": [{**nodepool, "size": size}],
            "readySeconds": 10,
        },
    }


def live(stack: Stack, account: ServedAccount, faults: Plan) -> None:
    """A stack's whole life, with faults in one phase of it."""

    def hurt(phase: str, arguments: tuple[str, ...]) -> None:
        if faults.phase == phase:
            for fault in faults.faults:
                account.faults.add(**fault)
            run_with_faults(stack, account, arguments)
        stack(*arguments)

    stack("stack", "init")
    stack.configure(settings(2))
    hurt("create", UP)
    if faults.phase == "update":
        stack.configure(settings(3))
        hurt("update", UP)
    assert known(stack) == account.ids()
    stack("preview", "--expect-no-changes")
    hurt("destroy", DESTROY)
    assert known(stack) == account.ids() == set()


@pytest.fixture
def account(tmp_path: Path) -> Iterator[ServedAccount]:
    with served_account(tmp_path) as account:
        yield account


def test_the_plugin_repeats_a_request(
    account: ServedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(api.RETRIES, "backoff_factor", 0)
    key = account.account
    client = api.Clients(key.api_key, key.api_secret, key.endpoint, "api").client()
    for effect in ("drop", "status"):
        status = {"status": 500} if effect == "status" else {}
        account.faults.add("POST *", {"kind": effect, **status}, times=4)
        assert client.create_security_group(name=effect)["state"] == "success"
    account.faults.add("POST *", {"kind": "status", "status": 501}, times=1)
    with pytest.raises(ExoscaleAPIServerException, match="501: "):
        client.create_security_group(name="once")


@pytest.mark.parametrize("creation", ["create-sks-cluster", "create-security-group"])
def test_a_lost_answer_to_a_creation_leaves_an_object_that_is_in_no_state(
    creation: str, sandbox: Sandbox, cluster_project: Path, account: ServedAccount
) -> None:
    """As with the official provider: it repeats the request, and never knows of the first one."""
    environment = {**sandbox.environment, **account.environment}
    stack = Stack(f"lost-{creation}", cluster_project, environment)
    stack("stack", "init")
    stack.configure(settings(2))
    account.faults.add(creation, {"kind": "drop-answer"}, times=1)
    run_with_faults(stack, account, UP)
    stack(*UP)
    (orphan,) = account.ids() - known(stack)
    stack("preview", "--expect-no-changes")
    stack(*DESTROY)
    assert account.ids() == {orphan}


def test_a_nodepool_that_is_being_changed_is_changed_later(
    sandbox: Sandbox,
    cluster_project: Path,
    account: ServedAccount,
    caplog: pytest.LogCaptureFixture,
    given_plugins: Path | None,
) -> None:
    """Such as one that somebody scales in the portal: Exoscale refuses another change meanwhile.

    The sandbox's own plugin looks before it asks.
    """
    caplog.set_level(logging.INFO, LOGGER)
    stack = Stack("busy", cluster_project, {**sandbox.environment, **account.environment})
    stack("stack", "init")
    stack.configure(settings(2))
    stack(*UP)
    client = api.Clients(
        account.account.api_key, account.account.api_secret, account.account.endpoint, "api"
    ).client()
    (cluster,) = client.list_sks_clusters()["sks-clusters"]
    (pool,) = cluster["nodepools"]
    account.faults.add("scale-sks-nodepool", {"kind": "operation-hangs"}, times=1)
    client.scale_sks_nodepool(id=cluster["id"], sks_nodepool_id=pool["id"], size=3)

    stack.set("cluster.nodepools[0].description", "changed")
    caplog.clear()
    waiting = "update-sks-nodepool 400" if given_plugins else "get-sks-nodepool 200"
    process = stack.start(*UP)
    try:
        eventually(lambda: any(waiting in line for line in caplog.messages))
        assert process.poll() is None
        account.faults.clear()
        told = process.communicate(timeout=COMMAND_SECONDS)[0]
    finally:
        process.kill()
    assert process.returncode == 0, told
    now = client.get_sks_nodepool(id=cluster["id"], sks_nodepool_id=pool["id"])
    assert now["description"] == "changed"
    stack(*DESTROY)
    assert account.ids() == set()


@pytest.fixture(scope="module")
def lives(
    sandbox: Sandbox, cluster_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[int, "Future[None]"]]:
    """The lives of all seeds' stacks, some side by side."""
    accounts = tmp_path_factory.mktemp("accounts")

    def one(seed: int) -> None:
        with served_account(accounts / str(seed)) as account:
            environment = {**sandbox.environment, **account.environment}
            stack = Stack(f"seed-{seed}", cluster_project, environment)
            try:
                live(stack, account, plan(seed))
            except BaseException as error:
                error.add_note("".join(stack.transcript))
                raise

    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        yield {seed: threads.submit(one, seed) for seed in SEEDS}
        threads.shutdown(cancel_futures=True)  # of a session that is interrupted


@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_run_converges(seed: int, lives: "dict[int, Future[None]]") -> None:
    lives[seed].result()
