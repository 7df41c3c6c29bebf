"""Where Exoscale shows names, they are the stack's, and no identity of anything."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from stack.compose import declare
from tests.program.unit.engine import Engine, run
from tests.program.unit.recorded_resources import recorded
from tests.program.unit.stack_settings import changed, load

ROOT = Path(__file__).parents[3]
DBAAS = {"kind": "dbaas", "zone": "ch-gva-2", "ipFilter": ["192.0.2.0/24"]}


def registered(stack: str) -> Engine:
    settings = load(changed("apps[0].database", DBAAS), stack=stack)
    return run(lambda: declare(settings), stack=stack)[0]


def test_no_logical_name_changes_with_the_stacks() -> None:
    one, other = (
        sorted((each.typ, each.name) for each in registered(stack).resources)
        for stack in ("test", "renamed")
    )
    assert one == other


@pytest.mark.parametrize("stack", ["plain", "rich", "existing", "nginx"])
def test_the_cluster_of_a_stack_that_was_deployed_before_is_found(stack: str) -> None:
    """What is below it inherits the former name: each name begins with the cluster's. The record of
    its nodepools had no parent then."""
    found = recorded()[stack]
    (urn, cluster), *_ = [
        (urn, each)
        for urn, each in found.items()
        if each["type"] in ("webapp:index:SksCluster", "webapp:index:ExistingCluster")
    ]
    assert cluster["name"] == "cluster"
    assert [alias["spec"]["name"] for alias in cluster["aliases"]] == ["webapp-test"]
    below = [each["name"] for each in found.values() if each.get("parent") == urn]
    below = [name for name in below if name != "nodepools"]
    assert below
    assert all(name == "cluster" or name.startswith("cluster-") for name in below)


def test_what_has_the_stacks_name_is_left_as_it_is() -> None:
    for found in recorded().values():
        for urn, each in found.items():
            values = each.get("object", {})
            named = {key for key, value in values.items() if "webapp-test" in str(value)}
            if each["type"].startswith("exoscale:"):
                assert named <= {*each.get("ignoreChanges", [])}, urn


def test_the_engine_names_what_exoscale_shows_after_project_and_stack() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    naming = project["config"]["pulumi:autonaming"]["value"]["providers"]["exoscale"]["pattern"]
    assert naming == "${project}-${stack}-${name}-${hex(7)}"
