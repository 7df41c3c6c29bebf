"""The sandbox of a process, for all tests that ask for it, and the provider plugins in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.paths import write_private
from tests.support.account import Sandbox
from tests.support.polling import eventually

FIRST_UP_SECONDS = 1800
"""The first `up` on a machine builds the tools."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--plugins",
        dest="provider_plugins",
        metavar="DIR",
        type=Path,
        help="run the tests with the provider plugins in DIR, instead of the sandbox's own",
    )


@pytest.fixture(scope="session")
def given_plugins(request: pytest.FixtureRequest) -> Path | None:
    """The folder of `--plugins`."""
    folder: Path | None = request.config.getoption("provider_plugins")
    return folder


@pytest.fixture(scope="session")
def sandbox(
    tmp_path_factory: pytest.TempPathFactory, given_plugins: Path | None
) -> Iterator[Sandbox]:
    """A running sandbox of the session's own, with its own account, ports and files."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox") / "home", given_plugins)
    try:
        sandbox.up(timeout=FIRST_UP_SECONDS)
        yield sandbox
    finally:
        sandbox.run("reset")
        eventually(lambda: not sandbox.processes(), within=10)


@pytest.fixture(scope="session")
def cluster_kubeconfig(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of an administrator's kubeconfig for a running cluster with two nodes."""
    cluster = sandbox.create_cluster("tests", size=2, addons=["exoscale-cloud-controller"])
    file = tmp_path_factory.mktemp("kubeconfig") / "kubeconfig"
    write_private(file, sandbox.kubeconfig(cluster))
    return file
