"""A stack `dev` with the applications `shop` and `shop-admin`, and pods as an API server tells of
them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.program.unit.answering_pulumi import FakePulumi
from tests.support.kubernetes_api import Pages, kubernetes_api

CREATED = "2026-11-30T03:00:00Z"
PODS = "/api/v1/namespaces/web/pods"
DEPLOYMENT = "/apis/apps/v1/namespaces/web/deployments/shop"
SIMULATED_NODE = {"metadata": {"name": "n", "annotations": {"kwok.x-k8s.io/node": "fake"}}}
NAME, INSTANCE = "app.kubernetes.io/name", "app.kubernetes.io/instance"
SHOP = {NAME: "shop", INSTANCE: "shop"}
OF_SHOP = f"{PODS}?labelSelector={INSTANCE}%3Dshop"
WEB = f"{PODS}?labelSelector={NAME}%3Dshop%2C{INSTANCE}%3Dshop"


def kubeconfig(server: str, token: str) -> str:
    return json.dumps(
        {
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
    )


@contextmanager
def stack_with(
    pages: Pages,
    clone: Path,
    pulumi: FakePulumi,
    *,
    credentials: list[str | None] | None = None,
    written: list[tuple[str, str, Any]] | None = None,
    read_only: bool = True,
) -> Iterator[Path]:
    """The clone, whose stack `dev` has a cluster with `pages`."""
    file = clone / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("  webapp:cluster: {zone: ch-gva-2}\n", ""))
    with kubernetes_api(pages, credentials, written=written) as api:
        host = api.configuration.host
        outputs = {
            "kubeconfig": kubeconfig(host, "admin"),
            "shop_namespace": "web",
            "shop-admin_namespace": "web",
        }
        if read_only:
            outputs["read_only_kubeconfig"] = kubeconfig(host, "reader")
        pulumi.answers("stack output --json --stack dev --show-secrets", outputs)
        yield clone


def deployment(**selector: str) -> dict[str, Any]:
    """The Deployment `shop`: by default the program's labels select its pods."""
    labels = selector or SHOP
    return {
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {
                    "labels": {**SHOP, "app.kubernetes.io/managed-by": "pulumi", "team": "web"}
                    | labels,
                    "annotations": {"example.com/owner": "shop-team"},
                },
                "spec": {
                    "serviceAccountName": "shop",
                    "terminationGracePeriodSeconds": 60,
                    "topologySpreadConstraints": [{"maxSkew": 1}],
                    "volumes": [{"name": "writable", "emptyDir": {}}],
                    "initContainers": [
                        {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"},
                        {"name": "prepare", "image": "shop:7"},
                    ],
                    "containers": [
                        {
                            "name": "shop",
                            "image": "shop:7",
                            "command": ["shop", "serve"],
                            "args": ["--port=8080"],
                            "envFrom": [{"secretRef": {"name": "shop-secrets-1"}}],
                            "ports": [{"containerPort": 8080}],
                            "readinessProbe": {"httpGet": {"port": 8080}},
                            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                            "resources": {"limits": {"memory": "256Mi"}},
                            "field-of-tomorrow": 1,
                        },
                        {"name": "sidecar", "image": "sidecar:1"},
                    ],
                },
            },
        }
    }


def pod(name: str, labels: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """A pod that is ready, of the application itself; `fields` of its status differ."""
    owner = fields.pop("owner", "ReplicaSet")
    container = {
        "name": "shop",
        "image": "shop:7",
        "imageID": "docker.io/library/shop@sha256:0123456789abcdef",
        "restartCount": 0,
        "state": {"running": {"startedAt": CREATED}},
    }
    return {
        "metadata": {
            "name": name,
            "namespace": "web",
            "uid": name,
            "creationTimestamp": CREATED,
            "labels": labels or SHOP,
            "ownerReferences": [{"kind": owner}],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "shop", "image": "shop:7"}]},
        "status": {
            "phase": "Running",
            "startTime": CREATED,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [container | fields.pop("container", {})],
        }
        | fields,
    }


def part(name: str, part: str, owner: str = "ReplicaSet", **fields: Any) -> dict[str, Any]:
    """A pod of a worker, a job or a database."""
    return pod(name, {NAME: f"shop-{part}", INSTANCE: "shop"}, owner=owner, **fields)
