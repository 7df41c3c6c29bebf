"""The logs of an application's pods: which, in what order, and what can't be read."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.program.unit.answering_pulumi import FakePulumi
from tests.program.unit.pods import (
    DEPLOYMENT,
    OF_SHOP,
    PODS,
    SIMULATED_NODE,
    WEB,
    deployment,
    part,
    pod,
    stack_with,
)
from tests.program.unit.test_pods_ps import FAILED, RUN
from tests.support.kubernetes_api import Pages, kubernetes_api
from tools.pods import log_lines, logs
from tools.pods.api import Api
from tools.pods.log_lines import Follower, Source, sources

CRASHED = {"restartCount": 1, "lastState": FAILED}


def log(name: str, *, previous: bool = False) -> str:
    before = "&previous=true" if previous else ""
    return f"{PODS}/{name}/log?container=shop&timestamps=true{before}"


def lines(*entries: tuple[int, str]) -> str:
    return "".join(f"2026-11-30T03:{minute:02}:00.000000001Z {text}\n" for minute, text in entries)


@pytest.fixture
def pages() -> Pages:
    web = [pod("shop-1", container=CRASHED), pod("shop-2")]
    return {
        DEPLOYMENT: deployment(),
        WEB: web,
        OF_SHOP: [
            *web,
            part("shop-mail-1", "mail"),
            part("shop-db-0", "db"),
            pod("shop-run-1-x", RUN),
        ],
        log("shop-1"): lines((3, "again"), (6, "later")),
        log("shop-1", previous=True): lines((1, "first"), (2, "no memory")),
        log("shop-2"): lines((4, "second pod")),
        log("shop-mail-1"): lines((5, "mail")),
        log("shop-db-0"): lines((5, "database")),
        log("shop-run-1-x"): lines((5, "command")),
    }


@pytest.fixture
def stack(clone: Path, pulumi: FakePulumi, pages: Pages) -> Iterator[Path]:
    with stack_with(pages, clone, pulumi) as folder:
        yield folder


def run(stack: Path, *arguments: str) -> int:
    return logs.main(["--stack=dev", "--app=shop", *arguments], stack)


def test_logs_are_merged_by_time_with_those_of_the_crashed_container(
    stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stack) == 0
    assert capsys.readouterr().out.splitlines() == [
        "shop-1  first",
        "shop-1  no memory",
        "shop-1  again",
        "shop-2  second pod",
        "shop-mail-1  mail",
        "shop-1  later",
    ]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--worker=mail", "shop-mail-1  mail\n"),
        ("--worker=db", "shop-db-0  database\n"),
        ("--run=shop-run-1", "shop-run-1-x  command\n"),
    ],
)
def test_a_part_is_shown_if_asked_for(
    stack: Path, option: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stack, option) == 0
    assert capsys.readouterr().out == expected


def test_since_is_asked_of_the_api_server(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages[f"{log('shop-mail-1')}&sinceSeconds=5400"] = lines((9, "new"))
    assert run(stack, "--worker=mail", "--since=90m") == 0
    assert capsys.readouterr().out == "shop-mail-1  new\n"


@pytest.mark.parametrize("since", ["1", "h", "1w", "-5m", "0s", "1h; true"])
def test_a_since_that_is_no_time_is_refused(
    stack: Path, since: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stack, f"--since={since}") == 1
    assert f"logs: SINCE: {since}: must be a number and s, m, h or d" in capsys.readouterr().err


def test_logs_of_none_are_an_error(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stack, "--worker=mial") == 1
    assert capsys.readouterr().err == (
        "logs: shop: it has no pods of mial: its workers and jobs with pods are db, mail\n"
    )
    pages[OF_SHOP] = pages[WEB] = []
    assert run(stack) == 1
    assert capsys.readouterr().err == "logs: shop: it has no pods\n"


def test_pods_that_wrote_nothing_are_no_error(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages[log("shop-mail-1")] = ""
    assert run(stack, "--worker=mail") == 0
    assert capsys.readouterr().err == "logs: shop: its pods have written nothing\n"


def test_a_log_that_can_not_be_read_is_told(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are shown. Without others, it is an error."""
    del pages[log("shop-2")]
    assert run(stack) == 0
    found = capsys.readouterr()
    assert "shop-mail-1  mail" in found.out
    assert found.err.startswith("logs: shop-2: ")
    del pages[log("shop-mail-1")]
    assert run(stack, "--worker=mail") == 1


def test_simulated_nodes_have_no_logs(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their message is that of some program that is not there."""
    pages["/api/v1/nodes"] = [SIMULATED_NODE]
    del pages[log("shop-mail-1")]
    for options in ([], ["--follow"]):
        assert run(stack, "--worker=mail", *options) == 1
        assert capsys.readouterr().err == (
            "logs: dev: its nodes are simulated and run no containers: its pods write no logs. On "
            "nodes that do (sandbox/containers.md), `make e2e` tests this command\n"
        )


def test_what_the_node_says_in_place_of_a_log_is_shown(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages[log("shop-mail-1")] = "unable to retrieve container logs for containerd://1\n"
    assert run(stack, "--worker=mail") == 0
    assert capsys.readouterr().out.startswith("shop-mail-1  unable to retrieve container logs")


def source(name: str, restarts: int) -> Source:
    return Source("web", name, "shop", restarts)


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({}, {0: False}),
        (CRASHED, {0: True, 1: False}),
        (CRASHED | {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}, {1: True}),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, {}),
    ],
)
def test_each_run_of_a_container_is_read_once(
    container: dict[str, Any], expected: dict[int, bool]
) -> None:
    """While a container waits for its restart, the last run's log is the one before."""
    found = sources(pod("shop-1", container=container))
    assert found == {source("shop-1", count): previous for count, previous in expected.items()}


def test_following_goes_on_after_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "TOGETHER_SECONDS", 0.05)
    problems: queue.Queue[str] = queue.Queue()
    pages = {
        f"{PODS}/shop-1/log": lines((1, "read"), (2, "read too"), (3, "new")),
        f"{PODS}/shop-2/log": lines((1, "of a new pod")),
    }
    with kubernetes_api(pages) as client:
        seen = {source("shop-1", 0): "2026-11-30T03:02:00.000000001Z"}
        follower = Follower(Api(client), seen, problems.put)
        follower.add(dict.fromkeys(seen, False), 60, again=True)
        follower.add({source("shop-1", 0): False, source("shop-2", 0): False}, None)
        found = follower.lines()
        while len(found) < 2:
            found = [*found, *follower.lines()]
        assert {line.text for line in found} == {"new", "of a new pod"}
        follower.add({source("shop-3", 0): False}, None)
        assert problems.get(timeout=10).startswith("shop-3: ")


def test_a_reader_that_ends_is_no_traceback(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`make logs | head`."""

    def broken(*_: object) -> None:
        raise BrokenPipeError

    silenced: list[int] = []
    monkeypatch.setattr(logs.Logs, "_print", broken)
    monkeypatch.setattr("os.dup2", lambda _, stdout: silenced.append(stdout))
    assert run(stack) == 1
    assert len(silenced) == 1
    assert capfd.readouterr() == ("", "")
