"""The tables of `make ps` and `make events`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from urllib3.exceptions import HTTPError

from tests.program.unit.answering_pulumi import FakePulumi
from tests.program.unit.pods import (
    CREATED,
    DEPLOYMENT,
    OF_SHOP,
    WEB,
    deployment,
    part,
    pod,
    stack_with,
)
from tests.support.kubernetes_api import Pages
from tools.pods import api, events, ps
from tools.pods.status import age, restarts, status

NOW = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
KILLED = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": CREATED}}
FAILED = {"terminated": {"reason": "Error", "exitCode": 3, "finishedAt": CREATED}}
RUN = {
    "app.kubernetes.io/name": "shop-run-1",
    "app.kubernetes.io/instance": "shop",
    "app.kubernetes.io/managed-by": "make-run",
}


@pytest.fixture
def pages() -> Pages:
    web = pod("shop-1")
    return {
        DEPLOYMENT: deployment(),
        WEB: [web],
        OF_SHOP: [
            web,
            part("shop-mail-1", "mail", container={"restartCount": 2, "lastState": KILLED}),
            part("shop-cleanup-1", "cleanup", owner="Job", phase="Succeeded"),
            part("shop-db-0", "db", owner="StatefulSet"),
            pod("shop-run-1-x", RUN, owner="Job", phase="Pending", conditions=[]),
        ],
    }


@pytest.fixture
def credentials() -> list[str | None]:
    return []


@pytest.fixture
def stack(
    clone: Path, pulumi: FakePulumi, pages: Pages, credentials: list[str | None]
) -> Iterator[Path]:
    with stack_with(pages, clone, pulumi, credentials=credentials) as folder:
        yield folder


def test_each_pod_has_a_row(
    stack: Path, credentials: list[str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ps.main(["--stack=dev", "--app=shop"], stack) == 0
    header, *rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert header == "APP POD KIND STATUS SINCE RESTARTS NODE IMAGE DIGEST".split()
    kinds = {row[1]: " ".join(row[2:5]) for row in rows}
    assert kinds["shop-1"].startswith("web Ready")
    assert kinds["shop-mail-1"].startswith("worker mail Ready")
    assert kinds["shop-cleanup-1"].startswith("job cleanup Completed")
    assert kinds["shop-db-0"].startswith("database Ready")
    assert kinds["shop-run-1-x"].startswith("run Pending")
    assert {tuple(row[-3:]) for row in rows} == {("node-1", "shop:7", "0123456789ab")}
    assert {*credentials} == {"Bearer reader"}


def test_lines_end_with_their_text(
    stack: Path, credentials: list[str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ps.main(["--stack=dev", "--app=shop"], stack) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [line.rstrip() for line in lines]


def test_an_application_that_is_not_there_is_told_with_those_that_are(
    stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ps.main(["--stack=dev", "--app=shpo"], stack) == 1
    error = capsys.readouterr().err
    assert error == 'ps: APP: "shpo": must be a deployed application: shop, shop-admin\n'


def test_a_stack_that_is_not_deployed_is_told_with_how_to_deploy_it(
    clone: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    file = clone / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("  webapp:cluster: {zone: ch-gva-2}\n", ""))
    pulumi.answers("stack output --json --stack dev --show-secrets", {})
    commands = (ps.main, events.main)
    assert [command(["--stack=dev"], clone) for command in commands] == [1, 1]
    how = "it is not deployed: run `pulumi up --stack dev`, or `make up` for the stack local"
    assert capsys.readouterr().err == f"ps: dev: {how}\nevents: dev: {how}\n"


def test_an_error_of_the_api_server_is_told(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    del pages[WEB]
    assert ps.main(["--stack=dev", "--app=shop"], stack) == 1
    assert capsys.readouterr().err.startswith("ps: ")


def test_a_cluster_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a log may be silent: it is followed."""
    monkeypatch.setattr(api, "ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        configuration = client.Configuration(host=f"http://127.0.0.1:{server.getsockname()[1]}")
        configuration.proxy = None
        silent = api.Api(client.ApiClient(configuration))
        for request in (silent.items, silent.text, silent.delete):
            with pytest.raises(HTTPError, match="Read timed out"):
                request("/api/v1/nodes")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "Ready"),
        ({"conditions": []}, "Not ready"),
        ({"container": {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}}, "CrashLoopBackOff"),
        ({"phase": "Failed", "container": {"state": FAILED}}, "Error, exit code 3"),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
        (
            {
                "phase": "Pending",
                "containerStatuses": [],
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Full"}],
            },
            "Pending (Full)",
        ),
    ],
)
def test_the_status_tells_what_is_wrong(fields: dict[str, Any], expected: str) -> None:
    assert status(pod("shop-1", **fields)) == expected


def test_a_pod_that_is_deleted_is_terminating() -> None:
    body = pod("shop-1")
    body["metadata"]["deletionTimestamp"] = CREATED
    assert status(body) == "Terminating"


def test_restarts_have_their_reason() -> None:
    killed = pod("shop-1", container={"restartCount": 2, "lastState": KILLED})
    assert restarts(killed, NOW) == "2 (OOMKilled, exit code 137, 1h ago)"
    assert restarts(pod("shop-1"), NOW) == "0"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-30T03:59:18Z", "42s"),
        ("2026-11-30T03:18:00Z", "42m"),
        ("2026-11-30T01:18:00Z", "2h42m"),
        ("2026-11-27T02:00:00Z", "3d2h"),
        ("2026-11-30T04:00:10Z", "0s"),
    ],
)
def test_an_age_has_at_most_two_units(moment: str, expected: str) -> None:
    assert age(moment, NOW) == expected


def event(name: str, message: str, **times: Any) -> dict[str, Any]:
    return {
        "metadata": {"creationTimestamp": CREATED},
        "involvedObject": {"kind": "Pod", "name": name},
        "type": "Warning",
        "reason": "BackOff",
        "message": message,
        **times,
    }


def test_events_of_an_application_are_sorted_and_apart_from_others(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages["/api/v1/namespaces/web/events"] = [
        event("shop-1", "last", lastTimestamp="2026-11-30T03:30:00Z", count=4),
        event("shop-1", "first", eventTime="2026-11-30T03:10:00.123456Z", lastTimestamp=None),
        event("example.com-1", "of an Ingress", lastTimestamp="2026-11-30T03:20:00Z"),
        event("shop-admin-1", "of another", lastTimestamp="2026-11-30T03:20:00Z"),
    ]
    assert events.main(["--stack=dev", "--app=shop"], stack) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [row[5:] for row in rows] == [["first"], ["of", "an", "Ingress"], ["last"]]
    assert rows[-1][1:5] == ["Warning", "pod/shop-1", "BackOff", "4"]

    assert events.main(["--stack=dev"], stack) == 0
    assert "of another" in capsys.readouterr().out


def test_no_events_are_told(stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]) -> None:
    pages["/api/v1/namespaces/web/events"] = []
    assert events.main(["--stack=dev"], stack) == 0
    assert capsys.readouterr().out == "dev: no events in the last hour\n"
