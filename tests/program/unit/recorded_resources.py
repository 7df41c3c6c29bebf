"""Everything that stacks register at the engine, as it was recorded.

`python -m tests.program.unit.recorded_resources` records it again. What a commit then changes in
the file is what it changes in a user's stack.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockMonitor

from tests.program.manifests import RICH_STACK, declare

FILE = Path(__file__).with_suffix(".json")
IDS = [f"5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3{digit}" for digit in "abcdef"]
BALANCER = {
    "existing": IDS[5],
    "strategy": "round-robin",
    "externalTrafficPolicy": "Cluster",
    "healthCheck": {"mode": "http", "uri": "/", "interval": "20s", "timeout": "4s", "retries": 3},
}
CLUSTER = {
    "zone": "ch-gva-2",
    "version": "1.34.3",
    "name": "front",
    "description": "of the shop",
    "labels": {"team": "shop"},
    "level": "pro",
    "cni": "cilium",
    "kubeProxy": True,
    "csi": True,
    "autoUpgrade": True,
    "featureGates": ["SomeGate"],
    "audit": {"endpoint": "https://audit.example", "bearerToken": "hidden"},
    "oidc": {
        "clientId": "kube",
        "issuerUrl": "https://login.example",
        "groupsClaim": "groups",
        "groupsPrefix": "oidc:",
        "requiredClaim": {"tenant": "shop"},
        "usernameClaim": "email",
        "usernamePrefix": "oidc:",
    },
    "allowOpenNetworks": True,
    "nodePortSources": ["0.0.0.0/0", "2001:db8::/32"],
    "firewallRules": [
        {"name": "web", "ports": "8000-8010", "sources": ["192.0.2.0/24"]},
        {"name": "ping", "protocol": "ICMP", "sources": ["192.0.2.0/24"], "description": "echo"},
    ],
    "nodepools": [
        {
            "name": "workers",
            "instanceType": "standard.small",
            "size": 2,
            "description": "for the shop",
            "instancePrefix": "shop",
            "labels": {"tier": "front"},
            "taints": {"gpu": "yes:PreferNoSchedule"},
            "antiAffinityGroups": [IDS[0]],
            "securityGroups": [IDS[1]],
            "privateNetworks": [IDS[2]],
            "deployTarget": IDS[3],
            "localStorage": True,
            "diskSize": 100,
            "ipv6": True,
            "imageGarbageCollection": {"lowThreshold": 60, "highThreshold": 70, "minAge": "1h"},
        },
        {
            "name": "dense",
            "instanceType": "standard.large",
            "size": 1,
            "diskSize": 100,
            "antiAffinity": False,
            "replaceOnUpgrade": False,
        },
    ],
    "kubeconfig": {"user": "ci", "groups": ["deployers"], "ttlSeconds": 900000},
    "readOnlyKubeconfig": {},
    "protect": True,
    "adopt": {
        "cluster": IDS[0],
        "securityGroup": IDS[1],
        "nodepools": {"workers": IDS[2]},
        "antiAffinityGroups": {"workers": IDS[3]},
    },
}
POOL = {"name": "workers", "instanceType": "standard.small", "size": 1}
WEB = {"name": "web", "image": "example/web:1"}
STACKS: dict[str, dict[str, Any]] = {
    "rich": {**RICH_STACK, "cluster": CLUSTER},
    "plain": {
        "cluster": {
            "zone": "de-fra-1",
            "version": "1.34.3",
            "nodePortSources": ["192.0.2.0/24"],
            "nodepools": [POOL],
        },
        "ingress": {"controller": "nginx", "chart": "./chart", "values": {"controller": {"a": 1}}},
        "apps": [
            WEB | {"path": "/web", "ingress": {"rewrite": False}},
            WEB
            | {
                "name": "api",
                "service": "LoadBalancer",
                "host": "api.example.com",
                "networkPolicy": {"enabled": False},
            },
        ],
    },
    "nodepools": {
        "cluster": {
            "zone": "de-fra-1",
            "version": "1.34.3",
            "nodePortSources": ["192.0.2.0/24"],
            "nodepools": [
                POOL | {"name": "gpu", "taints": {"gpu": "a100:NoSchedule"}},
                POOL,
            ],
        },
        "ingress": {"controller": "traefik", "replicas": 2, "nodepool": "workers"},
        "apps": [
            WEB | {"name": "front", "service": "LoadBalancer"},
            WEB | {"name": "model", "path": "/model", "nodepool": "gpu"},
        ],
    },
    "autoscaled": {
        "cluster": {
            "zone": "ch-gva-2",
            "version": "1.36.5",
            "nodepools": [
                {"name": "workers", "instanceType": "standard.small"}
                | {"autoscale": {"min": 2, "max": 6}},
                POOL | {"name": "fixed"},
            ],
            "autoscaler": {
                "scaleDownUnneededTime": "5m",
                "chart": "./chart",
                "values": {"extraArgs": {"expander": "least-waste"}},
            },
        },
    },
    "existing": {
        "existingCluster": {"kubeconfig": '{"kind": "Config"}', "context": "kind-test"},
        "ingress": {
            "controller": "traefik",
            "replicas": 2,
            "metrics": True,
            "resources": {"requests": {"cpu": "200m"}, "limits": {"memory": "256Mi"}},
            "defaultCertificate": "wildcard",
            "loadBalancer": BALANCER,
            "values": {"deployment": {"minReadySeconds": 5}},
        },
        "apps": [
            WEB
            | {
                "service": "LoadBalancer",
                "loadBalancer": BALANCER | {"existing": IDS[4]},
                "database": {"kind": "dbaas", "zone": "ch-gva-2", "ipFilter": ["192.0.2.0/24"]},
            },
        ],
    },
    "shared": {
        "existingCluster": {"kubeconfig": '{"kind": "Config"}'},
        "ingress": {"existing": {"className": "other", "namespace": "web", "service": "front"}},
        "apps": [WEB | {"path": "/web"}],
    },
    "named": {
        "cluster": {
            "zone": "de-fra-1",
            "version": "1.34.3",
            "nodePortSources": ["192.0.2.0/24"],
            "nodepools": [POOL],
        },
        "ingress": {"controller": "traefik", "loadBalancer": {"keep": True}},
        "dns": {"zone": "example.com", "create": True, "ttl": 3600},
        "apps": [WEB | {"host": "example.com", "additionalHosts": ["www.example.com"]}],
    },
    "addressed": {
        "existingCluster": {"kubeconfig": '{"kind": "Config"}'},
        "ingress": {"existing": {"address": "192.0.2.7"}},
    },
    "beside": {"existingCluster": {"stack": "dev"}},
    "nginx": {
        "existingCluster": {"kubeconfig": '{"kind": "Config"}'},
        "ingress": {
            "controller": "nginx",
            "replicas": 2,
            "metrics": True,
            "resources": {"requests": {"cpu": "200m"}},
            "defaultCertificate": "wildcard",
            "admissionWebhook": False,
            "podSecurity": "privileged",
            "timeoutSeconds": 900,
            "networkPolicy": False,
        },
    },
    "volumes": {
        "existingCluster": {"kubeconfig": '{"kind": "Config"}'},
        "apps": [
            WEB
            | {
                "beforeRollout": {"command": ["migrate"]},
                "volumes": [
                    {"name": "uploads", "size": "20Gi"},
                    {"name": "old", "size": "5Gi", "volume": f"ch-gva-2/{IDS[0]}"},
                    {"name": "index", "size": "1Gi", "keep": False},
                    {"name": "local", "size": "1G", "storageClass": "local-path"},
                    {"name": "cache", "sizeLimit": "64Mi"},
                ],
                "mounts": [
                    {"volume": "uploads", "path": "/uploads"},
                    {"volume": "cache", "path": "/cache"},
                ],
            },
        ],
    },
    "https": {
        "existingCluster": {"kubeconfig": '{"kind": "Config"}'},
        "ingress": {
            "controller": "traefik",
            "https": {"email": "ops@example.com", "hsts": 31536000},
        },
        "apps": [
            WEB | {"host": "example.com", "additionalHosts": ["www.example.com"]},
        ],
    },
}
"""Settings that between them have every setting, both controllers and all kinds of databases."""

THE_SDKS_OWN = {
    *("acceptResources", "acceptSecrets", "supportsPartialValues", "supportsResultReporting"),
    *("pluginDownloadURL", "sourcePosition", "stackTrace", "version"),
}


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """Requests by stack, then by URN and operation."""
    return {name: requests(settings) for name, settings in STACKS.items()}


def requests(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the program asks of the engine, by URN and operation."""
    found: dict[str, Any] = {}
    with _recording(found), patch("secrets.token_urlsafe", lambda size: f"drawn-{size}"):
        declare(settings)
    return dict(sorted(found.items()))


@contextlib.contextmanager
def _recording(found: dict[str, Any]) -> Iterator[None]:
    """Keep what goes to the monitor: inputs, and the resource's options with them."""
    with contextlib.ExitStack() as patches:
        for operation in ("RegisterResource", "ReadResource"):
            original = getattr(MockMonitor, operation)

            def kept(monitor: MockMonitor, request: Any, original: Any = original) -> Any:
                answer = original(monitor, request)
                if request.type == "pulumi:pulumi:Stack":
                    return answer
                message = MessageToDict(request)
                if "dependencies" in message:
                    message["dependencies"].sort()
                by_property = message.pop("propertyDependencies", {})
                message["propertyDependencies"] = {
                    key: sorted(each["urns"]) for key, each in by_property.items() if each
                }
                for key in THE_SDKS_OWN:
                    message.pop(key, None)
                message = {key: value for key, value in message.items() if value != {}}
                found[answer.urn + (" read" if "id" in message else "")] = message
                return answer

            patches.enter_context(patch.object(MockMonitor, operation, kept))
        yield


def text() -> str:
    """What is to stand in the file."""
    return json.dumps(recorded(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
