"""The stack `e2e`, on nodes that run containers: brought up once for all tests that ask for it."""

from collections.abc import Iterator

import pytest
import requests

from sandbox.paths import write_private
from tests.e2e.machine_state import state
from tests.integration.account import Sandbox
from tests.integration.kube import Kube
from tests.integration.polling import eventually
from tests.integration.stack import Stack, copy_project

UP_SECONDS = 1800
"""The first `up` on a machine builds the tools."""
ANSWER_SECONDS = 10


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put last the tests of the shared sandbox: there can't be two with such nodes at once."""

    def shares(item: pytest.Item) -> bool:
        of_its_own = hasattr(getattr(item, "module", None), "sandbox")
        return "sandbox" in getattr(item, "fixturenames", ()) and not of_its_own

    items.sort(key=shares)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox whose nodes run containers; nothing is left of it afterwards."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox") / "home")
    before = state(sandbox.home)
    try:
        sandbox.run("up", "--nodes", "containers", timeout=UP_SECONDS)
        yield sandbox
    finally:
        sandbox.run("reset")
    assert state(sandbox.home) == before


@pytest.fixture(scope="session")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The demo below /rickroller, on three pods of two nodes, as Pulumi.e2e.yaml says."""
    stack = Stack("e2e", copy_project(tmp_path_factory.mktemp("project")), sandbox.environment)
    stack.up()
    return stack


@pytest.fixture(scope="session")
def kube(stack: Stack, sandbox: Sandbox) -> Kube:
    """The stack's cluster, by the kubeconfig that the stack gives out."""
    file = sandbox.home / "kubeconfig-e2e"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, sandbox.environment)


@pytest.fixture(scope="session")
def url(stack: Stack) -> str:
    """Where the demo answers, through the load balancer."""
    url = str(stack.outputs()["rickroller_url"])
    eventually(lambda: answers(url))
    return url


def answers(url: str) -> bool:
    """Whether the page is there; a load balancer without a healthy target resets connections."""
    try:
        return requests.get(url, timeout=ANSWER_SECONDS).ok
    except requests.ConnectionError:
        return False
