"""Mistakes in an application's settings: each names the key, the value and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from settings.checks.stack_checks import warnings
from tests.unit.stack_settings import VALID, changed, load, mistakes

APP: dict[str, Any] = {"name": "web", "image": "example/web:1"}
SIDECAR: dict[str, Any] = {"name": "logs", "image": "busybox:1.37"}


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        (
            {"resources": {"requests": {"cpu": "1 core"}}},
            "resources.requests.cpu",
            '"1 core": must be CPU cores',
        ),
        (
            {"resources": {"limits": {"memory": "256"}}},
            "resources.limits.memory",
            '"256": must be bytes with their unit',
        ),
        (
            {"resources": {"limits": {"memory": "256mb"}}},
            "resources.limits.memory",
            '"256mb": must be bytes with their unit',
        ),
        (
            {"resources": {"requests": {"cpu": "1500m"}, "limits": {"cpu": 1}}},
            "resources.limits",
            "must not be below requests: cpu 1 < 1500m",
        ),
        (
            {"resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "1G"}}},
            "resources.limits",
            "must not be below requests: memory 1G < 1Gi",
        ),
        ({"autoscaler": {"min": 5, "max": 2, "cpu": 80}}, "autoscaler.max", "2: must be 5 or more"),
        ({"autoscaler": {"min": 0, "max": 2, "cpu": 80}}, "autoscaler.min", "0: must be 1 or more"),
        ({"autoscaler": {"min": 1, "max": 2}}, "autoscaler.cpu", "there is nothing to scale by"),
        (
            {"autoscaler": {"min": 1, "max": 2, "cpu": 80}, "replicas": 2},
            "replicas",
            "2: must not be given with an autoscaler",
        ),
        (
            {"disruptionBudget": {"maxUnavailable": "some"}},
            "disruptionBudget.maxUnavailable",
            '"some": must be a number',
        ),
        ({"rollout": {"maxSurge": 0}}, "rollout.maxUnavailable", "no pod could be replaced"),
        (
            {"rollout": {"progressDeadlineSeconds": 900}},
            "rollout.timeoutSeconds",
            "600: must not be less than progressDeadlineSeconds, 900",
        ),
        ({"rollout": {"maxSurge": "150%"}}, "rollout.maxSurge", '"150%": must be a number'),
        (
            {"rollout": {"drainSeconds": 30}},
            "rollout.drainSeconds",
            "30: must be less than terminationGracePeriodSeconds, 30",
        ),
        (
            {"rollout": {"progressDeadlineSeconds": "5m"}},
            "rollout.progressDeadlineSeconds",
            '"5m": must be a whole number',
        ),
        (
            {"rollout": {"type": "Recreate", "maxSurge": 1}},
            "rollout.maxSurge",
            "1: must not be given for the type Recreate",
        ),
        ({"beforeRollout": {"command": []}}, "beforeRollout.command", "must not be empty"),
        ({"probes": {"path": "health"}}, "probes.path", '"health": must be a path'),
        (
            {"probes": {"readiness": {"type": "exec"}}},
            "probes.readiness.command",
            "must be given for the type exec",
        ),
        (
            {"probes": {"liveness": {"command": ["true"]}}},
            "probes.liveness.command",
            "must be given for the type exec, and for no other",
        ),
        (
            {"probes": {"liveness": {"type": "tcp", "path": "/"}}},
            "probes.liveness.path",
            "must not be given",
        ),
        (
            {"probes": {"startup": {"periodSeconds": 0}}},
            "probes.startup.periodSeconds",
            "0: must be 1 or more",
        ),
        ({"labels": {"-team": "web"}}, "labels.-team", "must be a Kubernetes label's key"),
        ({"labels": {"team": "a b"}}, "labels.team", '"a b": must be a Kubernetes label\'s value'),
        (
            {"labels": {"app.kubernetes.io/name": "x"}},
            "labels",
            "the program sets app.kubernetes.io/",
        ),
        ({"annotations": {"a b": "x"}}, 'annotations["a b"]', "must be"),
        ({"security": {"runAsUser": "app"}}, "security.runAsUser", '"app": must be a whole number'),
        (
            {"security": {"writablePaths": ["tmp"]}},
            "security.writablePaths[0]",
            '"tmp": must be an absolute path',
        ),
        (
            {"mounts": [{"volume": "data", "path": "/data"}]},
            "mounts[0].volume",
            '"data": is not in volumes',
        ),
        (
            {
                "volumes": [{"name": "a"}],
                "sidecars": [SIDECAR | {"mounts": [{"volume": "b", "path": "/b"}]}],
            },
            "sidecars[0].mounts[0].volume",
            '"b": must be one of volumes: a',
        ),
        (
            {"volumes": [{"name": "a"}], "mounts": [{"volume": "a", "path": "/tmp"}]},
            "mounts[0].path",
            '"/tmp": must be mounted once',
        ),
        ({"volumes": [{"name": "writable"}]}, "volumes[0].name", '"writable": must be another one'),
        ({"volumes": [{"name": "a"}, {"name": "a"}]}, "volumes[1].name", "must differ"),
        ({"sidecars": [SIDECAR | {"name": "web"}]}, "sidecars[0].name", '"web": must differ'),
        (
            {"sidecars": [SIDECAR], "initContainers": [SIDECAR]},
            "initContainers[0].name",
            '"logs": must differ',
        ),
        (
            {"environment": {"A": 1}, "config": {"environment": {"A": 2}}},
            "config.environment.A",
            "once",
        ),
        ({"environment": {"KEY": "x"}, "generatedSecrets": ["KEY"]}, "generatedSecrets[0]", "once"),
        (
            {"config": {"files": {"etc/app.conf": ""}}},
            'config.files["etc/app.conf"]',
            "must be an absolute path",
        ),
        (
            {"config": {"files": {"/etc/app/": ""}}},
            'config.files["/etc/app/"]',
            "must be an absolute path",
        ),
        (
            {"config": {"files": {"/a/b": "", "/a_b": ""}}},
            'config.files["/a_b"]',
            "must differ from other files by more than / and _",
        ),
        ({"generatedSecrets": ["SECRETS"]}, "generatedSecrets[0]", "must be another one than"),
        (
            {"name": "w" * 40, "beforeRollout": {"command": ["migrate"]}},
            "name",
            "must have 39 characters at most",
        ),
        (
            {"networkPolicy": {"from": [{}]}},
            "networkPolicy.from[0]",
            "must have app, namespace or both",
        ),
        (
            {"networkPolicy": {"from": [{"app": "a", "network": "10.0.0.0/8"}]}},
            "networkPolicy.from[0]",
            "must have app, namespace or both",
        ),
        (
            {"imagePullPolicy": "always"},
            "imagePullPolicy",
            "must be one of 'Always', 'IfNotPresent' or 'Never'",
        ),
    ],
)
def test_a_mistake_names_key_value_and_what_is_allowed(
    settings: dict[str, Any], key: str, message: str
) -> None:
    (line,) = mistakes(changed("apps", [APP | settings]))
    assert line.startswith(f"apps[0].{key}: ")
    assert message in line


@pytest.mark.parametrize(
    "settings",
    [
        {"namespace": "3d-shop"},
        {"networkPolicy": {"from": [{"namespace": "3d-shop"}]}},
        {"sidecars": [SIDECAR | {"name": "2nd"}]},
        {
            "volumes": [{"name": "1gb"}],
            "mounts": [{"volume": "1gb", "path": "/data"}],
        },
        {"environment": {"spring.profiles.active": "on", "Logging:Level": "info", "1A": "x"}},
        {"config": {"environment": {"spring.profiles.active": "on", "log-level": "info"}}},
        {"generatedSecrets": ["api.key", "_KEY"]},
        {"host": "a.example", "ingress": {"tls": {"secret": "wildcard.example.com"}}},
        {"host": "a.example", "ingress": {"tls": {"issuer": "ca.example"}}},
        {"host": "a.example", "ingress": {"tls": {"clusterIssuer": "1.ca.example"}}},
    ],
)
def test_names_are_what_kubernetes_allows(settings: dict[str, Any]) -> None:
    assert load(changed("apps", [APP | settings]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "3d"}, "a letter first"),
        ({"namespace": "shop.front"}, "a DNS label"),
        ({"environment": {"A=B": "x"}}, "printable ASCII without ="),
        ({"config": {"environment": {"a b": "x"}}}, "letters, digits and - _ ."),
        ({"config": {"environment": {"..a": "x"}}}, "neither digit nor dot first"),
        ({"generatedSecrets": ["KEY_"]}, "- _ . between them"),
        ({"host": "a.example", "ingress": {"tls": {"secret": "a..b"}}}, "an object's name"),
    ],
)
def test_names_are_not_what_kubernetes_refuses(settings: dict[str, Any], message: str) -> None:
    (line,) = mistakes(changed("apps", [APP | settings]))
    assert message in line


@pytest.mark.parametrize(
    ("secrets", "path"),
    [
        ({"secrets": {"environment": {"TOKEN": None}}}, "secrets.environment.TOKEN"),
        ({"secrets": {"environment": {"TOKEN": ""}}}, "secrets.environment.TOKEN"),
        ({"secrets": {"files": {"/etc/key.pem": None}}}, 'secrets.files["/etc/key.pem"]'),
        ({"pullSecret": {"registry": "ghcr.io", "username": "me"}}, "pullSecret.password"),
    ],
)
def test_a_secret_that_is_not_set_is_named_with_the_command_that_sets_it(
    secrets: dict[str, Any], path: str
) -> None:
    (line,) = mistakes(changed("apps", [APP | secrets]))
    command = f"pulumi config set --secret --path 'apps[0].{path}'"
    assert line == f"apps[0].{path}: is not set: {command}"


@pytest.mark.parametrize(
    ("secrets", "path"),
    [
        ({"secrets": {"environment": {"TOKEN": "t0ken"}}}, "secrets.environment.TOKEN"),
        ({"secrets": {"files": {"/key": "t0ken"}}}, 'secrets.files["/key"]'),
        (
            {"pullSecret": {"registry": "ghcr.io", "username": "me", "password": "t0ken"}},
            "pullSecret.password",
        ),
    ],
)
def test_a_secret_in_clear_is_refused_and_not_told(secrets: dict[str, Any], path: str) -> None:
    (line,) = mistakes(changed("apps", [APP | secrets]))
    assert line == (
        f"apps[0].{path}: [secret]: must be encrypted: "
        f"pulumi config set --secret --path 'apps[0].{path}'"
    )
    load(changed("apps", [APP | secrets]), secret=["apps"])


def test_a_mistake_beside_a_secret_does_not_tell_it() -> None:
    wrong = {"secrets": {"environment": {"1TOKEN": "t0ken", "OTHER": 7}}, "replicas": "t0ken"}
    lines = mistakes(changed("apps", [APP | wrong]), secret=["apps"])
    assert len(lines) == 3
    assert "t0ken" not in "\n".join(lines)


def test_applications_may_share_a_namespace() -> None:
    values = changed("apps[1].namespace", "web")
    assert [each.name for each in load(values).app_namespaces] == ["web"]
    values["namespaces"] = [{"name": "web", "podSecurity": "baseline"}]
    (namespace,) = load(values).app_namespaces
    assert namespace.pod_security == "baseline"


@pytest.mark.parametrize(
    ("namespace", "key", "message"),
    [
        ({"name": "shop"}, "namespaces[0].name", '"shop": has no application in it'),
        ({"name": "kube-system"}, "namespaces[0].name", '"kube-system": must be another one'),
        ({"name": "web", "podSecurity": "strict"}, "namespaces[0].podSecurity", "must be one of"),
        ({"name": "web", "quota": {"pods": -1}}, "namespaces[0].quota.pods", "-1: must be 0"),
    ],
)
def test_mistakes_in_a_namespace(namespace: dict[str, Any], key: str, message: str) -> None:
    (line,) = mistakes(VALID | {"namespaces": [namespace]})
    assert line.startswith(f"{key}: ")
    assert message in line


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"security": {"runAsUser": 0}}, "security.runAsUser"),
        (
            {"sidecars": [SIDECAR | {"security": {"runAsUser": 0}}]},
            "sidecars[0].security.runAsUser",
        ),
        (
            {"initContainers": [SIDECAR | {"security": {"runAsUser": 0}}]},
            "initContainers[0].security.runAsUser",
        ),
    ],
)
def test_root_takes_another_level_of_its_namespace(settings: dict[str, Any], place: str) -> None:
    values = changed("apps", [APP | {"namespace": "shop"} | settings])
    assert mistakes(values) == [
        f"apps[0].{place}: 0: must not be root, for its namespace is restricted: another level is"
        " an item of namespaces, {name: shop, podSecurity: baseline}"
    ]
    assert mistakes(values | {"namespaces": [{"name": "shop"}]}) == [
        f"apps[0].{place}: 0: must not be root, for namespaces[0].podSecurity is restricted:"
        " set that to baseline"
    ]
    assert load(values | {"namespaces": [{"name": "shop", "podSecurity": "baseline"}]})


def test_app_armor_is_turned_off_at_the_level_privileged_alone() -> None:
    key = "container.apparmor.security.beta.kubernetes.io/web"
    values = changed("apps", [APP | {"annotations": {key: "unconfined"}}])
    baseline = [{"name": "web", "podSecurity": "baseline"}]
    (line,) = mistakes(values | {"namespaces": baseline})
    assert line.startswith(f'apps[0].annotations["{key}"]: "unconfined": must be runtime/default')
    assert line.endswith("for namespaces[0].podSecurity is baseline: set that to privileged")
    assert load(values | {"namespaces": [{"name": "web", "podSecurity": "privileged"}]})
    values["apps"][0]["annotations"][key] = "localhost/web"
    assert load(values)


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
