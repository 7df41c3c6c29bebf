"""Writes the file system of an image: a tar file of Debian packages and files of this machine.

Packages are only unpacked; their scripts don't run. An image must define itself what it needs from
the scripts, such as links and users.
"""

import io
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.errors import SandboxError

_FOLDERS = {"./tmp": 0o1777, "./etc": 0o755, "./root": 0o700, "./run": 0o755}


def write(
    layer: Path,
    packages: Sequence[Path],
    files: Mapping[str, Path],
    texts: Mapping[str, str],
    links: Mapping[str, str],
) -> None:
    """Writes the tar file `layer`.

    Args:
        layer: the file to write.
        packages: packages (.deb) to unpack.
        files: programs of this machine, by their path in the image.
        texts: contents of text files, by path. A text that starts with `#!` is executable.
        links: targets of symbolic links, by path.
    """
    with tarfile.open(layer, "w") as tar:
        folders: set[str] = set()
        for package in packages:
            _add_package(tar, package, folders)
        for name, mode in _FOLDERS.items():
            _add_folder(tar, name, mode)
        for name, target in links.items():
            member = tarfile.TarInfo(f".{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
        for name, file in files.items():
            with file.open("rb") as data:
                _add_file(tar, name, data.read(), 0o755)
        for name, text in texts.items():
            _add_file(tar, name, text.encode(), 0o755 if text.startswith("#!") else 0o644)


def download(packages: Sequence[str], folder: Path) -> list[Path]:
    """Downloads the packages and all their dependencies to `folder`, and returns the files.

    Raises:
        SandboxError: if apt-get fails, with its message.
    """
    (folder / "partial").mkdir(parents=True, exist_ok=True)
    nothing = folder / "status"
    nothing.touch()
    for file in folder.glob("*.deb"):
        file.unlink()
    command = [
        "apt-get",
        "--yes",
        "--no-install-recommends",
        "--download-only",
        f"--option=Dir::State::status={nothing}",
        f"--option=Dir::Cache::archives={folder}",
        "--option=APT::Sandbox::User=root",
        "--option=Debug::NoLocking=1",
        "install",
        *packages,
    ]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode != 0:
        raise SandboxError(
            f"apt-get can't download {' '.join(packages)}: {answer.stderr.strip()} "
            "(`apt-get update` downloads newer package lists)"
        )
    return sorted(folder.glob("*.deb"))


def _add_package(tar: tarfile.TarFile, package: Path, folders: set[str]) -> None:
    content = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as source:
        for member in source:
            if member.isdir():
                if member.name in folders:
                    continue
                folders.add(member.name)
            tar.addfile(member, source.extractfile(member) if member.isreg() else None)


def _add_folder(tar: tarfile.TarFile, name: str, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, mode
    tar.addfile(member)


def _add_file(tar: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    member = tarfile.TarInfo(f".{name}")
    member.size, member.mode = len(data), mode
    tar.addfile(member, io.BytesIO(data))
