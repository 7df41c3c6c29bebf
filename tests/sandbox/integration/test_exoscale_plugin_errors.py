"""What the Exoscale plugin says and keeps when something goes wrong.

Every test passes with the official plugin as well (see test_exoscale_plugin_inputs.py); where the
two differ on purpose, the test says what each of them does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.integration.exoscale_plugin import (
    ABSENT,
    CLUSTER,
    OURS,
    ZONE,
    ExoscalePlugin,
    World,
    pool,
    running,
)
from tests.support.exoscale_plugin import Refused

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def no_faults(exoscale: World) -> Iterator[None]:
    yield
    exoscale.faults.clear()


@pytest.fixture(scope="module")
def taken(plugin: ExoscalePlugin) -> str:
    """The id of a security group of that name."""
    identity, _ = plugin.create("SecurityGroup", {"name": "taken"})
    return identity


def words(refused: pytest.ExceptionInfo[Refused]) -> str:
    """An error's words, whatever address it names."""
    return re.sub(r"https?://[^/]+", "ADDRESS", str(refused.value))


@pytest.mark.parametrize(
    ("kind", "inputs", "problem"),
    [
        (
            "SksCluster",
            CLUSTER | {"name": "x", "serviceLevel": "gold"},
            "CreateSKSCluster: http response: Bad Request: ",
        ),
        (
            "SksCluster",
            CLUSTER | {"name": "x", "zone": "nowhere"},
            'get zone api endpoint: find zone: "nowhere" not found in ListZonesResponse: Not Found',
        ),
        (
            "SksNodepool",
            pool(ABSENT, "x"),
            "GetSKSCluster: http response: Not Found: ",
        ),
        (
            "SecurityGroup",
            {"name": "taken"},
            'Post "ADDRESS/v2/security-group": invalid request: ',
        ),
        (
            "SecurityGroupRule",
            {"type": "INGRESS", "securityGroupId": ABSENT, "cidr": "10.0.0.0/8"},
            "resource not found",
        ),
        (
            "SecurityGroupRule",
            {"type": "INGRESS", "cidr": "10.0.0.0/8"},
            "either security_group or security_group_id must be specified",
        ),
    ],
)
def test_a_refused_creation(
    plugin: ExoscalePlugin, taken: str, kind: str, inputs: dict[str, Any], problem: str
) -> None:
    with pytest.raises(Refused) as refused:
        plugin.create(kind, inputs)
    assert words(refused).startswith(f"1 error occurred:\n\t* {problem}")
    assert refused.value.kept is None


def test_requests_are_repeated(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    for status in (500, 503):
        exoscale.faults.add("POST *", {"kind": "status", "status": status}, times=1)
    identity, _ = plugin.create("AntiAffinityGroup", {"name": name})
    assert exoscale.api.get_anti_affinity_group(id=identity)["name"] == name


def test_an_operation_that_fails(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    effect = {"kind": "operation-fails", "message": "no room"}
    exoscale.faults.add("create-*", effect)
    with pytest.raises(Refused) as refused:
        plugin.create("SksCluster", CLUSTER | {"name": name})
    assert 'state: failure, reason: "fault", message: "no room"' in words(refused)
    assert refused.value.kept is None
    with pytest.raises(Refused) as refused:
        plugin.create("AntiAffinityGroup", {"name": name})
    assert words(refused) == "1 error occurred:\n\t* job failed\n\n"


def test_a_failed_update(
    plugin: ExoscalePlugin,
    exoscale: World,
    exoscale_program: tuple[str | Path, ...],
    sks_cluster: str,
    name: str,
) -> None:
    """Of the object's state, the official plugin keeps what was wanted, ours what is."""
    inputs = pool(sks_cluster, name)
    identity, state = plugin.create("SksNodepool", inputs)
    exoscale.faults.add("scale-*", {"kind": "operation-fails", "message": "no room"})
    news = plugin.check("SksNodepool", inputs | {"size": 2})
    with pytest.raises(Refused, match="no room") as refused:
        plugin.update("SksNodepool", identity, state, news)
    kept = refused.value.kept
    assert kept is not None
    assert kept.properties["size"] == (1 if exoscale_program == OURS else 2)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("SksCluster", CLUSTER),
        ("SecurityGroup", {}),
        ("AntiAffinityGroup", {}),
        ("PrivateNetwork", ZONE),
    ],
)
def test_a_deletion_of_what_is_gone(
    plugin: ExoscalePlugin,
    exoscale_program: tuple[str | Path, ...],
    kind: str,
    more: dict[str, Any],
    name: str,
) -> None:
    """The official plugin fails until a refresh; ours finds the work done."""
    identity, state = plugin.create(kind, more | {"name": name})
    plugin.delete(kind, identity, state)
    if exoscale_program == OURS:
        plugin.delete(kind, identity, state)
    else:
        with pytest.raises(Refused, match=r"resource not found|http response: Not Found"):
            plugin.delete(kind, identity, state)


@pytest.mark.parametrize("name", ["EXOSCALE_API_KEY", "EXOSCALE_API_SECRET"])
def test_a_missing_credential(
    exoscale_program: tuple[str | Path, ...], exoscale: World, name: str
) -> None:
    """The official plugin's message is of three lines, and has the secret in clear."""
    environment = {**exoscale.environment, name: ""}
    with running(exoscale_program, environment) as plugin, pytest.raises(Refused) as refused:
        plugin.configure()
    if exoscale_program == OURS:
        assert name in str(refused.value)
        assert "https://portal.exoscale.com" in str(refused.value)
        assert "\n" not in str(refused.value)
    else:
        assert "must be set" in str(refused.value)


def test_wrong_credentials(exoscale_program: tuple[str | Path, ...], exoscale: World) -> None:
    environment = {**exoscale.environment, "EXOSCALE_API_SECRET": "wrong"}
    with running(exoscale_program, environment) as plugin:
        plugin.configure()
        with pytest.raises(Refused) as refused:
            plugin.create("AntiAffinityGroup", {"name": "x"})
    problem = 'Post "ADDRESS/v2/anti-affinity-group": invalid request: invalid request signature'
    assert words(refused) == f"1 error occurred:\n\t* {problem}\n\n"
