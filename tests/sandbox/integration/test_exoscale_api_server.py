"""The Exoscale API served on a loopback port, as the daemon serves it."""

import select
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests
from exoscale.api.exceptions import ExoscaleAPIAuthException
from exoscale.api.v2 import Client

from sandbox.exoscale_api import Credentials, create_app
from sandbox.exoscale_api.connection import server
from sandbox.paths import TOOLS_BIN
from sandbox.sks.runtime import SksRuntime

pytestmark = pytest.mark.integration

KEY = Credentials("EXOtest", "a-secret")
IDLE_SECONDS = 6
"""Longer than uvicorn keeps a connection unless it is told."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(
        store_dir=tmp_path / "api",
        credentials=KEY,
        base_url=address,
        runtime=SksRuntime(tmp_path, TOOLS_BIN),
    )
    api = server(app)
    thread = threading.Thread(target=api.run, kwargs={"sockets": [listener]})
    thread.start()
    yield address
    api.should_exit = True
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_the_clients_way_from_the_endpoint_to_a_zone(address: str) -> None:
    zones = Client("", "", url=f"{address}/v2").list_zones()["zones"]
    endpoint = next(zone["api-endpoint"] for zone in zones if zone["name"] == "at-vie-2")
    api = Client(KEY.api_key, KEY.api_secret, url=endpoint)
    operation = api.create_load_balancer(name="a name with spaces")
    assert api.wait(operation["id"])["state"] == "success"
    assert api.list_instances(**{"ip_address": "192.0.2.1 & more"}) == {"instances": []}
    assert Client(KEY.api_key, KEY.api_secret, url=f"{address}/v2").list_load_balancers() == {
        "load-balancers": []
    }


def test_requests_without_a_valid_signature_get_403(address: str) -> None:
    for path in ("sks-cluster", "no-such-thing", "security-group"):
        assert requests.get(f"{address}/v2/{path}", timeout=10).status_code == 403
    with pytest.raises(ExoscaleAPIAuthException, match="invalid request signature"):
        Client(KEY.api_key, "another", url=f"{address}/v2").list_sks_clusters()


def test_an_idle_connection_is_kept(address: str) -> None:
    """Else a client that asks in the moment in which it is closed gets no answer."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
    connection.request("GET", "/v2/zone")
    connection.getresponse().read()
    closed, _, _ = select.select([connection.sock], [], [], IDLE_SECONDS)
    assert not closed
