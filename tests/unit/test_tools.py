"""Which programs on PATH the sandbox takes, and how it asks for a missing one."""

from pathlib import Path

import pytest
from packaging.version import Version

from sandbox import build
from sandbox.errors import SandboxError
from sandbox.find import find, find_beside, search_path
from sandbox.prerequisites import check_go
from sandbox.progress import Progress
from sandbox.tools import TOOLS, kubernetes_tools, version_in

BY_NAME = {tool.name: tool for tool in TOOLS}


def program(folder: Path, name: str, says: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{says}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ("v3.259.0\n", "3.259.0"),
        ("Kubernetes v1.34.3\n", "1.34.3"),
        ("Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0\n", "1.32.4"),
        ("etcd Version: 3.6.6\nGo Version: go1.26.8\n", "3.6.6"),
        ("kwok version v0.8.0 go1.26.8 (linux/amd64)\n", "0.8.0"),
        ("v3.22.0+gabcdef1\n", "3.22.0"),
    ],
)
def test_version_is_read_from_the_tools_own_words(words: str, version: str) -> None:
    assert version_in(words) == Version(version)


def test_words_without_a_version_have_none() -> None:
    assert version_in("command not known") is None


@pytest.mark.parametrize(
    ("name", "version", "suitable"),
    [
        ("pulumi", "3.259.0", True),
        ("pulumi", "3.300.1", True),
        ("pulumi", "3.258.9", False),
        ("pulumi", "4.0.0", False),
        ("kubectl", "1.33.0", True),
        ("kubectl", "1.35.9", True),
        ("kubectl", "1.32.4", False),
        ("kubectl", "1.36.0", False),
        ("kube-apiserver", "1.34.0", True),
        ("kube-apiserver", "1.35.0", False),
        ("helm", "3.18.0", True),
        ("helm", "4.0.0", False),
        ("etcd", "3.5.21", False),
        ("kwok", "0.8.1", True),
        ("kwok", "0.9.0", False),
    ],
)
def test_suitable_versions(name: str, version: str, suitable: bool) -> None:
    assert (Version(version) in BY_NAME[name].suitable) is suitable


def test_what_is_built_suits() -> None:
    for tool in TOOLS:
        if tool.version_arguments:
            assert Version(tool.version) in tool.suitable, tool.name


def test_first_program_on_path_is_judged_by_what_it_says(tmp_path: Path) -> None:
    old = program(tmp_path / "old", "kubectl", "echo Client Version: v1.32.4-dispatcher")
    new = program(tmp_path / "new", "kubectl", "echo Client Version: v1.34.1")

    found = find(BY_NAME["kubectl"], f"{new.parent}:{old.parent}")
    assert found is not None
    assert (found.path, found.version, found.unsuitable) == (new, Version("1.34.1"), None)

    found = find(BY_NAME["kubectl"], f"{old.parent}:{new.parent}")
    assert found is not None
    assert found.unsuitable == "is 1.32.4, not <1.36,>=1.33"


@pytest.mark.parametrize("says", ["exit 1", "echo v1.34.1; exit 1", "echo nothing of use"])
def test_a_program_that_names_no_version_is_not_used(tmp_path: Path, says: str) -> None:
    file = program(tmp_path, "kubectl", says)
    found = find(BY_NAME["kubectl"], str(file.parent))
    assert found is not None
    assert found.unsuitable is not None
    assert found.unsuitable.startswith("is of an unknown version")


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    assert find(BY_NAME["helm"], str(tmp_path)) is None


def test_language_host_is_looked_for_beside_pulumi(tmp_path: Path) -> None:
    pulumi = program(tmp_path, "pulumi", "echo v3.260.0")
    host = BY_NAME["pulumi-language-python"]
    assert find_beside(host, pulumi) is None
    file = program(tmp_path, host.name, "exit 0")
    found = find_beside(host, pulumi)
    assert found is not None
    assert found.path == file


def test_search_path_leaves_out_the_sandboxs_own_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:relative:/usr/bin")
    assert search_path(without=tmp_path) == "/usr/bin"


