"""What is said of a cluster that can't be reached."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components.existing_cluster import unreachable_cluster
from components.existing_cluster.unreachable_cluster import (
    unreachable,
    warn_if_unreachable,
    warn_of_lost_cluster,
)
from tests.program.unit.engine import run
from tests.support.kubernetes_api import kubeconfig, kubernetes_api

SETTING = "existingCluster.stack"


def look_at(known: str) -> None:
    run(lambda: warn_if_unreachable(SETTING, pulumi.Output.secret(known), None))


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(pulumi, "warn", said.append)
    return said


def test_nothing_of_one_that_answers(warnings: list[str]) -> None:
    with kubernetes_api({"/version": {"major": "1"}}) as client:
        look_at(kubeconfig(client.configuration.host))
    assert warnings == []


def test_one_that_does_not_answer_was_not_compared(warnings: list[str]) -> None:
    look_at(kubeconfig("http://127.0.0.1:1"))
    (line,) = warnings
    assert line.startswith(
        f"{SETTING}: the cluster can't be reached, so nothing on it was compared: "
        "http://127.0.0.1:1 does not answer: "
    )


def test_an_answer_is_one_whatever_it_says() -> None:
    with kubernetes_api({}) as client:  # 404
        assert asyncio.run(unreachable(kubeconfig(client.configuration.host), None)) == ""


def test_the_server_is_that_of_the_context() -> None:
    text = kubeconfig("http://127.0.0.1:1")
    with kubernetes_api({}) as client:
        host = client.configuration.host
        other = text.replace("127.0.0.1:1", host.removeprefix("http://"))
        assert asyncio.run(unreachable(other, "test")) == ""
    assert "127.0.0.1:1 does not answer" in asyncio.run(unreachable(text, "test"))
    told = asyncio.run(unreachable(text, "another"))
    assert told == "the kubeconfig names no API server"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "contexts: none",
        "{current-context: a, contexts: [{name: a}], clusters: []}",
        "{current-context: [a], contexts: [{name: a, context: {}}], clusters: [1]}",
        "{current-context: a, contexts: [{name: a, context: {cluster: b}}], clusters: []}",
    ],
)
def test_a_kubeconfig_without_a_server_is_told(text: str) -> None:
    assert asyncio.run(unreachable(text, None)) == "the kubeconfig names no API server"


def test_a_server_that_is_no_url_does_not_answer() -> None:
    found = asyncio.run(unreachable(kubeconfig("127.0.0.1:1"), None))
    assert found.startswith("127.0.0.1:1 does not answer: ")


@pytest.mark.parametrize(
    ("outputs", "lines"), [({}, 0), ({"kubeconfig": kubeconfig("http://127.0.0.1:1")}, 1)]
)
def test_the_cluster_before_is_the_one_in_the_stacks_outputs(
    outputs: dict[str, str], lines: int, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def own_outputs() -> dict[str, str]:
        return outputs

    hooks: list[Any] = []

    def declare() -> None:
        binding = warn_of_lost_cluster("test", SETTING, "kubeconfig", None)
        hooks.extend(binding.before_create or ())

    monkeypatch.setattr(unreachable_cluster, "last_outputs", own_outputs)
    run(declare)
    (hook,) = hooks
    assert hook.opts.on_dry_run
    asyncio.run(hook.callback(None))
    assert len(warnings) == lines
    for line in warnings:
        assert line.startswith(f"{SETTING}: it is another cluster than before, which can't be")
        assert "run `PULUMI_K8S_DELETE_UNREACHABLE=true pulumi up --refresh`, which" in line
