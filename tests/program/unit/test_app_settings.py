"""Mistakes in an application's settings: each names the key, the value and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.program.unit.stack_settings import APP, SIDECAR, changed, load, mistakes


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
    assert line == f"apps[0].{path}: is not set: {command(path)}"


def command(path: str) -> str:
    """The command that sets a secret; a file's last newline is a part of it."""
    if path.startswith("secrets.files"):
        return f"pulumi config set --secret --raw --path 'apps[0].{path}' < FILE"
    return f"pulumi config set --secret --path 'apps[0].{path}'"


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
    assert line == f"apps[0].{path}: [secret]: must be encrypted: {command(path)}"
    load(changed("apps", [APP | secrets]), secret=["apps"])


def test_a_mistake_beside_a_secret_does_not_tell_it() -> None:
    wrong = {"secrets": {"environment": {"1TOKEN": "t0ken", "OTHER": 7}}, "replicas": "t0ken"}
    lines = mistakes(changed("apps", [APP | wrong]), secret=["apps"])
    assert len(lines) == 3
    assert "t0ken" not in "\n".join(lines)
