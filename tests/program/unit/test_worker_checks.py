"""What is wrong with workers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.program.unit.stack_settings import APP, VALID, changed, load, mistakes

WORKER: dict[str, Any] = {"name": "mail", "command": ["work"]}
PLACE = "apps[0].workers[0]"
DIGEST = "@sha256:" + "0a" * 32
FULL = {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}}


def with_app(**settings: Any) -> dict[str, Any]:
    return changed("apps", [APP | settings])


def with_worker(**settings: Any) -> dict[str, Any]:
    """A stack with one application, with one worker."""
    return with_app(workers=[WORKER | settings])


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"name": "Mail"}, "name", '"Mail": must be a DNS label'),
        ({"name": "db"}, "name", '"db": must be another one than before-rollout, config'),
        ({"name": "before-rollout"}, "name", "must be another one than"),
        ({"name": "m" * 60}, "name", f"must be shorter: web-{'m' * 60} has more than 63 char"),
        ({"command": []}, "command", "null: must be given, or args, or image"),
        ({"image": "Example/mail"}, "image", "in lower case"),
        ({"path": "/mail"}, "path", "unknown key; a worker has no Service"),
        ({"port": 8080}, "port", "unknown key; a worker has no Service"),
        ({"environment": {}}, "environment", "unknown key; a worker has the application's"),
        ({"replica": 2}, "replica", 'unknown key; did you mean "replicas"?'),
        ({"probes": {"liveness": {"type": "tcp"}}}, "probes.liveness.type", "must be exec or none"),
        ({"probes": {"startup": {}}}, "probes.startup.type", '"http": must be exec or none'),
        ({"probes": {"path": "/"}}, "probes.path", "must not be given: there is no port"),
        ({"nodepool": "other"}, "nodepool", "must be one of the cluster's nodepools: workers"),
        (
            {"replicas": 2, "autoscaler": {"min": 1, "max": 2, "cpu": 80}},
            "replicas",
            "must not be given with an autoscaler",
        ),
    ],
)
def test_a_worker_that_can_not_be(settings: dict[str, Any], key: str, message: str) -> None:
    (line,) = mistakes(with_worker(**settings))
    assert line.startswith(f"{PLACE}.{key}: ")
    assert message in line


def test_names_that_others_have() -> None:
    (line,) = mistakes(with_app(workers=[WORKER, WORKER]))
    assert line.startswith('apps[0].workers[1].name: "mail": must differ from the other')
    sidecar = {"name": "web-mail", "image": "busybox:1.37"}
    (line,) = mistakes(with_app(workers=[WORKER], sidecars=[sidecar]))
    assert line.endswith("must be another one: a container of web is named web-mail")
    both = [APP | {"workers": [WORKER]}, {"name": "web-mail", "image": "a/b:1"}]
    (line,) = mistakes(changed("apps", both))
    assert line == f'{PLACE}.name: "mail": must be another one: web-mail is the name of apps[1]'
    apps = [
        {"name": "a", "image": "a/b:1", "workers": [WORKER | {"name": "b-c"}]},
        {"name": "a-b", "image": "a/b:1", "workers": [WORKER | {"name": "c"}]},
    ]
    (line,) = mistakes(changed("apps", apps))
    assert line.endswith("must be another one: a-b-c is the name of apps[0].workers[0]")


def test_a_selector_that_selects_the_workers_too() -> None:
    taken = {"selector": {"app": "web"}, "labels": {"app": "web"}, "workers": [WORKER]}
    (line,) = mistakes(with_app(**taken))
    assert line == 'apps[0].selector: {"app": "web"}: must not select the pods of web-mail too'
    assert load(with_app(**taken | {"labels": {}})).apps[0].workers


def test_production_asks_of_workers_what_it_asks_of_containers() -> None:
    app = APP | {"image": f"example/web:1{DIGEST}", "replicas": 2, "resources": FULL}
    stack = VALID | {"production": True}

    def lines(**worker: Any) -> list[str]:
        return mistakes(stack | {"apps": [app | {"workers": [WORKER | worker]}]})

    assert load(stack | {"apps": [app | {"workers": [WORKER]}]}).apps[0].workers
    (line,) = lines(image="example/mail:1")
    assert line.startswith(f'{PLACE}.image: "example/mail:1": must have its digest in production')
    partial = {"requests": FULL["requests"]}
    assert lines(resources=partial) == [
        f"{PLACE}.resources.limits.memory: null: must be given in production"
    ]


def test_a_worker_in_a_namespace_with_a_quota() -> None:
    quota = {"namespaces": [{"name": "web", "quota": {"limits": {"cpu": 1, "memory": "1Gi"}}}]}
    app = {"resources": {"limits": {"cpu": "10m", "memory": "1Mi"}}}
    worker = WORKER | {"resources": FULL, "autoscaler": {"min": 1, "max": 2, "memory": 80}}
    (line,) = mistakes(with_app(**app, workers=[worker]) | quota)
    assert line.startswith(f"{PLACE}.resources.limits.cpu: null: must be given, because")


def test_an_autoscaler_needs_requests() -> None:
    scaled = {"autoscaler": {"min": 1, "max": 2, "cpu": 80}}
    app = {"resources": {"requests": {"memory": "1Mi"}}}
    (line,) = mistakes(with_app(**app, workers=[WORKER | scaled]))
    assert line == (
        "apps[0].resources.requests.cpu: null: must be given, because"
        f" {PLACE}.autoscaler.cpu is a percentage of it"
    )
    own = {"resources": {"requests": {"memory": "1Mi"}}}
    (line,) = mistakes(with_app(workers=[WORKER | scaled | own]))
    assert line.startswith(f"{PLACE}.resources.requests.cpu: null")
