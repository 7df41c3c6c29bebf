"""What is warned of, and what is refused in production alone."""

from __future__ import annotations

from settings.checks.stack_checks import warnings
from tests.unit.stack_settings import APP, SIDECAR, VALID, load, mistakes

DIGEST = "@sha256:" + "0a" * 32
RESOURCES = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
STRICT = APP | {"image": "example/web:1" + DIGEST, "resources": RESOURCES, "replicas": 2}
"""An application as production asks for it."""


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
    off = {"readiness": {"type": "none"}}
    values = VALID | {"apps": [STRICT | {"replicas": 1, "probes": off}, STRICT | {"name": "two"}]}
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
