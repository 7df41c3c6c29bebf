"""The Exoscale plugin on an account without processes, for all tests that compare it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.integration.exoscale_plugin import (
    CLUSTER,
    OURS,
    ExoscalePlugin,
    World,
    running,
    world,
)


@pytest.fixture(scope="session")
def exoscale_program(given_plugins: Path | None) -> tuple[str | Path, ...]:
    """The Exoscale plugin to compare: that of `--plugins`, else the sandbox's own."""
    return OURS if given_plugins is None else (given_plugins / "pulumi-resource-exoscale",)


@pytest.fixture(scope="session")
def exoscale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An account without processes."""
    with world(tmp_path_factory.mktemp("exoscale")) as served:
        yield served


@pytest.fixture(scope="session")
def plugin(exoscale_program: tuple[str | Path, ...], exoscale: World) -> Iterator[ExoscalePlugin]:
    """The Exoscale plugin to compare, on that account."""
    with running(exoscale_program, exoscale.environment) as plugin:
        plugin.configure()
        yield plugin


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return re.sub(r"[^a-z]+", "-", request.node.name.lower()).strip("-")


@pytest.fixture(scope="session")
def sks_cluster(plugin: ExoscalePlugin) -> str:
    """The id of a cluster that the plugin made."""
    identity, _ = plugin.create("SksCluster", CLUSTER | {"name": "shared"})
    return identity
