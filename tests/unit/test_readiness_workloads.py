"""When workloads count as ready, and what is said while they are not."""

from __future__ import annotations

from typing import Any

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter
from sandbox.plugins.kubernetes.readiness.deployment import DeploymentAwaiter
from sandbox.plugins.kubernetes.readiness.events import Event
from sandbox.plugins.kubernetes.readiness.job import JobAwaiter
from sandbox.plugins.kubernetes.readiness.pod_check import problems
from sandbox.plugins.kubernetes.readiness.stateful_set import StatefulSetAwaiter

REVISION = "deployment.kubernetes.io/revision"


def observe(awaiter: Awaiter, item: dict[str, Any], type: Any = "MODIFIED") -> None:
    awaiter.observe(Event(type, item["kind"], item), now=0.0)


def condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def deployment(
    *conditions: dict[str, Any], generation: int = 1, observed: int = 1, revision: str = "1"
) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "uid": "d",
            "generation": generation,
            "annotations": {REVISION: revision},
        },
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {}},
        },
        "status": {"observedGeneration": observed, "conditions": list(conditions)},
    }


def replica_set(ready: int, desired: int = 3, revision: str = "1") -> dict[str, Any]:
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"web-{revision}",
            "uid": f"r{revision}",
            "annotations": {REVISION: revision},
            "ownerReferences": [{"uid": "d"}],
        },
        "spec": {"replicas": desired},
        "status": {"readyReplicas": ready},
    }


def pod(*conditions: dict[str, Any], containers: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {
            "name": "web-x",
            "namespace": "test",
            "uid": "p",
            "ownerReferences": [{"uid": "r1"}],
        },
        "status": {
            "phase": "Pending",
            "conditions": list(conditions),
            "containerStatuses": list(containers),
        },
    }


AVAILABLE = condition("Available", "True")
ROLLED_OUT = condition("Progressing", "True", "NewReplicaSetAvailable")


def test_a_new_deployment_is_ready_once_all_its_pods_are() -> None:
    lines: list[str] = []
    awaiter = DeploymentAwaiter(deployment(observed=0), lines.append)
    observe(awaiter, deployment(AVAILABLE, observed=0))
    observe(awaiter, replica_set(ready=3))
    assert not awaiter.ready(), "the controller has not seen the Deployment yet"
    observe(awaiter, deployment(AVAILABLE))
    observe(awaiter, replica_set(ready=1))
    assert not awaiter.ready()
    assert lines[-1] == "Waiting for app ReplicaSet to be available (1/3 Pods available)"
    observe(awaiter, replica_set(ready=3))
    assert awaiter.ready()


def test_an_upgraded_deployment_waits_for_the_new_replica_set() -> None:
    live = deployment(generation=2, observed=1)
    awaiter = DeploymentAwaiter(live, lambda line: None)
    observe(awaiter, replica_set(ready=3, revision="1"))
    observe(awaiter, deployment(AVAILABLE, ROLLED_OUT, generation=1, observed=1))
    assert not awaiter.ready(), "an older generation does not count"
    rolling = condition("Progressing", "True", "ReplicaSetUpdated")
    observe(awaiter, deployment(AVAILABLE, rolling, generation=2, observed=2, revision="2"))
    observe(awaiter, replica_set(ready=1, desired=1, revision="2"))
    assert not awaiter.ready(), "the roll-out is not over"
    assert awaiter.reasons() == [
        "Minimum number of Pods to consider the application live was not attained"
    ]
    observe(awaiter, deployment(AVAILABLE, ROLLED_OUT, generation=2, observed=2, revision="2"))
    observe(awaiter, replica_set(ready=3, revision="2"))
    assert awaiter.ready()


