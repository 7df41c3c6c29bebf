"""What is warned of, and what is refused in production alone."""

from __future__ import annotations

from settings.checks.stack_checks import warnings
from tests.unit.stack_settings import APP, SIDECAR, VALID, load, mistakes


def test_production_asks_for_resources() -> None:
    given = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
    some = {"requests": {"cpu": "1"}}
    apps = [
        APP | {"resources": given, "sidecars": [SIDECAR]},
        APP | {"name": "api", "resources": some},
    ]
    values = VALID | {"apps": apps}
    assert load(values)
    assert mistakes(values | {"production": True}) == [
        "apps[0].sidecars[0].resources: null: must be given in production",
        "apps[1].resources.requests.memory: null: must be given in production",
        "apps[1].resources.limits.memory: null: must be given in production",
    ]


def test_warnings() -> None:
    off = {"type": "none"}
    apps = [
        APP | {"image": "example/web", "sidecars": [SIDECAR | {"image": "host:5000/logs:latest"}]},
        APP | {"name": "api", "probes": {"readiness": off, "liveness": off}},
        APP | {"name": "one", "image": "example/one@sha256:" + "0" * 64},
    ]
    assert list(warnings(load(VALID | {"apps": apps}))) == [
        "apps[0].image: example/web can become another image at any time",
        "apps[0].sidecars[0].image: host:5000/logs:latest can become another image at any time",
        "apps[1].probes.readiness: without it, pods get requests before they can serve",
        "apps[1].probes.liveness: without it, a pod that hangs is not started again",
    ]


def test_production_warns_of_an_application_with_one_pod() -> None:
    resources = {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
    one, two = APP | {"resources": resources}, APP | {"name": "two", "resources": resources}
    values = VALID | {"production": True, "apps": [one, two | {"replicas": 2}]}
    assert list(warnings(load(values))) == [
        "apps[0].replicas: with 1 pod, web is down whenever its node is"
    ]
