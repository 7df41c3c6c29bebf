"""Two Jobs before an application's rollout never run at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from components.lifecycle.kubernetes_api import KubernetesApi
from components.web_app.rollout.before_rollout import running_jobs
from tests.support.kubernetes_api import Pages, kubernetes_api

JOBS = "/apis/batch/v1/namespaces/test/jobs"


@pytest.fixture
def pages() -> Pages:
    return {JOBS: []}


@pytest.fixture
def api(pages: Pages) -> Iterator[KubernetesApi]:
    with kubernetes_api(pages) as client:
        yield KubernetesApi(client.configuration.host)


def job(name: str, *conditions: str) -> dict[str, Any]:
    """A Job with these conditions, such as `Failed=True`."""
    found = [each.partition("=") for each in conditions]
    listed = [{"type": kind, "status": status} for kind, _, status in found]
    return {"metadata": {"name": name}, "status": {"conditions": listed} if listed else {}}


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        ([], ""),
        ([job("a", "Complete=True"), job("b", "FailureTarget=True", "Failed=True")], ""),
        ([job("b"), job("a", "Failed=False"), job("c", "Complete=True")], "a, b"),
        ([job("a", "Suspended=True")], "a"),
    ],
)
def test_a_job_runs_until_it_has_come_to_an_end(
    api: KubernetesApi, pages: Pages, jobs: list[dict[str, Any]], told: str
) -> None:
    pages[JOBS] = jobs
    expected = f"an earlier Job still runs: {told}" if told else ""
    assert asyncio.run(running_jobs(api, "test", "web")) == expected
