"""Writes archives of container images in the OCI Image Format.

An image has one layer. It is not compressed, because it is read only once, on the same machine.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_TYPE = "application/vnd.oci.image"


def write(
    archive: Path,
    names: Sequence[str],
    layer: Path,
    configuration: dict[str, Any],
    architecture: str,
) -> None:
    """Writes an image archive.

    Args:
        archive: the file to write.
        names: the names of the image, with registry and tag.
        layer: the file system of the image, a tar file.
        configuration: the `config` of the OCI specification, with Entrypoint, Env and so on.
        architecture: the architecture, as Go names it.
    """
    digest = _digest(layer)
    image = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": configuration,
            "rootfs": {"type": "layers", "diff_ids": [digest]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{_TYPE}.manifest.v1+json",
            "config": _descriptor("config.v1+json", image),
            "layers": [
                {
                    "mediaType": f"{_TYPE}.layer.v1.tar",
                    "digest": digest,
                    "size": layer.stat().st_size,
                }
            ],
        }
    )
    described = _descriptor("manifest.v1+json", manifest)
    named = [{**described, "annotations": {"io.containerd.image.name": name}} for name in names]
    temporary = archive.with_suffix(".new")
    with tarfile.open(temporary, "w") as tar:
        _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", _json({"schemaVersion": 2, "manifests": named}))
        for document in (image, manifest):
            _add(tar, _blob(_descriptor("", document)["digest"]), document)
        tar.add(layer, _blob(digest))
    temporary.replace(archive)


def _descriptor(media_type: str, document: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(document).hexdigest()}"
    return {"mediaType": f"{_TYPE}.{media_type}", "digest": digest, "size": len(document)}


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return f"sha256:{hashlib.file_digest(data, 'sha256').hexdigest()}"


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
