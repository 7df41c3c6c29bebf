"""One sandbox for all tests of a session; nothing of it is left afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.paths import write_private
from tests.integration.account import Sandbox
from tests.integration.polling import eventually

FIRST_UP_SECONDS = 1800
"""The first `up` on a machine builds the tools."""


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox of the session's own, with its own account, ports and files."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox") / "home")
    try:
        sandbox.run("up", timeout=FIRST_UP_SECONDS)
        yield sandbox
    finally:
        sandbox.run("reset")
        eventually(lambda: not sandbox.processes(), within=10)


@pytest.fixture(scope="session")
def cluster_kubeconfig(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of an administrator's kubeconfig for a running cluster with two nodes."""
    cluster = sandbox.create_cluster("tests", size=2)
    file = tmp_path_factory.mktemp("kubeconfig") / "kubeconfig"
    write_private(file, sandbox.kubeconfig(cluster))
    return file
