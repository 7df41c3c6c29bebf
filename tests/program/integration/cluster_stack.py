"""A stack that is a cluster and nothing on it: quick to change, one setting after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.account import Sandbox
from tests.support.stack import Stack, copy_project

PROGRAM = """
import pulumi

from components.sks_cluster.sks_cluster import SksCluster
from stack.load import load

settings = load()
assert settings.cluster
cluster = SksCluster("cluster", settings.cluster)
pulumi.export("kubeconfig", cluster.kubeconfig)
if cluster.read_only_kubeconfig:
    pulumi.export("read_only_kubeconfig", cluster.read_only_kubeconfig)
"""
POOL = {"name": "workers", "instanceType": "standard.small", "size": 1, "diskSize": 20}


def create_stack(name: str, folder: Path, sandbox: Sandbox, cluster: Mapping[str, Any]) -> Stack:
    """Create the stack `name` of a project in `folder` whose program makes the cluster alone."""
    if not folder.exists():
        copy_project(folder)
        (folder / "__main__.py").write_text(PROGRAM)
    stack = Stack(name, folder, sandbox.environment)
    stack.configure({"cluster": dict(cluster)})
    stack("stack", "init")
    return stack


@dataclass(frozen=True)
class Plan:
    """What a preview says: how often each operation, and which of them each kind has."""

    summary: dict[str, int]
    operations: dict[str, set[str]]
    """Kind of resource, without its package, to operations that change something; no components."""


def plan(stack: Stack) -> Plan:
    """Preview the stack's settings."""
    document = json.loads(stack("preview", "--json"))
    operations: dict[str, set[str]] = {}
    for step in document["steps"]:
        token = step["urn"].split("::")[2].rpartition("$")[2]
        if step["op"] not in ("same", "read") and not token.startswith(
            ("webapp:", "pulumi:pulumi:")
        ):
            kind = token.rpartition(":")[2]
            operations.setdefault(kind, set()).add(step["op"])
    return Plan(document["changeSummary"], operations)


@dataclass(frozen=True)
class Objects:
    """What the account holds of a stack, as Exoscale's API tells it."""

    stack: Stack
    sandbox: Sandbox

    def identities(self, **kinds: str) -> list[str]:
        """The IDs of resources: of each Exoscale kind the one whose name ends as given."""
        resources = self.stack.resources()
        return [
            str(resource["id"])
            for kind, name in kinds.items()
            for resource in resources
            if resource["type"] == f"exoscale:index/{kind[0].lower()}{kind[1:]}:{kind}"
            and resource["urn"].endswith(name)
        ]

    def cluster(self) -> dict[str, Any]:
        """The cluster."""
        (cluster,) = self.identities(SksCluster="")
        return dict(self.sandbox.client.get_sks_cluster(id=cluster))

    def nodepool(self, name: str = "-workers") -> dict[str, Any]:
        """The nodepool whose name in the stack ends with `name`."""
        cluster, pool = self.identities(SksCluster="", SksNodepool=name)
        return dict(self.sandbox.client.get_sks_nodepool(id=cluster, sks_nodepool_id=pool))

    def rules(self) -> list[dict[str, Any]]:
        """The rules of the nodes' security group."""
        (group,) = self.identities(SecurityGroup="")
        rules: list[dict[str, Any]] = self.sandbox.client.get_security_group(id=group)["rules"]
        return rules
