"""When an application's rollout is done, and how the program waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

from components.lifecycle.cluster_access import ClusterAccess
from components.lifecycle.kubernetes_api import KubernetesApi
from components.lifecycle.rolled_out import Workload, missing_pods
from components.web_app.web_app import WebApp
from tests.program.unit.app import app_settings
from tests.program.unit.engine import run
from tests.support.kubernetes_api import Pages, kubernetes_api

DEPLOYMENT = "/apis/apps/v1/namespaces/test/deployments/web"
PODS = "/api/v1/namespaces/test/pods"
DONE = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}


@pytest.fixture
def pages() -> Pages:
    return {PODS: []}


@pytest.fixture
def api(pages: Pages) -> Iterator[KubernetesApi]:
    with kubernetes_api(pages) as client:
        yield KubernetesApi(client.configuration.host)


def deployment(**status: Any) -> dict[str, Any]:
    """Three pods of the second generation, all there but for what `status` says."""
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}},
        "status": DONE | status,
    }


def missing(api: KubernetesApi) -> str:
    return asyncio.run(missing_pods(api, Workload("deployments", "test", "web")))


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({}, ""),
        ({"observedGeneration": 1}, "its controller has not observed the change"),
        ({"updatedReplicas": 1}, "1 of 3 new pods exist"),
        ({"replicas": 5}, "2 previous pods still exist"),
        ({"availableReplicas": 2}, "2 of 3 pods are available"),
    ],
)
def test_all_pods_are_new_and_available(
    api: KubernetesApi, pages: Pages, status: dict[str, Any], told: str
) -> None:
    pages[DEPLOYMENT] = deployment(**status)
    assert missing(api) == told


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({}, ""),
        ({"observedGeneration": 1}, "its controller has not observed the change"),
        ({"readyReplicas": 0}, "0 of 1 pods are ready"),
        ({"updateRevision": "db-2", "updatedReplicas": 0}, "0 of 1 pods are new"),
    ],
)
def test_the_pod_of_a_stateful_set_is_new_and_ready(
    api: KubernetesApi, pages: Pages, status: dict[str, Any], told: str
) -> None:
    revisions = {"currentRevision": "db-1", "updateRevision": "db-1"}
    database = Workload("statefulsets", "test", "db")
    pages[database.path] = {
        "metadata": {"generation": 2},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "db"}}},
        "status": {"observedGeneration": 2, "readyReplicas": 1, **revisions, **status},
    }
    assert asyncio.run(missing_pods(api, database)) == told


def test_one_without_pods_is_done(api: KubernetesApi, pages: Pages) -> None:
    pages[DEPLOYMENT] = deployment() | {"status": {"observedGeneration": 2}}
    pages[DEPLOYMENT]["spec"]["replicas"] = 0
    assert missing(api) == ""


def test_pods_say_why(api: KubernetesApi, pages: Pages) -> None:
    pages[DEPLOYMENT] = deployment(updatedReplicas=1)
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x:1"'}
    unplaced = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    pages[PODS] = [
        {"metadata": {"name": "web-1"}},
        {
            "metadata": {"name": "web-2"},
            "status": {
                "initContainerStatuses": [{"name": "first", "state": {"terminated": {}}}],
                "containerStatuses": [
                    {"name": "web", "state": {"waiting": waiting}},
                    {"name": "log", "state": {"waiting": {"reason": "PodInitializing"}}},
                ],
            },
        },
        {
            "metadata": {"name": "web-3"},
            "status": {"conditions": [unplaced | {"message": "0/2 nodes are available"}]},
        },
    ]
    assert missing(api).split("; ") == [
        "1 of 3 new pods exist",
        'pod web-2, container web: ImagePullBackOff: Back-off pulling image "x:1"',
        "pod web-3: Unschedulable: 0/2 nodes are available",
    ]


def test_a_few_of_many_pods_say_why_the_newest_first(api: KubernetesApi, pages: Pages) -> None:
    pages[DEPLOYMENT] = deployment(updatedReplicas=1)
    unplaced = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    pages[PODS] = [
        {
            "metadata": {"name": f"web-{day}", "creationTimestamp": f"2026-01-0{day}T00:00:00Z"},
            "status": {"conditions": [unplaced | {"message": "no node"}]},
        }
        for day in range(1, 6)
    ]
    assert missing(api).split("; ")[1:] == [
        *(f"pod web-{day}: Unschedulable: no node" for day in (5, 4, 3)),
        "2 more",
    ]


def rolled_out(**changes: Any) -> str:
    """What the gate of an application remembers."""

    def program() -> None:
        access = ClusterAccess(pulumi.Output.from_input("{}"))
        WebApp("rickroller", app_settings(**changes), access=access)

    engine, _ = run(program)
    digest: str = engine.of_type("Stash")["rickroller-rollout"]["input"]
    return digest


def test_the_gate_opens_anew_for_what_makes_other_pods() -> None:
    before = rolled_out(replicas=2)
    assert rolled_out(replicas=2) == before
    for changes in ({"replicas": 3}, {"image": "example/other:1"}, {"environment": {"A": "b"}}):
        assert rolled_out(**({"replicas": 2} | changes)) != before


def test_the_gate_does_not_look_at_what_an_autoscaler_decides() -> None:
    scaled = [{"autoscaler": {"min": least, "max": 9, "cpu": 50}} for least in (2, 3)]
    first, second = (rolled_out(replicas=..., **each) for each in scaled)
    assert first == second
