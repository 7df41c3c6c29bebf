"""The pods that an application's settings make."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.program.unit.app import BACKUP, declare_app, declared_pod, deployment

SELECTOR = {
    "app.kubernetes.io/name": "rickroller",
    "app.kubernetes.io/instance": "rickroller",
}
LABELS = SELECTOR | {
    "app.kubernetes.io/part-of": "webapp",
    "app.kubernetes.io/managed-by": "pulumi",
}


def test_the_tutorials_application() -> None:
    declared = deployment()
    template = declared["spec"].pop("template")
    assert declared["metadata"] == {
        "name": "rickroller",
        "namespace": "test",
        "labels": LABELS,
        "annotations": {},
    }
    assert declared["spec"] == {
        "replicas": 3,
        "selector": {"matchLabels": SELECTOR},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
        "progressDeadlineSeconds": 300,
        "revisionHistoryLimit": 10,
    }
    assert template["metadata"]["labels"] == LABELS
    assert template["spec"] == {
        "serviceAccountName": "rickroller",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": 30,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": SELECTOR},
                "matchLabelKeys": ["pod-template-hash"],
            }
        ],
        "containers": [
            {
                "name": "rickroller",
                "image": "derlin/rickroller:latest",
                "ports": [{"containerPort": 8080}],
                "env": [
                    {
                        "name": "APP_SECRET_KEY",
                        "valueFrom": {
                            "secretKeyRef": {
                                "name": "rickroller-app-secret-key",
                                "key": "APP_SECRET_KEY",
                            }
                        },
                    },
                    {"name": "BEHIND_PROXY", "value": "true"},
                ],
                "resources": {
                    "requests": {"cpu": "50m", "memory": "128Mi"},
                    "limits": {"memory": "256Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
                "volumeMounts": [
                    {"name": "writable", "mountPath": "/tmp", "subPath": "rickroller/tmp"}
                ],
                "startupProbe": {
                    "httpGet": {"path": "/", "port": 8080},
                    "initialDelaySeconds": 0,
                    "periodSeconds": 2,
                    "timeoutSeconds": 3,
                    "failureThreshold": 30,
                },
                "readinessProbe": {
                    "httpGet": {"path": "/", "port": 8080},
                    "initialDelaySeconds": 0,
                    "periodSeconds": 5,
                    "timeoutSeconds": 3,
                    "failureThreshold": 3,
                },
                "livenessProbe": {
                    "httpGet": {"path": "/", "port": 8080},
                    "initialDelaySeconds": 0,
                    "periodSeconds": 10,
                    "timeoutSeconds": 3,
                    "failureThreshold": 6,
                },
                "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
            }
        ],
        "volumes": [{"name": "writable", "emptyDir": {}}],
    }


def test_probes_ask_what_they_are_told_to() -> None:
    (container,) = declared_pod(
        probes={
            "path": "/health",
            "host": "www.example.com",
            "startup": {"type": "exec", "command": ["true"]},
            "readiness": {"path": "/ready", "periodSeconds": 1},
            "liveness": {"type": "tcp"},
        }
    )["containers"]
    assert container["startupProbe"]["exec"] == {"command": ["true"]}
    assert container["readinessProbe"]["httpGet"] == {
        "path": "/ready",
        "port": 8080,
        "httpHeaders": [{"name": "Host", "value": "www.example.com"}],
    }
    assert container["readinessProbe"]["periodSeconds"] == 1
    assert container["livenessProbe"]["tcpSocket"] == {"port": 8080}


def test_probes_of_all_kinds() -> None:
    (container,) = declared_pod(
        ports=[{"name": "admin", "port": 8081}],
        probes={
            "host": "www.example.com",
            "startup": {"type": "https", "path": "/started", "port": 8081},
            "readiness": {"type": "grpc"},
            "liveness": {"type": "grpc", "port": 8081, "service": "liveness"},
        },
    )["containers"]
    assert container["startupProbe"]["httpGet"] == {
        "path": "/started",
        "port": 8081,
        "scheme": "HTTPS",
        "httpHeaders": [{"name": "Host", "value": "www.example.com"}],
    }
    assert container["readinessProbe"]["grpc"] == {"port": 8080}
    assert container["livenessProbe"]["grpc"] == {"port": 8081, "service": "liveness"}


def test_tolerations_of_pods_and_of_their_job() -> None:
    tolerations = [
        {"key": "gpu", "value": "a40", "effect": "NoExecute", "seconds": 60},
        {"key": "spot"},
        {},
    ]
    engine, _ = declare_app(tolerations=tolerations, beforeRollout={"command": ["migrate"]})
    deployment, job = (engine.of_type(kind) for kind in ("Deployment", "Job"))
    for declared in (deployment["rickroller"], job["rickroller-before-rollout"]):
        assert declared["spec"]["template"]["spec"]["tolerations"] == [
            {
                "key": "gpu",
                "operator": "Equal",
                "value": "a40",
                "effect": "NoExecute",
                "tolerationSeconds": 60,
            },
            {"key": "spot", "operator": "Exists"},
            {"operator": "Exists"},
        ]


def test_no_probe_and_no_drain_where_there_is_to_be_none() -> None:
    off = {"type": "none"}
    (container,) = declared_pod(
        probes={"startup": off, "readiness": off, "liveness": off}, rollout={"drainSeconds": 0}
    )["containers"]
    assert not {"startupProbe", "readinessProbe", "livenessProbe", "lifecycle"} & container.keys()


@pytest.mark.parametrize(
    ("rollout", "strategy"),
    [
        ({"type": "Recreate"}, {"type": "Recreate"}),
        (
            {"maxSurge": "25%", "maxUnavailable": 1},
            {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1},
            },
        ),
    ],
)
def test_rollout(rollout: dict[str, Any], strategy: dict[str, Any]) -> None:
    assert deployment(rollout=rollout)["spec"]["strategy"] == strategy


def test_the_pods_have_labels_and_annotations_of_the_users_beside_their_own() -> None:
    template = deployment(labels={"team": "web"}, annotations={"example.com/note": "x y"})["spec"][
        "template"
    ]
    assert template["metadata"] == {
        "labels": LABELS | {"team": "web"},
        "annotations": {"example.com/note": "x y"},
    }


def test_a_deployment_that_existed_before_keeps_its_selector() -> None:
    engine, _ = declare_app(selector={"app": "rickroller"})
    spec = engine.of_type("Deployment")["rickroller"]["spec"]
    assert spec["selector"]["matchLabels"] == {"app": "rickroller"}
    assert spec["template"]["metadata"]["labels"] == LABELS | {"app": "rickroller"}
    assert engine.of_type("Service")["rickroller"]["spec"]["selector"] == {"app": "rickroller"}


def test_a_port_below_1024_is_open_to_a_user_that_is_not_root() -> None:
    (sysctl,) = declared_pod(port=80)["securityContext"]["sysctls"]
    assert sysctl == {"name": "net.ipv4.ip_unprivileged_port_start", "value": "80"}


def test_root_where_it_is_asked_for() -> None:
    spec = declared_pod(
        security={"runAsUser": 0, "readOnlyRootFilesystem": False, "writablePaths": []}
    )
    assert spec["securityContext"]["runAsNonRoot"] is False
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is False
    assert "volumes" not in spec


def test_a_group_by_itself_for_images_whose_files_are_of_one() -> None:
    spec = declared_pod(
        security={"runAsGroup": 0},
        initContainers=[
            {"name": "wait", "image": "busybox:1.37", "security": {"runAsGroup": 7}},
        ],
    )
    context = spec["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (1000, 0, 0)
    assert "runAsGroup" not in spec["containers"][0]["securityContext"]
    assert spec["initContainers"][0]["securityContext"]["runAsGroup"] == 7


def test_no_pod_is_in_the_group_of_root() -> None:
    engine, _ = declare_app(
        beforeRollout={"command": ["migrate"]},
        database={"backup": BACKUP},
    )
    (job,) = engine.of_type("Job").values()
    workloads = [engine.of_type("Deployment")["rickroller"], job]
    workloads += [engine.of_type("StatefulSet")["rickroller-db"]]
    workloads += [engine.of_type("CronJob")["rickroller-db"]["spec"]["jobTemplate"]]
    groups = [
        each["spec"]["template"]["spec"]["securityContext"]["runAsGroup"] for each in workloads
    ]
    assert groups == [1000, 1000, 999, 999]


def test_a_log_sidecar_shares_a_volume_with_the_application() -> None:
    """The tutorial's second example."""
    logs = {"volume": "shared-logs", "path": "/var/log/nginx"}
    spec = declared_pod(
        image="nginx:1.29",
        port=80,
        security={"runAsUser": 101, "writablePaths": ["/tmp", "/run"]},
        volumes=[{"name": "shared-logs", "sizeLimit": "64Mi"}],
        mounts=[logs],
        sidecars=[
            {
                "name": "sidecar",
                "image": "busybox:1.37",
                "command": ["sh", "-c"],
                "args": ["tail -F /var/log/nginx/access.log"],
                "mounts": [logs | {"readOnly": True}],
            }
        ],
    )
    (application,) = spec["containers"]
    (sidecar,) = spec["initContainers"]
    assert sidecar["restartPolicy"] == "Always"
    assert (sidecar["command"], sidecar["args"]) == (
        ["sh", "-c"],
        ["tail -F /var/log/nginx/access.log"],
    )
    shared = {"name": "shared-logs", "mountPath": "/var/log/nginx"}
    assert shared | {"readOnly": False} in application["volumeMounts"]
    assert shared | {"readOnly": True} in sidecar["volumeMounts"]
    assert {"name": "shared-logs", "emptyDir": {"sizeLimit": "64Mi"}} in spec["volumes"]


