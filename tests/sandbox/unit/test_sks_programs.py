"""The Kubernetes versions of a sandbox are those whose programs are there."""

from pathlib import Path

import pytest

from sandbox.sks.programs import Programs
from sandbox.sks.spec import SksError
from sandbox.toolchain.tools import CONTROL_PLANE


def install(folder: Path, version: str, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\necho Kubernetes v{version}\n")
        (folder / name).chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    install(tmp_path, "1.34.3", *CONTROL_PLANE)
    return tmp_path


def test_versions_are_listed_newest_first(tools: Path) -> None:
    install(tools / "kubernetes-1.9.2", "1.9.2", *CONTROL_PLANE)
    install(tools / "kubernetes-1.35.0", "1.35.0", *CONTROL_PLANE)
    install(tools / "kubernetes-1.33.13", "1.33.13", *CONTROL_PLANE)
    programs = Programs(tools)
    assert programs.versions == ["1.35.0", "1.34.3", "1.33.13", "1.9.2"]
    assert programs.of("1.34.3") == tools
    assert programs.of("1.33.13") == tools / "kubernetes-1.33.13"


def test_a_version_that_is_not_complete_is_none(tools: Path) -> None:
    install(tools / "kubernetes-1.33.13", "1.33.13", "kube-apiserver")
    assert Programs(tools).versions == ["1.34.3"]
    with pytest.raises(SksError, match=r"1\.33\.13 is not installed; there is 1\.34\.3$"):
        Programs(tools).of("1.33.13")


def test_without_tools_there_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(SksError, match="kube-apiserver does not tell its version"):
        _ = Programs(tmp_path).versions