@pytest.fixture
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(build, "TOOLS_BIN", tmp_path / "bin")
    monkeypatch.setattr(build, "TOOLS_BUILD", tmp_path / "build")
    return tmp_path


def test_found_tools_are_linked_once(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    helm = program(own_folders / "there", "helm", "echo v3.20.0")
    monkeypatch.setenv("PATH", f"{helm.parent}:/usr/bin:/bin")
    monkeypatch.setattr(build, "TOOLS", (BY_NAME["helm"],))

    build.ensure_tools(Progress())
    assert (own_folders / "bin" / "helm").resolve() == helm
    assert f"found at {helm}" in capsys.readouterr().err

    build.ensure_tools(Progress())
    assert capsys.readouterr().err == ""

    helm.write_text("#!/bin/sh\necho v3.21.0 now\n")
    build.ensure_tools(Progress())
    assert "helm 3.21.0" in capsys.readouterr().err


def test_pulumi_without_its_language_host_is_not_used(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi = program(own_folders / "there", "pulumi", "echo v3.260.0")
    monkeypatch.setenv("PATH", str(pulumi.parent))
    with pytest.raises(SandboxError, match="go is missing"):
        build.ensure_tools(Progress())
    assert "has no pulumi-language-python beside it: not used" in capsys.readouterr().err


def test_pulumi_is_taken_with_all_that_belongs_to_it(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_folders / "there"
    pulumi = program(folder, "pulumi", "echo v3.260.0")
    tools = tuple(tool for tool in TOOLS if "pulumi" in (tool.name, tool.beside))
    for tool in tools[1:]:
        program(folder, tool.name, "exit 0")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(build, "TOOLS", tools)

    build.ensure_tools(Progress())
    assert {file.resolve().parent for file in (own_folders / "bin").iterdir()} == {pulumi.parent}
    assert len(list((own_folders / "bin").iterdir())) == len(tools) == 4


@pytest.mark.parametrize(
    ("version", "toolchain", "error"),
    [
        ("go1.26.8", "local", None),
        ("go1.27rc1", "local", None),
        ("go1.22.1", "auto", None),
        ("go1.22.1", "local", "go 1.22.1 is too old: install Go 1.26 or newer"),
        ("go1.19", "auto", "go 1.19 is too old: install Go 1.26 or newer"),
    ],
)
def test_go_is_new_enough_or_one_line_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    toolchain: str,
    error: str | None,
) -> None:
    answer = f'{{"GOVERSION": "{version}", "GOTOOLCHAIN": "{toolchain}"}}'
    program(tmp_path, "go", f"echo '{answer}'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    if error is None:
        check_go()
    else:
        with pytest.raises(SandboxError, match=error) as caught:
            check_go()
        assert "\n" not in str(caught.value)


def test_programs_of_another_kubernetes_version_have_a_folder_of_their_own(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = own_folders / "there"
    for tool in kubernetes_tools("1.33.13"):
        program(there, tool.name, "echo Kubernetes v1.33.13")
    monkeypatch.setenv("PATH", f"{there}:/usr/bin:/bin")
    monkeypatch.setattr(build, "TOOLS", ())

    build.ensure_tools(Progress(), kubernetes_tools("1.33.13"))
    folder = own_folders / "bin" / "kubernetes-1.33.13"
    assert sorted(file.name for file in folder.iterdir()) == [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ]


@pytest.mark.parametrize("version", ["1.33", "v1.33.13", "2.0.0", "../1.33.13"])
def test_a_kubernetes_version_is_named_in_full(version: str) -> None:
    with pytest.raises(SandboxError, match="is not a Kubernetes version in full"):
        kubernetes_tools(version)


def test_another_patch_of_a_minor_is_not_the_version_asked_for() -> None:
    for tool in kubernetes_tools("1.33.13"):
        assert Version("1.33.12") not in tool.suitable
        assert ("k8s.io/component-base/version.gitMinor", "33") in tool.module.variables
