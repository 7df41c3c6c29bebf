"""Schedules of an application are CronJobs with its configuration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pulumi
import pytest

from components.exoscale.placement import NODEPOOL_LABEL
from components.web_app.schedules.args import ScheduleArgs
from components.web_app.schedules.shown_runs import described, show_next_runs
from stack.checks.whole_stack import warnings
from stack.compose import declare
from tests.program.unit.app import declare_app, declared_pod
from tests.program.unit.engine import run
from tests.program.unit.stack_settings import APP, VALID, changed, load, mistakes

CLEANUP: dict[str, Any] = {"name": "cleanup", "schedule": "0 3 * * *", "command": ["clean", "up"]}
DIGEST = "@sha256:" + "0a" * 32
RESOURCES = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
CLIENT = {
    "app.kubernetes.io/name": "rickroller-cleanup",
    "app.kubernetes.io/instance": "rickroller",
}


def wrong(*schedules: dict[str, Any], **app: Any) -> list[str]:
    """The mistakes in an application with these schedules."""
    return mistakes(changed("apps", [APP | app | {"schedules": [*schedules]}]))


def cron_job(schedule: dict[str, Any], **app: Any) -> dict[str, Any]:
    """The CronJob of an application's schedule."""
    engine, _ = declare_app(schedules=[CLEANUP | schedule], **app)
    return engine.of_type("CronJob")["rickroller-cleanup"]


