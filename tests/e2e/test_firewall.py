"""The firewall of the program's own nodes: who gets in by which settings."""

import socket
from typing import Any

import pytest

from components.sks_cluster.firewall.args import KUBELET_PORT
from sandbox.sks.spec import CLIENT
from tests.e2e.real_nodes import MARKS, answers, node_addresses
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack

pytestmark = [*MARKS, pytest.mark.usefixtures("kept_settings")]

CLOSED_SECONDS = 2
SSH_PORT, KUBE_PROXY_HEALTH_PORT = 22, 10256


def statuses(sandbox: Sandbox) -> list[str]:
    """What health checks say of the nodes, as Exoscale's API has it."""
    (balancer,) = sandbox.client.list_load_balancers()["load-balancers"]
    checked: list[dict[str, Any]] = [
        status for service in balancer["services"] for status in service["healthcheck-status"]
    ]
    return [status["status"] for status in checked]


def test_nodes_do_not_answer_the_world(kube: Kube) -> None:
    nodes = node_addresses(kube)
    assert len(nodes) == 2
    for address in nodes:
        for port in (SSH_PORT, KUBELET_PORT, KUBE_PROXY_HEALTH_PORT):
            with pytest.raises(TimeoutError):
                socket.create_connection((address, port), timeout=CLOSED_SECONDS)


def test_the_control_plane_reaches_every_kubelet(kube: Kube) -> None:
    pods = kube.list("pods", "test")
    assert {pod["spec"]["nodeName"] for pod in pods} == kube.names("nodes")
    for pod in pods:
        kube.run("kubectl", "logs", "--namespace", "test", pod["metadata"]["name"])


def test_visitors_are_those_of_the_networks_that_are_listed(
    stack: Stack, sandbox: Sandbox, url: str
) -> None:
    """Health checks come through whoever the visitors are."""
    stack.set("cluster.nodePortSources[0]", "192.0.2.0/24")
    stack.up()
    assert not answers(url)
    assert "success" in statuses(sandbox)

    stack.set("cluster.nodePortSources[0]", f"{CLIENT}/32")
    stack.up()
    eventually(lambda: answers(url))
