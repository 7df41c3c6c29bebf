"""What the containers of a namespace ask for goes with its quota and its defaults."""

from __future__ import annotations

from typing import Any

import pytest

from tests.program.unit.stack_settings import changed, load, mistakes

APP: dict[str, Any] = {"name": "web", "image": "example/web:1"}
EVERYTHING: dict[str, Any] = {
    "sidecars": [{"name": "logs", "image": "busybox:1"}],
    "initContainers": [{"name": "wait", "image": "busybox:1"}],
    "beforeRollout": {"command": ["migrate"], "resources": {"requests": {"cpu": 1}}},
    "database": {
        "backup": {
            "zone": "ch-gva-2",
            "bucket": "dumps",
            "accessKey": "EXO1",
            "secretKey": "hidden",
        }
    },
}
PLACES = [
    "resources",
    "sidecars[0].resources",
    "initContainers[0].resources",
    "beforeRollout.resources",
    "database.resources",
    "database.backup.resources",
]


def stack(namespace: dict[str, Any], **app: Any) -> dict[str, Any]:
    values = changed("apps", [APP | app])
    return values | {
        "cluster": values["cluster"] | {"csi": True},
        "namespaces": [{"name": "web"} | namespace],
    }


def lines(namespace: dict[str, Any], **app: Any) -> list[str]:
    return mistakes(stack(namespace, **app), secret=["apps"])


def test_what_a_quota_counts_every_container_has() -> None:
    limits = {"quota": {"limits": {"cpu": 8}}}
    told = "must be given, because namespaces[0].quota.limits.cpu is set; or set"
    assert lines(limits, **EVERYTHING) == [
        f"apps[0].{place}.limits.cpu: [secret]: {told} namespaces[0].defaults.limits.cpu"
        for place in PLACES
    ]
    assert load(stack(limits | {"defaults": {"limits": {"cpu": 1}}}, **EVERYTHING), ["apps"])
    own = {"requests": {"cpu": "10m"}, "limits": {"cpu": 1}}
    assert load(stack(limits, resources=own))


@pytest.mark.parametrize(
    "others",
    [
        {"resources": {"limits": {"memory": "1Gi"}}},
        {"resources": {}, "defaults": {"limits": {"memory": "1Gi"}}},
        {"resources": {}, "defaults": {"requests": {"memory": "1Gi"}}},
    ],
)
def test_a_limit_is_a_request_too(others: dict[str, Any]) -> None:
    namespace = {"quota": {"requests": {"memory": "8Gi"}}}
    (line,) = mistakes(stack(namespace, resources={}))
    assert line.startswith("apps[0].resources.requests.memory: ")
    own = {"resources": others.pop("resources")}
    assert load(stack(namespace | others, **own))


def test_a_default_limit_is_not_below_a_request() -> None:
    assert mistakes(stack({"defaults": {"limits": {"cpu": "40m"}}})) == [
        'apps[0].resources.requests.cpu: "50m": must not be above'
        " namespaces[0].defaults.limits.cpu, 40m, which is its limit"
    ]
    found = lines({"defaults": {"limits": {"cpu": "5m"}}}, **EVERYTHING)
    assert [line.split(": ")[0] for line in found] == [
        f"apps[0].{place}.requests.cpu" for place in PLACES
    ]
    own = {"requests": {"cpu": 1}, "limits": {"cpu": 1}}
    assert load(stack({"defaults": {"limits": {"cpu": "5m"}}}, resources=own))


@pytest.mark.parametrize("kind", ["cpu", "memory"])
def test_an_autoscaler_counts_in_percent_of_requests(kind: str) -> None:
    scaler = {"min": 1, "max": 2, kind: 80}
    sidecar = {"name": "logs", "image": "busybox:1", "resources": {}}
    app = {"autoscaler": scaler, "resources": {}, "sidecars": [sidecar], "initContainers": []}
    app["initContainers"] = [sidecar | {"name": "wait"}]
    told = f"null: must be given, because apps[0].autoscaler.{kind} is a percentage of it"
    assert mistakes(stack({}, **app)) == [
        f"apps[0].resources.requests.{kind}: {told}",
        f"apps[0].sidecars[0].resources.requests.{kind}: {told}",
    ]
    amount = {"cpu": 1, "memory": "1Gi"}[kind]
    assert load(stack({"defaults": {"requests": {kind: amount}}}, **app))
    assert load(stack({}, autoscaler=scaler))


def test_a_namespace_that_is_not_listed_has_neither() -> None:
    assert load(changed("apps", [APP | {"resources": {}}]))
