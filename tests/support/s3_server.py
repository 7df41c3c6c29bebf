"""A real S3 server on this machine, SeaweedFS, in the place of Exoscale's object storage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode

import urllib3
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

from sandbox.paths import write_private
from sandbox.sks.ports import free_ports
from tests.support.server_process import ServerProcess, server_process

ZONE = "ch-gva-2"
PARTS = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class S3Server:
    """A server with one bucket, and the key that may use it.

    The bucket keeps versions, as docs/state-and-secrets.md says. Without them SeaweedFS lists a
    folder from which all is deleted as an empty object, which Pulumi takes for a lock and can't
    read (pulumi/pulumi#23532).
    """

    endpoint: str
    """`http://ADDRESS:PORT`"""

    bucket: str = "state"
    access_key: str = "EXOtests"
    secret_key: str = field(default="s3-is-hush", repr=False)
    process: ServerProcess | None = None

    @property
    def backend_url(self) -> str:
        """The bucket as a backend for state, as docs/state-and-secrets.md writes it."""
        query = {"endpoint": self.endpoint, "s3ForcePathStyle": "true", "region": ZONE}
        return f"s3://{self.bucket}?{urlencode(query, safe='/:')}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which clients of AWS's make find their key."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        }

    @property
    def client(self) -> Minio:
        """An S3 client with the key."""
        return Minio(
            self.endpoint.removeprefix("http://"),
            self.access_key,
            self.secret_key,
            secure=False,
            region=ZONE,
            http_client=urllib3.PoolManager(retries=False),
        )

    def objects(self) -> dict[str, bytes]:
        """All that is in the bucket: the objects by their keys."""
        client = self.client
        keys = [str(each.object_name) for each in client.list_objects(self.bucket, recursive=True)]
        return {key: client.get_object(self.bucket, key).data for key in keys}


@contextmanager
def s3_server(folder: Path, address: str = "127.0.0.1") -> Iterator[S3Server]:
    """A server whose files are in the new `folder`, for as long as the block runs.

    `address` is one of this machine's.
    """
    ports = free_ports(2 * len(PARTS))
    numbers = dict(zip(PARTS, zip(ports[::2], ports[1::2], strict=True), strict=True))
    server = S3Server(f"http://{address}:{numbers['s3'][0]}")
    folder.mkdir()
    key = {"accessKey": server.access_key, "secretKey": server.secret_key}
    identity = {"name": "tests", "credentials": [key], "actions": ["Admin"]}
    write_private(folder / "s3.json", json.dumps({"identities": [identity]}))

    def has_bucket() -> bool:
        try:
            if server.client.bucket_exists(server.bucket):
                return True
            server.client.make_bucket(server.bucket)
            server.client.set_bucket_versioning(server.bucket, VersioningConfig(ENABLED))
        except urllib3.exceptions.HTTPError:
            return False
        return True

    arguments = [
        *(f"-{part}.port={http}" for part, (http, _) in numbers.items()),
        *(f"-{part}.port.grpc={grpc}" for part, (_, grpc) in numbers.items()),
        f"-s3.config={folder / 's3.json'}",
    ]
    try:
        with server_process(
            "weed", "-logtostderr", "server", f"-dir={folder}", f"-ip={address}",
            f"-ip.bind={address}", "-master.telemetry=false", "-s3", "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0", "-s3.port.lance=0", *arguments,
            log=folder / "log", ready=has_bucket,
        ) as process:  # fmt: skip
            yield replace(server, process=process)
    finally:
        for port in ports:  # no option names the place of these
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink()
