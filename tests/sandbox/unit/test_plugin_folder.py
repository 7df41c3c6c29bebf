"""Provider plugins in a folder of the user's."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from sandbox.environment.plugin_folder import find_plugins
from sandbox.errors import SandboxError
from sandbox.toolchain.releases import GO_ARCHITECTURES

VERSIONS = {"exoscale": "0.66.1", "kubernetes": "4.25.0"}
RELEASED = f"pulumi-resource-exoscale-v0.66.1-linux-{GO_ARCHITECTURES[os.uname().machine]}.tar.gz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


def pack(archive: Path, program: str, content: bytes) -> None:
    with tarfile.open(archive, "w:gz") as file:
        for name, text in ((program, content), ("LICENSE", b"any")):
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o755, len(text)
            file.addfile(entry, io.BytesIO(text))


def test_programs_are_used_where_they_are(folder: Path, tmp_path: Path) -> None:
    program = folder / "pulumi-resource-kubernetes"
    program.touch()
    assert find_plugins(folder, VERSIONS, tmp_path / "home") == {"kubernetes": program}
    assert not (tmp_path / "home").exists()


def test_archives_are_used_as_released(folder: Path, tmp_path: Path) -> None:
    pack(folder / RELEASED, "pulumi-resource-exoscale", b"first")
    found = find_plugins(folder, VERSIONS, tmp_path / "home")["exoscale"]
    assert found.read_bytes() == b"first"
    assert os.access(found, os.X_OK)
    again = find_plugins(folder, VERSIONS, tmp_path / "home")["exoscale"]
    assert again == found
    pack(folder / RELEASED, "pulumi-resource-exoscale", b"the second")
    changed = find_plugins(folder, VERSIONS, tmp_path / "home")["exoscale"]
    assert changed.read_bytes() == b"the second"


def test_a_folder_without_plugins_is_an_error(folder: Path, tmp_path: Path) -> None:
    (folder / RELEASED.replace("0.66.1", "0.66.0")).touch()
    with pytest.raises(SandboxError) as error:
        find_plugins(folder, VERSIONS, tmp_path)
    assert str(folder) in str(error.value)
    assert RELEASED in str(error.value)
    assert "\n" not in str(error.value)


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="absent is not a folder"):
        find_plugins(tmp_path / "absent", VERSIONS, tmp_path)


@pytest.mark.parametrize("broken", [True, False])
def test_an_archive_that_has_no_plugin_is_an_error(
    folder: Path, tmp_path: Path, broken: bool
) -> None:
    if broken:
        (folder / RELEASED).write_bytes(b"no archive")
    else:
        pack(folder / RELEASED, "another", b"")
    with pytest.raises(SandboxError, match=RELEASED):
        find_plugins(folder, VERSIONS, tmp_path)
