"""The Exoscale API served on a loopback port, as the daemon serves it."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import uvicorn
from exoscale.api.exceptions import ExoscaleAPIAuthException
from exoscale.api.v2 import Client

from sandbox.exoscale_api import Credentials, create_app
from sandbox.paths import TOOLS_BIN
from sandbox.sks.runtime import SksRuntime

pytestmark = pytest.mark.integration

KEY = Credentials("EXOtest", "a-secret")


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
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield address
    server.should_exit = True
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
