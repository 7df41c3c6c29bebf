"""The ways in to an application: a path of a shared load balancer, one of its own, NodePorts."""

import pytest
import requests

from sandbox.sks.spec import CLIENT
from tests.e2e.real_nodes import ANSWER_SECONDS, DEMO, MARKS, NO_ANSWER, node_addresses
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack

pytestmark = [*MARKS, pytest.mark.usefixtures("kept_settings")]

NOBODY = ""
SECOND = {
    "name": "second",
    "namespace": "test",
    "image": DEMO,
    "replicas": "1",
    "path": "/second",
    "environment.BEHIND_PROXY": "true",
}


def served_by(url: str) -> str:
    """The name of the pod that answers, or NOBODY."""
    try:
        page = requests.get(url, timeout=ANSWER_SECONDS)
    except NO_ANSWER:
        return NOBODY
    return page.headers.get("X-Served-By", NOBODY) if page.ok else NOBODY


def wait_for(app: str, url: str) -> None:
    eventually(lambda: served_by(url).startswith(f"{app}-"))


def balancer(kube: Kube) -> str:
    """The address of the application's own load balancer."""
    (found,) = kube.get("service", "rickroller", "test")["status"]["loadBalancer"]["ingress"]
    return str(found["ip"])


def node_ports(kube: Kube) -> list[str]:
    """The application's URL on each node."""
    (port,) = kube.get("service", "rickroller", "test")["spec"]["ports"]
    return [f"http://{address}:{port['nodePort']}/" for address in node_addresses(kube)]


def test_another_app_has_a_path_on_the_same_load_balancer(stack: Stack, url: str) -> None:
    for key, value in SECOND.items():
        stack.set(f"apps[1].{key}", value)
    stack.up()

    second = str(stack.outputs()["second_url"])
    assert second == url.replace("/rickroller/", "/second/")
    wait_for("second", second)
    wait_for("rickroller", url)
    page = requests.get(second, timeout=ANSWER_SECONDS).text
    assert "/second/" in page
    assert "/rickroller/" not in page


def test_a_load_balancer_of_its_own_lets_in_the_networks_that_are_listed(
    stack: Stack, kube: Kube, url: str
) -> None:
    """Nodes see the host's address on their network as the client's."""
    stack.set("apps[0].service", "LoadBalancer")
    stack.up()
    own = f"http://{balancer(kube)}/"
    assert not url.startswith(own)
    wait_for("rickroller", own)

    stack.set("apps[0].loadBalancer.sourceNetworks[0]", "192.0.2.0/24")
    stack.up()
    eventually(lambda: served_by(own) == NOBODY)
    wait_for("rickroller", url)

    stack.set("apps[0].loadBalancer.sourceNetworks[0]", f"{CLIENT}/32")
    stack.up()
    wait_for("rickroller", own)


def test_node_ports_come_and_go_with_the_setting(stack: Stack, kube: Kube, url: str) -> None:
    stack("config", "rm", "--path", "apps[0].loadBalancer")
    stack.set("apps[0].service", "NodePort")
    stack.up()
    ways_in = node_ports(kube)
    assert len(ways_in) == 2
    for way_in in ways_in:
        wait_for("rickroller", way_in)

    stack.set("apps[0].service", "ClusterIP")
    stack.up()
    for way_in in ways_in:
        eventually(lambda way_in=way_in: served_by(way_in) == NOBODY)  # type: ignore[misc]
    wait_for("rickroller", url)
