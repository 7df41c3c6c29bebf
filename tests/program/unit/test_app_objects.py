"""The objects beside an application's Deployment."""

from __future__ import annotations

import base64
import json
from typing import Any

import pulumi
import pytest

from components.namespace.app_namespace import AppNamespace
from components.namespace.args import AppNamespaceArgs
from tests.program.unit.app import declare_app, declared_pod
from tests.program.unit.engine import Engine, run

HUNDRED_PERCENT = {"min": 2, "max": 5, "cpu": 80}


def plain(value: Any) -> Any:
    """What is in a secret."""
    assert pulumi.runtime.rpc.is_rpc_secret(value)
    return pulumi.runtime.rpc.unwrap_rpc_secret(value)


def declare_namespace(**settings: Any) -> Engine:
    namespace = AppNamespaceArgs.model_validate(settings)
    return run(lambda: AppNamespace("shop", namespace))[0]


def test_a_namespace_is_restricted_and_bounds_nothing_unless_asked_to() -> None:
    """Quota and defaults are there, and empty, so that those taken out go before what waits."""
    engine = declare_namespace()
    assert engine.of_type("Namespace")["shop"]["metadata"]["labels"] == {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
    }
    quota, limits = (engine.of_type(kind)["shop"] for kind in ("ResourceQuota", "LimitRange"))
    assert (quota["spec"], limits["spec"]) == ({"hard": {}}, {"limits": [{"type": "Container"}]})
    assert quota["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_quota_and_defaults_of_a_namespace() -> None:
    engine = declare_namespace(
        podSecurity="baseline",
        quota={"requests": {"cpu": 4, "memory": "8Gi"}, "limits": {"memory": "16Gi"}, "pods": 50},
        defaults={"requests": {"cpu": "10m"}, "limits": {"memory": "64Mi"}},
    )
    labels = engine.of_type("Namespace")["shop"]["metadata"]["labels"]
    assert set(labels.values()) == {"baseline"}
    assert "annotations" not in engine.of_type("ResourceQuota")["shop"]["metadata"]
    assert engine.of_type("ResourceQuota")["shop"]["spec"]["hard"] == {
        "requests.cpu": "4",
        "requests.memory": "8Gi",
        "limits.memory": "16Gi",
        "pods": "50",
    }
    assert engine.of_type("LimitRange")["shop"]["spec"]["limits"] == [
        {"type": "Container", "defaultRequest": {"cpu": "10m"}, "default": {"memory": "64Mi"}}
    ]


def test_the_service_account_has_no_token() -> None:
    account = declare_app()[0].of_type("ServiceAccount")["rickroller"]
    assert account["automountServiceAccountToken"] is False


def test_the_autoscaler_has_the_number_of_pods() -> None:
    scaler = HUNDRED_PERCENT | {"memory": 90, "custom": [{"name": "requests", "average": 100}]}
    engine, _ = declare_app(replicas=..., autoscaler=scaler)
    spec = engine.of_type("HorizontalPodAutoscaler")["rickroller"]["spec"]
    assert spec["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "rickroller",
    }
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 5)
    cpu, memory, custom = spec["metrics"]
    assert cpu["resource"] == {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 80},
    }
    assert memory["resource"]["target"]["averageUtilization"] == 90
    assert custom["pods"] == {
        "metric": {"name": "requests"},
        "target": {"type": "AverageValue", "averageValue": "100"},
    }
    assert engine.of_type("Deployment")["rickroller"]["spec"]["replicas"] == 2


@pytest.mark.parametrize(
    ("settings", "budget"),
    [
        ({"replicas": 1}, None),
        ({"replicas": 0}, None),
        ({"replicas": 1, "disruptionBudget": {"maxUnavailable": 0}}, 0),
        ({"replicas": 2}, 1),
        ({"replicas": 9, "disruptionBudget": {"maxUnavailable": "34%"}}, "34%"),
        ({"replicas": ..., "autoscaler": HUNDRED_PERCENT}, 1),
        ({"replicas": ..., "autoscaler": HUNDRED_PERCENT | {"min": 1}}, 1),
        ({"replicas": ..., "autoscaler": HUNDRED_PERCENT | {"min": 1, "max": 1}}, None),
    ],
)
def test_disruption_budget(settings: dict[str, Any], budget: int | str | None) -> None:
    budgets = declare_app(**settings)[0].of_type("PodDisruptionBudget")
    if budget is None:
        assert budgets == {}
    else:
        assert budgets["rickroller"]["spec"]["maxUnavailable"] == budget