def test_plain_sidecars_are_beside_and_init_containers_before_the_application() -> None:
    """The tutorial's first example, with an init container."""
    spec = declared_pod(
        sidecars=[
            {"name": "sh", "image": "busybox:1.37", "native": False, "command": ["sleep", "1d"]},
            {"name": "proxy", "image": "example/proxy:1", "security": {"runAsUser": 65534}},
        ],
        initContainers=[{"name": "wait", "image": "busybox:1.37", "environment": {"A": 1}}],
        volumes=[{"name": "cache", "medium": "memory", "sizeLimit": "16Mi"}],
    )
    assert [each["name"] for each in spec["containers"]] == ["rickroller", "sh"]
    assert [each["name"] for each in spec["initContainers"]] == ["proxy", "wait"]
    proxy, wait = spec["initContainers"]
    assert proxy["securityContext"]["runAsUser"] == 65534
    assert proxy["securityContext"]["runAsGroup"] == 65534
    assert "restartPolicy" not in wait
    assert wait["env"] == [{"name": "A", "value": "1"}]
    assert {"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}} in spec[
        "volumes"
    ]


def test_each_run_draws_another_value_for_a_generated_secret() -> None:
    def drawn() -> str:
        secret = declare_app()[0].of_type("Secret")["rickroller-app-secret-key"]
        assert pulumi.runtime.rpc.is_rpc_secret(secret["data"])
        return str(pulumi.runtime.rpc.unwrap_rpc_secret(secret["data"])["APP_SECRET_KEY"])

    first, second = drawn(), drawn()
    assert first != second
    assert min(len(first), len(second)) >= 40
