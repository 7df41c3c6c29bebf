"""What holds for all tests: how they are spread over processes, and that helpers' asserts tell."""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# pytest makes asserts say what they compared in test modules alone, unless it is told of others.
pytest.register_assert_rewrite(
    "tests.e2e", "tests.processes", "tests.program", "tests.sandbox", "tests.support"
)

pytest_plugins = ["tests.support.fixtures"]


class ByStack(LoadScopeScheduling):
    """Keeps together the tests of a file, and those in `life/`, which share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file.rpartition("/")[0] if "/life/" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByStack:
    """The one for `--dist loadscope`."""
    return ByStack(config, log)


def pytest_configure() -> None:
    """Have tests run `make` as a user does: not as a part of the `make` that runs them."""
    for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        os.environ.pop(variable, None)
