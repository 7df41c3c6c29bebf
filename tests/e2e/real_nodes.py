"""Sandboxes whose nodes run containers, and stacks in them: what the tests here share."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.images.images import DEMO_VERSION, LOCAL, traefik_version
from sandbox.paths import write_private
from tests.e2e.machine_state import state
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.stack import Stack, copy_project

MARKS = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0,
        reason="nodes that run containers need Linux and root",
    ),
]
UP_SECONDS = 1800
"""The first `up` on a machine builds the tools."""
ANSWER_SECONDS = 10
NO_ANSWER = (requests.ConnectionError, requests.Timeout)
"""A load balancer resets connections where no target is healthy; where nodes are closed it waits
for them, about as long as clients do."""
DEMO = f"{LOCAL}/demo:{DEMO_VERSION}"
TRAEFIK: dict[str, Any] = {
    "controller": "traefik",
    "chart": "./sandbox/charts/traefik",
    "values": {
        "image": {"registry": LOCAL, "repository": "traefik", "tag": f"v{traefik_version()}"}
    },
}


@contextmanager
def real_nodes(home: Path) -> Iterator[Sandbox]:
    """A sandbox with such nodes, whose files are in `home`; nothing is left of it afterwards."""
    sandbox = Sandbox(home)
    before = state(home)
    try:
        sandbox.run("up", "--nodes", "containers", timeout=UP_SECONDS)
        yield sandbox
    finally:
        sandbox.run("reset")
    assert state(home) == before


def new_stack(name: str, folder: Path, sandbox: Sandbox, settings: Mapping[str, Any]) -> Stack:
    """A stack of the project, copied to `folder`, with these settings."""
    stack = Stack(name, copy_project(folder), sandbox.environment)
    stack.configure(settings)
    stack("stack", "init")
    return stack


def kube_of(stack: Stack, sandbox: Sandbox) -> Kube:
    """The stack's cluster, by the kubeconfig that the stack gives out."""
    file = sandbox.home / f"kubeconfig-{stack.name}"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, sandbox.environment)


def answers(url: str) -> bool:
    """Whether the page is there."""
    try:
        return requests.get(url, timeout=ANSWER_SECONDS).ok
    except NO_ANSWER:
        return False


def ready(kube: Kube) -> int:
    """How many pods of the demo are ready."""
    deployment = kube.get("deployment", "rickroller", "test")
    return int(deployment["status"].get("readyReplicas", 0))


def node_addresses(kube: Kube) -> list[str]:
    """The nodes' public addresses."""
    return [
        address["address"]
        for node in kube.list("nodes")
        for address in node["status"]["addresses"]
        if address["type"] == "ExternalIP"
    ]
