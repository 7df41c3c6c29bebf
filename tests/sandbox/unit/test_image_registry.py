"""What a machine's registry answers of the archives that the machine has."""

import http.client
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.images import archive, file_system
from sandbox.images.registry import Content, Server

MANIFESTS = "/v2/library/busybox/manifests"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    layer, image, other = (tmp_path / name for name in ("layer.tar", "image.tar", "other.tar"))
    file_system.write(layer, [], {}, {"/file": "x"}, {})
    archive.write(image, ["docker.io/library/busybox:latest"], layer, {}, "amd64")
    with tarfile.open(other, "w") as tar:  # as Docker saved images before version 25
        tar.add(layer, "manifest.json")
    content = Content()
    for file in (image, other):
        content.add(file)
    with Server(0, content) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server: Server, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    host, port = "127.0.0.1", server.server_port
    with closing(http.client.HTTPConnection(host, port, timeout=5)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()


def test_an_image_is_had_by_its_name(server: Server) -> None:
    status, headers, body = ask(server, "GET", f"{MANIFESTS}/latest?ns=docker.io")

    assert status == 200
    assert headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"
    for described in (json.loads(body)["config"], *json.loads(body)["layers"]):
        blob = f"/v2/library/busybox/blobs/{described['digest']}?ns=docker.io"
        assert len(ask(server, "GET", blob)[2]) == described["size"]


def test_it_is_had_by_its_digest(server: Server) -> None:
    status, headers, body = ask(server, "HEAD", f"{MANIFESTS}/latest?ns=docker.io")
    assert (status, body) == (200, b"")

    by_digest = f"{MANIFESTS}/{headers['Docker-Content-Digest']}?ns=docker.io"

    assert ask(server, "HEAD", by_digest)[1]["Content-Length"] == headers["Content-Length"]


@pytest.mark.parametrize(
    "path",
    [
        f"{MANIFESTS}/1.37?ns=docker.io",
        f"{MANIFESTS}/latest?ns=ghcr.io",
        f"{MANIFESTS}/latest",
        f"{MANIFESTS}/sha256:0a",
        "/v2/library/busybox/blobs/latest",
        "/v2/",
        "/",
    ],
)
def test_what_no_archive_has_is_not_found(server: Server, path: str) -> None:
    assert ask(server, "GET", path)[0] == 404