def test_configuration_is_in_objects_whose_names_follow_their_contents() -> None:
    """Generated names: another content is another object, which the pods then name."""
    engine, _ = declare_app(
        config={"environment": {"COLOR": "red"}, "files": {"/etc/app/app.conf": "a=1"}},
        secrets={"environment": {"TOKEN": "t0ken"}, "files": {"/etc/app/key.pem": "k3y"}},
    )
    maps, hidden = engine.of_type("ConfigMap"), engine.of_type("Secret")
    assert all("name" not in each["metadata"] for each in [*maps.values(), *hidden.values()])
    assert maps["rickroller-config"]["data"] == {"COLOR": "red"}
    assert maps["rickroller-config-files"]["data"] == {"etc_app_app.conf": "a=1"}
    token = plain(hidden["rickroller-secrets"]["data"])["TOKEN"]
    assert base64.b64decode(token) == b"t0ken"
    key = plain(hidden["rickroller-secret-files"]["data"])["etc_app_key.pem"]
    assert base64.b64decode(key) == b"k3y"

    spec = engine.of_type("Deployment")["rickroller"]["spec"]["template"]["spec"]
    assert not pulumi.runtime.rpc.is_rpc_secret(spec)
    (container,) = spec["containers"]
    assert container["envFrom"] == [
        {"configMapRef": {"name": "rickroller-config"}},
        {"secretRef": {"name": "rickroller-secrets"}},
    ]
    assert container["volumeMounts"][-2:] == [
        {
            "name": "config-files",
            "mountPath": "/etc/app/app.conf",
            "subPath": "etc_app_app.conf",
            "readOnly": True,
        },
        {
            "name": "secret-files",
            "mountPath": "/etc/app/key.pem",
            "subPath": "etc_app_key.pem",
            "readOnly": True,
        },
    ]
    assert spec["volumes"][-2:] == [
        {"name": "config-files", "configMap": {"name": "rickroller-config-files"}},
        {
            "name": "secret-files",
            "secret": {"secretName": "rickroller-secret-files", "defaultMode": 0o440},
        },
    ]


def test_credentials_for_a_private_registry() -> None:
    engine, _ = declare_app(
        pullSecret={"registry": "ghcr.io", "username": "me", "password": "pa55"}
    )
    secret = engine.of_type("Secret")["rickroller-registry"]
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    document = json.loads(base64.b64decode(plain(secret["data"])[".dockerconfigjson"]))
    token = base64.b64encode(b"me:pa55").decode()
    assert document == {"auths": {"ghcr.io": {"auth": token}}}
    pod = engine.of_type("Deployment")["rickroller"]["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "rickroller-registry"}]


def test_a_job_before_a_rollout_has_the_applications_configuration() -> None:
    settings = {
        "args": ["serve"],
        "config": {"environment": {"COLOR": "red"}},
        "beforeRollout": {"command": ["migrate"], "backoffLimit": 2},
    }
    job = declare_app(**settings)[0].of_type("Job")["rickroller-before-rollout"]
    assert "name" not in job["metadata"]
    assert (job["spec"]["backoffLimit"], job["spec"]["activeDeadlineSeconds"]) == (2, 600)
    template = job["spec"]["template"]
    assert template["metadata"]["labels"]["app.kubernetes.io/name"] == "rickroller-before-rollout"
    spec = template["spec"]
    assert (spec["restartPolicy"], spec["automountServiceAccountToken"]) == ("Never", False)
    (worker,), (application,) = spec["containers"], declared_pod(**settings)["containers"]
    assert worker["command"] == ["migrate"]
    assert not {"args", "readinessProbe", "ports"} & worker.keys()
    same = ("image", "env", "envFrom", "securityContext", "resources", "volumeMounts")
    assert {key: worker[key] for key in same} == {key: application[key] for key in same}

    other = {"command": ["migrate"], "image": "example/migrate:1", "resources": {}}
    job = declare_app(beforeRollout=other)[0].of_type("Job")["rickroller-before-rollout"]
    (worker,) = job["spec"]["template"]["spec"]["containers"]
    assert worker["image"] == "example/migrate:1"
