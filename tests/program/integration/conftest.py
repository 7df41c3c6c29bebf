"""One deployed stack for all tests of a process; nothing is left afterwards.

The tests in `life/` share the stack `local` and take it through its life in the order of their
files. Each can also be run alone: what it needs is then deployed for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.paths import write_private
from tests.program.integration.state_stack import follow, new_stack, remove
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.s3_server import S3Server, s3_server
from tests.support.stack import TUTORIAL, Stack, Step, copy_project


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server of the file's own."""
    with s3_server(tmp_path_factory.mktemp("server") / "s3") as server:
        yield server


@pytest.fixture(scope="module")
def stack_in_bucket(
    sandbox: Sandbox,
    cluster_kubeconfig: Path,
    server: S3Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """A stack as docs/state-and-secrets.md creates it on that server; nothing is left of it."""
    variables = {**server.environment, "PULUMI_BACKEND_URL": server.backend_url}
    folder = tmp_path_factory.mktemp("stack")
    stack = new_stack(sandbox, cluster_kubeconfig, folder, variables)
    follow(stack, "S3 bucket on Exoscale")
    yield stack
    remove(stack)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program, whose stack files may be changed."""
    return copy_project(tmp_path_factory.mktemp("project"))


@dataclass(frozen=True)
class FirstPreview:
    """A preview before anything was deployed, and what the account held before and after it."""

    stack: Stack
    steps: list[Step]
    before: dict[str, list[str]]
    after: dict[str, list[str]]


@pytest.fixture(scope="session")
def first_preview(sandbox: Sandbox, project: Path) -> FirstPreview:
    """The preview of the stack `local` while it has nothing, not even a cluster."""
    stack = Stack("local", project, sandbox.environment)
    stack.configure(TUTORIAL)
    before = sandbox.holds()
    return FirstPreview(stack, stack.preview(), before, sandbox.holds())


@pytest.fixture(scope="session")
def stack(first_preview: FirstPreview) -> Stack:
    """The stack `local` with the tutorial's values, deployed."""
    first_preview.stack.up()
    return first_preview.stack


@pytest.fixture(scope="session")
def kube(stack: Stack, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    """The cluster of the stack `local`, by the kubeconfig that the stack gives out."""
    file = tmp_path_factory.mktemp("local") / "kubeconfig"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, sandbox.environment)
