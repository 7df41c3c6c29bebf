"""From a Service to the nodes: what a load balancer carries while its nodepool is replaced.

Nodes are simulated. Something answers in their place, at addresses of the loopback network.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from sandbox.exoscale_api.resources.sks_parts import instances
from sandbox.nlb.load_balancers import LoadBalancers
from sandbox.sks import load_balancer_spec as lb
from sandbox.sks.ports import free_ports
from tests.support.polling import eventually
from tests.support.sks_account import SksAccount, account_with_cluster
from tests.support.traffic import SteadyLoad

pytestmark = pytest.mark.integration

RATE = 100
NODE_NETWORK = IPv4Network("127.98.76.0/24")
CHECK = {lb.HEALTH_CHECK_INTERVAL: "5s", lb.HEALTH_CHECK_TIMEOUT: "2s"}


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SksAccount]:
    """With two nodepools: `workers` and `next`."""
    monkeypatch.setattr(instances, "_ADDRESSES", (NODE_NETWORK,))
    (port,) = free_ports(1, ())
    # The port's two bytes: another run of the tests on this machine has another network.
    traffic = LoadBalancers(IPv4Network((127 << 24 | port << 8, 24)))
    with account_with_cluster(tmp_path, nodes=2, traffic=traffic) as account:
        account.add_nodepool("next", 2)
        yield account
        traffic.carry([])


@contextmanager
def nodes(addresses: Sequence[str], port: int) -> Iterator[None]:
    """Answer requests at the port of each address, with the address in `X-Served-By`."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:  # a health check
            writer.close()
            return
        address = writer.get_extra_info("sockname")[0]
        head = f"HTTP/1.1 200 OK\r\nX-Served-By: {address}\r\nContent-Length: 0\r\n\r\n"
        writer.write(head.encode())
        writer.close()

    async def serve() -> None:
        for address in addresses:
            await asyncio.start_server(answer, address, port)
        started.set()
        await ended.wait()

    loop, started, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    yield
    loop.call_soon_threadsafe(ended.set)
    thread.join()


def pool(account: SksAccount, name: str) -> dict[str, Any]:
    return next(found for found in account.nodepools() if found["name"] == name)


def statuses(account: SksAccount) -> list[str]:
    (balancer,) = account.load_balancers()
    return [s["status"] for one in balancer["services"] for s in one["healthcheck-status"]]


def test_no_request_fails_while_a_nodepool_is_replaced(account: SksAccount) -> None:
    addresses = {
        name: [
            found["public-ip"]
            for found in account.exoscale.list_instances(
                manager_id=pool(account, name)["instance-pool"]["id"]
            )["instances"]
        ]
        for name in ("workers", "next")
    }
    core = client.CoreV1Api(account.api_client)

    def points_to(name: str) -> dict[str, str]:
        return CHECK | {lb.SERVICE_INSTANCE_POOL_ID: pool(account, name)["instance-pool"]["id"]}

    core.create_namespaced_service(
        "default",
        {
            "metadata": {"name": "web", "annotations": points_to("workers")},
            "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 8080}]},
        },
    )
    (port,) = core.read_namespaced_service("web", "default").spec.ports
    with nodes([*addresses["workers"], *addresses["next"]], port.node_port):
        eventually(
            lambda: account.load_balancers() and statuses(account) == ["success"] * 2, within=30
        )
        (balancer,) = account.load_balancers()
        with SteadyLoad(f"http://{balancer['ip']}:8080/", rate=RATE) as load:
            answered = load.figures.answered_by
            eventually(lambda: all(answered[each] for each in addresses["workers"]))
            metadata = {"metadata": {"annotations": points_to("next")}}
            core.patch_namespaced_service("web", "default", metadata)
            eventually(lambda: all(answered[each] for each in addresses["next"]))
            account.done(
                account.exoscale.delete_sks_nodepool(
                    id=account.cluster_id, sks_nodepool_id=pool(account, "workers")["id"]
                )
            )
            before = sum(answered.values())
            eventually(lambda: sum(answered.values()) > before + RATE)
    assert load.figures.failures == {}, load.figures
    core.delete_namespaced_service("web", "default")
    eventually(lambda: not account.load_balancers())
