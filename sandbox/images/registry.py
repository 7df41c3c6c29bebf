"""A registry that serves the images in archives to the containerd of its machine.

It is needed because kubelet sends a request to the registry even for an image that is present, if
the tag is `latest` or the pull policy is `Always`. The registry is read-only and follows the OCI
Distribution Specification. It serves only archives with the OCI Image Layout.

Usage: `python registry.py PORT ARCHIVE ...`. It is started by its path, so it imports nothing but
the standard library.
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
    """The position of a blob in an archive, in bytes."""

    archive: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """Returns the blob's content."""
        with self.archive.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


@dataclass
class Content:
    """The contents of the archives."""

    blobs: dict[str, Blob] = field(default_factory=dict)
    """Blobs by digest."""
    types: dict[str, str] = field(default_factory=dict)
    """Media types of manifests by digest."""
    digests: dict[str, str] = field(default_factory=dict)
    """Digests of manifests by the name of the image, with registry and tag."""

    def add(self, archive: Path) -> None:
        """Adds the images of an archive."""
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
        """Returns the digest and position of the requested blob or manifest, None if absent.

        Args:
            path: the path of the request. containerd puts the registry into the query, as `ns`.
        """
        url = urlsplit(path)
        request = _PATH.fullmatch(url.path)
        if request is None:
            return None
        digest = request["reference"]
        if request["kind"] == "manifests" and ":" not in digest:
            (registry,) = parse_qs(url.query).get("ns", [""])
            digest = self.digests.get(f"{registry}/{request['name']}:{digest}", "")
        return (digest, self.blobs[digest]) if digest in self.blobs else None


class Server(ThreadingHTTPServer):
    """Serves `content` on a port of the loopback address."""

    def __init__(self, port: int, content: Content) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.content = content


class Handler(BaseHTTPRequestHandler):
    """Handles one request."""

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
