"""Every single change of an application: what it is before, and what it is after.

Each has an application of its own in one stack, so that all are made by one `up`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMESPACE = "changes"
ID = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
WEB: dict[str, Any] = {
    "image": "example/web:1",
    "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "4Mi"}},
    "rollout": {"drainSeconds": 0, "terminationGracePeriodSeconds": 1},
}
"""What all have, unless a change says otherwise: small and quick to end."""

ENCRYPTED: dict[str, str] = {}
"""A secret value, as a stack's file has it: a test fills it in."""
SIDECAR = {"name": "logs", "image": "busybox:1.37"}
SCHEDULE = {"name": "cleanup", "schedule": "0 3 * * *", "command": ["clean"]}
SERVED: dict[str, Any] = {"host": "served.example.com"}
BALANCED: dict[str, Any] = {"service": "LoadBalancer"}

Change = tuple[dict[str, Any], dict[str, Any]]
CHANGES: Mapping[str, Change] = {
    "image": ({}, {"image": "example/web:2"}),
    "imagePullPolicy": ({}, {"imagePullPolicy": "Always"}),
    "command": ({}, {"command": ["serve"]}),
    "args": ({}, {"args": ["--verbose"]}),
    "environment": ({"environment": {"COLOR": "red"}}, {"environment": {"COLOR": "blue"}}),
    "valueFrom": ({}, {"valueFrom": {"POD_IP": {"fieldRef": {"fieldPath": "status.podIP"}}}}),
    "resources": ({}, {"resources": {"requests": {"cpu": "2m", "memory": "1Mi"}}}),
    "security": ({}, {"security": {"runAsUser": 2000}}),
    "mounts": ({"volumes": [{"name": "data"}]}, {"mounts": [{"volume": "data", "path": "/data"}]}),
    "volumes": ({}, {"volumes": [{"name": "data", "medium": "memory", "sizeLimit": "1Mi"}]}),
    "replicas": ({}, {"replicas": 2}),
    "autoscaler": ({}, {"autoscaler": {"min": 1, "max": 2, "cpu": 80}}),
    "disruptionBudget": ({"replicas": 2}, {"disruptionBudget": {"maxUnavailable": "50%"}}),
    "port": ({}, {"port": 9090}),
    "workers": ({}, {"workers": [{"name": "mail", "command": ["work"]}]}),
    "config": ({"config": {"environment": {"A": "1"}}}, {"config": {"environment": {"A": "2"}}}),
    "config.filesFrom": ({}, {"config": {"filesFrom": {"/etc/web/web.conf": "Pulumi.yaml"}}}),
    "config.files": ({}, {"config": {"files": {"/etc/web/web.conf": "color=red"}}}),
    "config.modes": (
        {"config": {"files": {"/docker-entrypoint.d/start.sh": "#!/bin/sh"}}},
        {
            "config": {
                "files": {"/docker-entrypoint.d/start.sh": "#!/bin/sh"},
                "modes": {"/docker-entrypoint.d/start.sh": "0755"},
            }
        },
    ),
    "secrets": ({}, {"secrets": {"environment": {"TOKEN": ENCRYPTED}}}),
    "generatedSecrets": ({}, {"generatedSecrets": ["APP_SECRET_KEY"]}),
    "pullSecret": (
        {},
        {"pullSecret": {"registry": "ghcr.io", "username": "robot", "password": ENCRYPTED}},
    ),
    "labels": ({}, {"labels": {"tier": "front"}}),
    "annotations": ({}, {"annotations": {"example.com/owner": "shop"}}),
    "selector": ({}, {"selector": {"app": "another"}}),
    "probes": ({}, {"probes": {"path": "/healthz", "liveness": {"type": "tcp"}}}),
    "rollout": ({}, {"rollout": {**WEB["rollout"], "type": "Recreate"}}),
    "beforeRollout": ({}, {"beforeRollout": {"command": ["migrate"]}}),
    "schedules": ({}, {"schedules": [SCHEDULE]}),
    "schedules.schedule": (
        {"schedules": [SCHEDULE]},
        {"schedules": [SCHEDULE | {"schedule": "@weekly", "args": ["all"]}]},
    ),
    "sidecars": ({}, {"sidecars": [SIDECAR]}),
    "initContainers": ({}, {"initContainers": [SIDECAR]}),
    "initContainers.inherits": (
        {"generatedSecrets": ["KEY"], "initContainers": [SIDECAR]},
        {"initContainers": [SIDECAR | {"inherits": ["secrets"]}]},
    ),
    "networkPolicy": ({}, {"networkPolicy": {"from": [{"namespace": "monitoring"}]}}),
    "networkPolicy.egress": ({}, {"networkPolicy": {"egress": [{"namespace": "monitoring"}]}}),
    "networkPolicy.enabled": ({}, {"networkPolicy": {"enabled": False}}),
    "servicePort": ({"path": "/port"}, {"servicePort": 8000}),
    "ports": ({}, {"ports": [{"name": "metrics", "port": 9090}]}),
    "tolerations": ({}, {"tolerations": [{"key": "gpu"}]}),
    "service": ({}, {"service": "NodePort"}),
    "service: LoadBalancer": ({}, BALANCED),
    "loadBalancer": (BALANCED, {"loadBalancer": {"strategy": "source-hash"}}),
    "host": ({}, {"host": "host.example.com"}),
    "host, another": ({"host": "one.example.com"}, {"host": "two.example.com"}),
    "additionalHosts": ({"host": "apex.example.com"}, {"additionalHosts": ["www.example.com"]}),
    "path": ({"path": "/before"}, {"path": "/after"}),
    "ingress.rewrite": ({"path": "/rewrite"}, {"ingress": {"rewrite": False}}),
    "ingress.regex": ({"host": "regex.example.com"}, {"ingress": {"regex": "/v[0-9]+/(.*)"}}),
    "ingress.tls": ({"host": "tls.example.com"}, {"ingress": {"tls": {"secret": "wildcard"}}}),
    "ingress.bodySize": (SERVED, {"ingress": {"bodySize": "20m"}}),
}


def applications(*, changed: bool) -> list[dict[str, Any]]:
    """The applications before or after all changes."""
    return [
        {"name": app_name(change), "namespace": NAMESPACE, **WEB, **before}
        | (after if changed else {})
        for change, (before, after) in CHANGES.items()
    ]


def app_name(change: str) -> str:
    """The application of a change: named like it, in Kubernetes' way.

    >>> app_name("service: LoadBalancer")
    'service-loadbalancer'
    """
    return "-".join("".join(c if c.isalnum() else " " for c in change.lower()).split())


ELSEWHERE = {
    "name": "test_moves.py",
    "namespace": "test_moves.py",
    "database": "test_rich_stack.py",
    "adopt": "test_existing_cluster.py",
    "nodepool": "test_reach.py",
}
"""Settings whose changes have tests of their own."""
