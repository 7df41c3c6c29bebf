"""The Pulumi projects that are measured beside the program itself, and kubectl's objects."""

import json
import sys
from pathlib import Path

import yaml

APP = "bench"
"""Name of the application's namespace and of its objects."""

LABELS = {"app": APP}
OBJECTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": APP}},
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APP, "namespace": APP},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "containers": [
                        {
                            "name": APP,
                            "image": "derlin/rickroller:latest",
                            "ports": [{"containerPort": 8080}],
                        }
                    ]
                },
            },
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": APP,
            "namespace": APP,
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": 8080}]},
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": APP,
            "namespace": APP,
            "annotations": {
                "nginx.ingress.kubernetes.io/rewrite-target": "/$2",
                "pulumi.com/skipAwait": "true",
            },
        },
        "spec": {
            "ingressClassName": "nginx",
            "rules": [
                {
                    "http": {
                        "paths": [
                            {
                                "path": f"/{APP}(/|$)(.*)",
                                "pathType": "ImplementationSpecific",
                                "backend": {"service": {"name": APP, "port": {"number": 80}}},
                            }
                        ]
                    }
                }
            ],
        },
    },
]
"""The tutorial's objects, plain, for Pulumi and kubectl alike."""

PROGRAM = """\
import json

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Namespace, Service
from pulumi_kubernetes.networking.v1 import Ingress

with open("objects.json") as file:
    namespace, *others = json.load(file)
after = Namespace("namespace", metadata=namespace["metadata"])
for kind, item in zip((Deployment, Service, Ingress), others, strict=True):
    opts = pulumi.ResourceOptions(depends_on=[after])
    kind(item["kind"], metadata=item["metadata"], spec=item["spec"], opts=opts)
"""

PLAIN_PROGRAM = """\
import json
import re

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, ResourceQuota, Secret
from pulumi_kubernetes.core.v1 import Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import Ingress, NetworkPolicy
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

KINDS = (
    Deployment, Ingress, LimitRange, Namespace, NetworkPolicy, PodDisruptionBudget,
    ResourceQuota, Secret, Service, ServiceAccount,
)
BY_NAME = {each.__name__: each for each in KINDS}

with open("objects.json") as file:
    objects = json.load(file)
namespaces = {}
for item in objects:
    metadata = item["metadata"]
    namespace, name = metadata.get("namespace"), metadata["name"]
    after = [namespaces[namespace]] if namespace else None
    properties = {re.sub("[A-Z]", lambda it: f"_{it[0].lower()}", key): item[key] for key in item}
    made = BY_NAME[item["kind"]](
        f"{namespace}-{name}" if namespace else name,
        opts=pulumi.ResourceOptions(depends_on=after),
        **properties,
    )
    if item["kind"] == "Namespace":
        namespaces[name] = made
"""
"""Declares what `objects.json` has, each object with its namespace as the only dependency."""


def write_project(folder: Path, name: str, program: str = "") -> Path:
    """Write a Pulumi project with `program` as its Python; return its folder."""
    folder.mkdir()
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": name, "runtime": runtime}))
    (folder / "__main__.py").write_text(program)
    (folder / "objects.json").write_text(json.dumps(OBJECTS))
    (folder / "objects.yaml").write_text(yaml.safe_dump_all(OBJECTS))
    return folder
