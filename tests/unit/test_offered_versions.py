"""A version that Exoscale does not offer, asked of an API like Exoscale's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pulumi
import pytest

from components.kubernetes.refused_updates import RefusedUpdate
from components.sks_cluster import offered_versions
from components.sks_cluster.offered_versions import check_offered, is_new

OFFERED = ["1.36.5", "1.35.9"]


class Api(HTTPServer):
    """Answers with the versions, and remembers what it was asked."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(json.dumps({"sks-cluster-versions": OFFERED}).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is written."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The API, which the environment leads to."""
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("EXOSCALE_API_ENDPOINT", f"http://127.0.0.1:{server.server_port}/v2")
        monkeypatch.setenv("EXOSCALE_API_KEY", "EXOkey")
        monkeypatch.setenv("EXOSCALE_API_SECRET", "hidden")
        offered_versions.offered.cache_clear()
        yield server
        server.shutdown()
        thread.join()
        offered_versions.offered.cache_clear()


def test_what_is_not_offered_is_refused_with_what_is(api: Api) -> None:
    check_offered("web", "ch-gva-2", "1.36.5")
    with pytest.raises(RefusedUpdate) as caught:
        check_offered("web", "ch-gva-2", "1.36.4")
    assert str(caught.value) == (
        "web: version: 1.36.4: Exoscale does not offer it; allowed are 1.36.5, 1.35.9"
    )


def test_the_api_is_asked_once_with_a_signature(api: Api) -> None:
    for _ in range(2):
        check_offered("web", "ch-gva-2", "1.36.5")
    ((path, authorization),) = api.asked
    assert path == "/v2/sks-cluster-version"
    assert authorization.startswith("EXO2-HMAC-SHA256 credential=EXOkey")
    assert "hidden" not in authorization


@pytest.mark.parametrize(
    ("asked", "running", "new"),
    [("1.34.3", "1.34.2", False), ("1.34.2", "1.34.3", False), ("1.34.2", "1.34.2", True)],
)
def test_an_update_asks_only_for_a_version_that_is_new(asked: str, running: str, new: bool) -> None:
    update = pulumi.ResourceHookArgs(
        urn="urn", id="id", name="web", type="type",
        old_inputs={"version": asked}, old_outputs={"version": running},
    )  # fmt: skip
    assert is_new("1.34.3", update) is new


@pytest.mark.parametrize("trouble", ["status", "key", "address"])
def test_without_an_answer_any_version_is_tried(
    trouble: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == "status":
        api.status = 403
    elif trouble == "key":
        monkeypatch.delenv("EXOSCALE_API_KEY")
    else:
        monkeypatch.setenv("EXOSCALE_API_ENDPOINT", "http://127.0.0.1:1/v2")
    check_offered("web", "ch-gva-2", "1.0.0")
