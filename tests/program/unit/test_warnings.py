"""What is warned of, and what is refused in production alone."""

from __future__ import annotations

from typing import Any

import pytest

from stack.checks.whole_stack import notices, warnings
from tests.program.unit.stack_settings import APP, SIDECAR, VALID, changed, load, mistakes

DIGEST = "@sha256:" + "0a" * 32
RESOURCES = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
STRICT = APP | {"image": "example/web:1" + DIGEST, "resources": RESOURCES, "replicas": 2}
"""An application as production asks for it."""
OFF = {"type": "none"}
NO_PROBES = {"probes": {"startup": OFF, "readiness": OFF, "liveness": OFF}}
CLIENTS = {"networkPolicy": {"from": [{"namespace": "monitoring"}]}}


def test_production_asks_for_resources() -> None:
    some = {"requests": {"cpu": "1"}}
    apps = [
        STRICT | {"sidecars": [SIDECAR | {"image": "busybox:1.37" + DIGEST}]},
        STRICT | {"name": "api", "resources": some},
    ]
    values = VALID | {"apps": apps}
    assert load(values)
    assert mistakes(values | {"production": True}) == [
        "apps[0].sidecars[0].resources: null: must be given in production",
        "apps[1].resources.requests.memory: null: must be given in production",
        "apps[1].resources.limits.memory: null: must be given in production",
    ]


def test_warnings() -> None:
    apps = [
        APP | {"image": "example/web", "sidecars": [SIDECAR | {"image": "host:5000/logs:latest"}]},
        APP | {"name": "api"} | NO_PROBES | CLIENTS,
        APP | {"name": "one", "image": "example/one@sha256:" + "0" * 64},
    ]
    assert list(warnings(load(VALID | {"apps": apps}))) == [
        "apps[0].image: example/web can become another image at any time",
        "apps[0].sidecars[0].image: host:5000/logs:latest can become another image at any time",
        "apps[1].probes.readiness: without it, pods get requests before they can serve",
        "apps[1].probes.liveness: without it, a pod that hangs is not restarted",
    ]


def test_production_asks_for_digests() -> None:
    sidecar = SIDECAR | {"resources": RESOURCES}
    image, digest = sidecar["image"], sidecar["image"] + DIGEST
    job = {"command": ["migrate"], "resources": RESOURCES}
    wrong = STRICT | {"image": "example/web", "sidecars": [sidecar], "initContainers": []}
    values = VALID | {"production": True}
    assert mistakes(
        values | {"apps": [wrong | {"beforeRollout": job | {"image": "example/job:1"}}]}
    ) == [
        f'apps[0].{place}image: "{image}": must have its digest in production, {image}@sha256:...: '
        f"`docker buildx imagetools inspect {image}` prints it"
        for place, image in (
            ("", "example/web"),
            ("sidecars[0].", image),
            ("beforeRollout.", "example/job:1"),
        )
    ]
    right = STRICT | {"sidecars": [sidecar | {"image": digest}], "beforeRollout": job}
    assert load(values | {"apps": [right]})


def test_in_production_what_others_are_warned_of_is_refused() -> None:
    single = STRICT | {"replicas": 1, "probes": {"readiness": OFF}} | CLIENTS
    values = VALID | {"apps": [single, STRICT | {"name": "two"}]}
    no_probe = "apps[0].probes.readiness: without it, pods get requests before they can serve"
    assert list(warnings(load(values))) == [no_probe]
    assert mistakes(values | {"production": True}) == [
        "apps[0].replicas: with 1 pod, web is down whenever its node is",
        no_probe,
    ]


def test_an_autoscaler_in_production_begins_with_two_pods() -> None:
    app = {key: value for key, value in STRICT.items() if key != "replicas"}
    scaled = app | {"autoscaler": {"min": 1, "max": 4, "cpu": 80}}
    assert mistakes(VALID | {"production": True, "apps": [scaled]}) == [
        "apps[0].autoscaler.min: with 1 pod, web is down whenever its node is"
    ]


def test_production_takes_a_worker_without_a_port() -> None:
    apps = [STRICT | NO_PROBES]
    assert load(VALID | {"production": True, "apps": apps})


@pytest.mark.parametrize(
    "clients",
    [
        CLIENTS,
        {"networkPolicy": {"enabled": False}},
        {"service": "NodePort"},
        {"service": "LoadBalancer"},
        {"path": "/web"},
    ],
)
def test_production_asks_for_probes_where_requests_arrive(clients: dict[str, Any]) -> None:
    values = VALID | {"production": True, "ingress": {"controller": "traefik"}}
    assert mistakes(values | {"apps": [STRICT | NO_PROBES | clients]}) == [
        "apps[0].probes.readiness: without it, pods get requests before they can serve",
        "apps[0].probes.liveness: without it, a pod that hangs is not restarted",
    ]


def test_production_takes_one_pod_of_what_must_not_run_twice() -> None:
    once = {"rollout": {"type": "Recreate"}}
    values = VALID | {"production": True}
    assert load(values | {"apps": [STRICT | once | {"replicas": 1}]})
    app = {key: value for key, value in STRICT.items() if key != "replicas"}
    scaled = app | once | {"autoscaler": {"min": 1, "max": 4, "cpu": 80}}
    assert mistakes(values | {"apps": [scaled]}) == [
        "apps[0].autoscaler.min: with 1 pod, web is down whenever its node is"
    ]


@pytest.mark.parametrize("production", [False, True])
def test_an_autoscaler_without_a_metrics_server(production: bool) -> None:
    app = {key: value for key, value in STRICT.items() if key != "replicas"}
    scaled = app | {"autoscaler": {"min": 2, "max": 4, "cpu": 80, "memory": 90}}
    values = VALID | {"production": production, "apps": [scaled]}
    assert not [*notices(load(values))]
    without = load(changed("cluster.metricsServer", False, values))
    assert not [*warnings(without)]
    assert [*notices(without)] == [
        f"apps[0].autoscaler.{kind}: cluster.metricsServer is false: the number of pods does not "
        "change unless you install a metrics server"
        for kind in ("cpu", "memory")
    ]