def pod_of(cron_job: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return pod


def test_its_defaults() -> None:
    found = cron_job({})
    assert found["metadata"]["name"] == "rickroller-cleanup"
    job = found["spec"].pop("jobTemplate")
    assert found["spec"] == {
        "schedule": "0 3 * * *",
        "timeZone": "Etc/UTC",
        "suspend": False,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    labels = [each["metadata"]["labels"] for each in (found, job, job["spec"].pop("template"))]
    assert all(CLIENT.items() <= each.items() for each in labels)
    assert job["spec"] == {"activeDeadlineSeconds": 3600, "backoffLimit": 0}


def test_its_pod_is_the_applications_without_what_serves_requests() -> None:
    app: dict[str, Any] = {
        "secrets": {"environment": {"TOKEN": "hidden"}},
        "config": {"files": {"/etc/app.conf": "x"}},
        "volumes": [{"name": "data"}],
        "mounts": [{"volume": "data", "path": "/data"}],
        "tolerations": [{"key": "gpu"}],
        "pullSecret": {"registry": "ghcr.io", "username": "robot", "password": "hidden"},
        "args": ["serve"],
        "sidecars": [{"name": "logs", "image": "busybox:1.37"}],
    }
    own, pod = declared_pod(**app), pod_of(cron_job({}, **app))
    (serving,), (container,) = own["containers"], pod["containers"]
    same = ("image", "env", "envFrom", "resources", "securityContext", "volumeMounts")
    assert {key: container[key] for key in same} == {key: serving[key] for key in same}
    assert container["command"] == ["clean", "up"]
    assert not {"args", "ports", "lifecycle", "startupProbe"} & container.keys()
    shared = ("serviceAccountName", "securityContext", "imagePullSecrets", "volumes", "tolerations")
    assert {key: pod[key] for key in shared} == {key: own[key] for key in shared}
    assert pod["restartPolicy"] == "Never"
    assert "initContainers" not in pod


@pytest.mark.parametrize(
    ("schedule", "command", "args", "image"),
    [
        ({}, ["clean", "up"], None, "derlin/rickroller:latest"),
        ({"args": ["-v"]}, ["clean", "up"], ["-v"], "derlin/rickroller:latest"),
        ({"command": [], "args": ["-v"]}, ["run"], ["-v"], "derlin/rickroller:latest"),
        ({"command": [], "image": "example/report:1"}, None, None, "example/report:1"),
    ],
)
def test_what_runs(
    schedule: dict[str, Any], command: list[str] | None, args: list[str] | None, image: str
) -> None:
    (container,) = pod_of(cron_job(schedule, command=["run"], args=["serve"]))["containers"]
    assert container.get("command") == command
    assert container.get("args") == args
    assert container["image"] == image


def test_it_waits_for_the_database_with_its_own_resources() -> None:
    pod = pod_of(cron_job({"resources": RESOURCES}, database={}))
    (wait,), (container,) = pod["initContainers"], pod["containers"]
    assert wait["name"] == "wait-for-database"
    assert wait["resources"] == container["resources"] == RESOURCES
    assert "DATABASE_URL" in [each["name"] for each in container["env"]]


def test_it_connects_to_whom_the_application_may_and_nobody_to_it() -> None:
    egress = [{"app": "search", "ports": [9200]}]
    engine, _ = declare_app(
        schedules=[CLEANUP], networkPolicy={"from": [{"app": "web"}], "egress": egress}, database={}
    )
    policies = engine.of_type("NetworkPolicy")
    spec = policies["rickroller-cleanup"]["spec"]
    assert spec["podSelector"]["matchLabels"] == CLIENT
    assert spec["ingress"] == []
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["egress"] == policies["rickroller"]["spec"]["egress"]
    (rule,) = policies["rickroller-db"]["spec"]["ingress"]
    assert {"app.kubernetes.io/instance": "rickroller"} in [
        each["podSelector"]["matchLabels"] for each in rule["from"]
    ]
    engine, _ = declare_app(schedules=[CLEANUP], networkPolicy={"enabled": False})
    assert "rickroller-cleanup" not in engine.of_type("NetworkPolicy")


def test_it_runs_on_the_nodepool_that_it_names() -> None:
    night = {"name": "night", "instanceType": "standard.small", "size": 1}
    taint = {"taints": {"night": "only:NoSchedule"}}
    values = changed("cluster.nodepools", [*VALID["cluster"]["nodepools"], night | taint])
    schedules = [CLEANUP | {"nodepool": "night"}, CLEANUP | {"name": "anywhere"}]
    values["apps"] = [APP | {"schedules": schedules}]
    engine, _ = run(lambda: declare(load(values)))
    found = engine.of_type("CronJob")
    pod = pod_of(found["web-cleanup"])
    assert pod["nodeSelector"] == {NODEPOOL_LABEL: "cluster-night-id"}
    assert [each["key"] for each in pod["tolerations"]] == ["night"]
    assert not {"nodeSelector", "tolerations"} & pod_of(found["web-anywhere"]).keys()
    (line,) = wrong(CLEANUP | {"nodepool": "day"})
    expected = (
        'apps[0].schedules[0].nodepool: "day": must be one of the cluster\'s nodepools: workers'
    )
    assert line == expected


@pytest.mark.parametrize(
    ("schedule", "place", "message"),
    [
        ({"schedule": "0 25 * * *"}, 'schedule: "0 25 * * *"', "hour: 25: must be 0 to 23"),
        ({"schedule": "0 0 31 2 *"}, 'schedule: "0 0 31 2 *"', "never comes"),
        ({"schedule": 5}, "schedule: 5", "must be a string: put it in quotes"),
        ({"timeZone": "Europe/Zurick"}, 'timeZone: "Europe/Zurick"', "mean Europe/Zurich?"),
        ({"command": []}, "command: null", "is required without args or image"),
        ({"name": "db"}, 'name: "db"', "another one than before-rollout, config, config-files, db"),
        ({"name": "before-rollout"}, 'name: "before-rollout"', "must be another one than"),
        ({"name": "a" * 49}, f'name: "{"a" * 49}"', "must have 48 characters at most"),
        ({"name": "Cleanup"}, 'name: "Cleanup"', "must be a DNS label"),
        ({"concurrencyPolicy": "No"}, 'concurrencyPolicy: "No"', "'Forbid', 'Allow' or 'Replace'"),
        ({"startingDeadlineSeconds": 5}, "startingDeadlineSeconds: 5", "must be 10 or more"),
        ({"suspended": True}, "suspended", 'did you mean "suspend"?'),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_created(
    schedule: dict[str, Any], place: str, message: str
) -> None:
    (line,) = wrong(CLEANUP | schedule)
    assert line.startswith(f"apps[0].schedules[0].{place}: ")
    assert message in line


def test_the_longest_name() -> None:
    values = changed("apps", [APP | {"schedules": [CLEANUP | {"name": "a" * 48}]}])
    assert load(values).apps[0].schedules


def test_a_worker_has_another_name() -> None:
    (line,) = wrong(CLEANUP, workers=[{"name": "cleanup", "command": ["work"]}])
    assert line == 'apps[0].schedules[0].name: "cleanup": must differ from the workers\''


def test_two_have_different_names() -> None:
    (line,) = wrong(CLEANUP, CLEANUP | {"schedule": "@daily"})
    assert line == 'apps[0].schedules[1].name: "cleanup": must differ from the other schedules\''


def test_an_application_with_the_name_of_a_schedule_is_refused() -> None:
    apps = [
        APP | {"namespace": "shop", "schedules": [CLEANUP]},
        APP | {"name": "web-cleanup", "namespace": "shop"},
    ]
    settings = load(changed("apps", apps))
    message = "NetworkPolicy shop/web-cleanup: declared by WebApp web and by WebApp web-cleanup"
    with pytest.raises(pulumi.RunError, match=message):
        run(lambda: declare(settings))


def test_production_demands_of_a_schedule_what_it_demands_of_others() -> None:
    strict = APP | {"image": "example/web:1" + DIGEST, "resources": RESOURCES, "replicas": 2}
    some = CLEANUP | {"resources": {"requests": {"cpu": "1"}}, "image": "example/report:1"}
    values = VALID | {"production": True, "ingress": {"controller": "nginx"}}
    lines = mistakes(values | {"apps": [strict | {"schedules": [some]}]})
    place = "apps[0].schedules[0]"
    assert lines[:2] == [
        f"{place}.resources.requests.memory: null: must be given in production",
        f"{place}.resources.limits.memory: null: must be given in production",
    ]
    assert lines[2].startswith(f'{place}.image: "example/report:1": must have its digest')
    right = CLEANUP | {"resources": RESOURCES, "image": "example/report:1" + DIGEST}
    assert load(values | {"apps": [strict | {"schedules": [CLEANUP, right | {"name": "all"}]}]})


def test_an_image_that_can_change_is_warned_of() -> None:
    schedule = CLEANUP | {"image": "example/report"}
    settings = load(changed("apps", [APP | {"schedules": [schedule]}]))
    place = "apps[0].schedules[0].image"
    assert [*warnings(settings)] == [
        f"{place}: example/report can become another image at any time"
    ]


def test_a_quota_counts_it() -> None:
    namespaces = [{"name": "web", "quota": {"requests": {"memory": "1Gi"}}}]
    schedule = CLEANUP | {"resources": {"requests": {"cpu": 1}}}
    values = changed("apps", [APP | {"schedules": [schedule]}]) | {"namespaces": namespaces}
    (line,) = mistakes(values)
    assert line.startswith("apps[0].schedules[0].resources.requests.memory: null: must be given")


def shown(old: dict[str, Any] | None, new: dict[str, Any]) -> list[str]:
    """What is said of a schedule whose CronJob has other inputs than before."""
    before = None if old is None else {"spec": cron_job(old)["spec"]}
    args = pulumi.ResourceHookArgs(
        urn="urn",
        id="id",
        name="rickroller-cleanup",
        type="kubernetes:batch/v1:CronJob",
        new_inputs={"spec": cron_job(new)["spec"]},
        old_inputs=before,
    )

    def program() -> Any:
        settings = ScheduleArgs.model_validate(CLEANUP | new)
        hook: Any = (show_next_runs("rickroller", settings).before_create or [])[0]
        assert hook.opts.on_dry_run
        return hook.callback(args)

    said: list[str] = []
    with patch.object(pulumi, "info", said.append):
        run(program)
    return said


def test_the_next_runs_are_shown_where_they_change() -> None:
    assert shown({}, {}) == []
    assert shown({}, {"args": ["-v"], "backoffLimit": 2}) == []
    for old, new in ((None, {}), ({"timeZone": "Asia/Tokyo"}, {}), ({"suspend": True}, {})):
        (line,) = shown(old, new)
        assert line.startswith("rickroller-cleanup: 0 3 * * *: next runs in Etc/UTC: ")
        assert line.count(" 03:00") == 3
    (line,) = shown({}, {"suspend": True})
    assert line == "rickroller-cleanup: 0 3 * * *: suspended, no run starts"


def test_the_next_runs_are_those_of_its_time_zone() -> None:
    schedule = ScheduleArgs.model_validate(CLEANUP | {"timeZone": "America/New_York"})
    now = datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
    assert described(schedule, now) == (
        "0 3 * * *: next runs in America/New_York: "
        "Tue 2026-12-01 03:00, Wed 2026-12-02 03:00, Thu 2026-12-03 03:00"
    )
