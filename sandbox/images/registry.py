"""The registry of a machine: serves the images in archives to the machine's own containerd.

kubelet asks a registry about an image that is there already where its tag is `latest`, or its pull
policy `Always`. Read-only, as the OCI Distribution Specification has it; archives of another layout
than the OCI Image Layout are not served. Run as `python registry.py PORT ARCHIVE ...`, by a path:
nothing but the standard library is imported.
"""

import json
import re
import sys
import tarfile
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")
_BLOB = "blobs/sha256/"
_ANY = "application/octet-stream"


@dataclass(frozen=True)
class Blob:
    """Where in an archive something is, in bytes."""

    archive: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """All of it."""
        with self.archive.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


@dataclass
class Content:
    """What archives hold."""

    blobs: dict[str, Blob] = field(default_factory=dict)
    """By digest."""
    types: dict[str, str] = field(default_factory=dict)
    """The media types of manifests, by digest."""
    digests: dict[str, str] = field(default_factory=dict)
    """Those of manifests, by the names of their images, registry and tag included."""

    def add(self, archive: Path) -> None:
        """Add the images of one archive."""
        with tarfile.open(archive) as tar:
            for member in tar:
                blob = Blob(archive, member.offset_data, member.size)
                if member.name.startswith(_BLOB):
                    self.blobs[f"sha256:{member.name.removeprefix(_BLOB)}"] = blob
                elif member.name == "index.json":
                    for manifest in json.loads(blob.read())["manifests"]:
                        name = manifest.get("annotations", {}).get("io.containerd.image.name")
                        self.digests[name] = manifest["digest"]
                        self.types[manifest["digest"]] = manifest["mediaType"]

    def find(self, path: str) -> tuple[str, Blob] | None:
        """The digest and place of what a request asks for; its query has the registry as `ns`."""
        url = urlsplit(path)
        asked = _PATH.fullmatch(url.path)
        if asked is None:
            return None
        digest = asked["reference"]
        if asked["kind"] == "manifests" and ":" not in digest:
            (registry,) = parse_qs(url.query).get("ns", [""])
            digest = self.digests.get(f"{registry}/{asked['name']}:{digest}", "")
        return (digest, self.blobs[digest]) if digest in self.blobs else None


class Server(ThreadingHTTPServer):
    """Serves `content` on a port of the loopback address."""

    def __init__(self, port: int, content: Content) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.content = content


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        if blob := self._answer():
            self.wfile.write(blob.read())

    def _answer(self) -> Blob | None:
        found = self.server.content.find(self.path)
        if found is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        digest, blob = found
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.server.content.types.get(digest, _ANY))
        self.send_header("Content-Length", str(blob.size))
        self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        return blob


if __name__ == "__main__":
    archived = Content()
    for name in sys.argv[2:]:
        archived.add(Path(name))
    Server(int(sys.argv[1]), archived).serve_forever()