def test_a_scaled_deployment_waits_for_its_replica_set_to_be_scaled() -> None:
    scaled = deployment(AVAILABLE, ROLLED_OUT, generation=2, observed=2)
    scaled["spec"]["replicas"] = 5
    awaiter = DeploymentAwaiter(scaled, lambda line: None)
    before = replica_set(ready=3)
    before["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] = "3"
    observe(awaiter, scaled)
    observe(awaiter, before)
    assert not awaiter.ready()
    after = replica_set(ready=5, desired=5)
    after["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] = "5"
    observe(awaiter, after)
    assert awaiter.ready()


def test_a_deployment_names_what_holds_it_up() -> None:
    late = condition("Progressing", "False", "ProgressDeadlineExceeded", "web-1 timed out")
    quota = condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: q")
    awaiter = DeploymentAwaiter(deployment(), lambda line: None)
    observe(awaiter, deployment(late, quota))
    observe(awaiter, replica_set(ready=0))
    observe(awaiter, pod(condition("PodScheduled", "False", "Unschedulable", "0/2 nodes")))
    assert awaiter.reasons() == [
        "[ProgressDeadlineExceeded] web-1 timed out",
        "[FailedCreate] exceeded quota: q",
        "Minimum number of live Pods was not attained",
        "[Pod test/web-x]: 0/2 nodes",
    ]


def test_an_unbound_claim_holds_a_deployment_up() -> None:
    live = deployment(AVAILABLE, ROLLED_OUT)
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    live["spec"]["template"]["spec"]["volumes"] = [volume]
    claim: dict[str, Any] = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "uid": "c"},
        "status": {"phase": "Pending"},
    }
    awaiter = DeploymentAwaiter(live, lambda line: None)
    observe(awaiter, claim)
    observe(awaiter, live)
    observe(awaiter, replica_set(ready=3))
    assert not awaiter.ready()
    assert awaiter.reasons() == ['Failed to bind PersistentVolumeClaim(s): "data"']
    observe(awaiter, claim | {"status": {"phase": "Bound"}})
    assert awaiter.ready()


def test_a_pod_whose_image_cant_be_pulled_or_that_crashes_says_so() -> None:
    placed = (condition("PodScheduled", "True"), condition("Initialized", "True"))
    unready = condition("Ready", "False", "ContainersNotReady", "containers with unready status")
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    crashed = {
        "reason": "Error",
        "exitCode": 1,
        "finishedAt": "2026-11-22T00:00:00Z",
    }
    assert problems(pod(*placed, unready, containers=({"name": "web", "state": waiting},))) == [
        "[Pod test/web-x]: containers with unready status[ImagePullBackOff] no such image"
    ]
    looping = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    container = {"name": "web", "state": looping, "lastState": {"terminated": crashed}}
    [problem] = problems(pod(*placed, unready, containers=(container,)))
    assert problem.splitlines() == [
        "[Pod test/web-x]: containers with unready status[CrashLoopBackOff] back-off",
        'container "web" terminated at 2026-11-22T00:00:00Z (Error: exit code 1)',
    ]
    assert problems(pod(*placed, condition("Ready", "True"))) == []


def test_a_stateful_set_waits_for_its_newest_revision() -> None:
    live: dict[str, Any] = {
        "kind": "StatefulSet",
        "metadata": {"name": "db", "uid": "s", "generation": 2},
        "spec": {"replicas": 2, "selector": {}, "updateStrategy": {"type": "RollingUpdate"}},
        "status": {},
    }
    counts = {"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "currentReplicas": 2}
    lines: list[str] = []
    awaiter = StatefulSetAwaiter(live, lines.append)
    rolling = counts | {"currentRevision": "a", "updateRevision": "b", "updatedReplicas": 1}
    observe(awaiter, live | {"status": rolling})
    assert not awaiter.ready()
    assert lines[-1] == "[2/3] Waiting for StatefulSet to update .status.currentRevision"
    observe(awaiter, live | {"status": rolling | {"currentRevision": "b", "updatedReplicas": 2}})
    assert awaiter.ready()


def test_a_failed_job_is_given_up_on_at_once() -> None:
    live: dict[str, Any] = {
        "kind": "Job",
        "metadata": {"name": "j", "uid": "j"},
        "status": {"startTime": "now"},
    }
    awaiter = JobAwaiter(live, lambda line: None)
    observe(awaiter, live)
    assert not awaiter.ready()
    failure = condition("Failed", "True", "BackoffLimitExceeded", "too often")
    observe(awaiter, live | {"status": {"startTime": "now", "conditions": [failure]}})
    assert awaiter.failed
    assert awaiter.reasons() == ["[BackoffLimitExceeded] too often"]
