"""The stack `e2e`, on nodes that run containers: brought up once for all tests that ask for it."""

from collections.abc import Iterator

import pytest

from tests.e2e.real_nodes import UP_SECONDS, answers, kube_of, real_nodes
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack, copy_project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put last the tests of the shared sandbox: there can't be two with such nodes at once."""

    def shares(item: pytest.Item) -> bool:
        of_its_own = hasattr(getattr(item, "module", None), "sandbox")
        return "sandbox" in getattr(item, "fixturenames", ()) and not of_its_own

    items.sort(key=shares)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    home = tmp_path_factory.mktemp("sandbox") / "home"
    Sandbox(home).run("tools", "--acme", timeout=UP_SECONDS)
    with real_nodes(home) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The demo below /rickroller, on three pods of two nodes, as Pulumi.e2e.yaml says."""
    stack = Stack("e2e", copy_project(tmp_path_factory.mktemp("project")), sandbox.environment)
    stack.up()
    return stack


@pytest.fixture(scope="module")
def kept_settings(stack: Stack) -> Iterator[None]:
    """What the tests change in the settings is taken back."""
    before = stack.file.read_text()
    yield
    stack.file.write_text(before)
    stack.up()


@pytest.fixture(scope="session")
def kube(stack: Stack, sandbox: Sandbox) -> Kube:
    return kube_of(stack, sandbox)


@pytest.fixture(scope="session")
def url(stack: Stack) -> str:
    """Where the demo answers, through the load balancer."""
    url = str(stack.outputs()["rickroller_url"])
    eventually(lambda: answers(url))
    return url
