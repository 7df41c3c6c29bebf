"""Tools from their publishers' releases, served on this machine."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from sandbox.errors import SandboxError
from sandbox.progress import Progress
from sandbox.toolchain import build, download, installed, provide, published, reach, releases
from sandbox.toolchain.releases import RELEASES, Release, member, released_file
from sandbox.toolchain.tools import TOOLS, GoModule, Tool, kubernetes_tools
from tests.sandbox.unit.publisher import Publisher, publisher, sha256

BY_NAME = {tool.name: tool for tool in TOOLS}
MAIN = b"#!/bin/sh\necho v1.2.3\n"
HOST = b"#!/bin/sh\n"
ALONE = b"#!/bin/sh\necho alone 1.2.4\n"


def tool(name: str, beside: str | None = None) -> Tool:
    return Tool(
        name=name,
        version="9.9.9" if beside else "1.2.3",
        module=GoModule(name, "v1.2.3"),
        source="",
        suitable=SpecifierSet("~=1.2.0"),
        version_arguments=() if beside else ("--version",),
        beside=beside,
    )


TABLE = (tool("main"), tool("host", beside="main"), tool("alone"))


def archive(**programs: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name, content in programs.items():
            entry = tarfile.TarInfo(f"main/{name}")
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(reach, "_answered", {})
    for module in (build, installed, provide, published):
        monkeypatch.setattr(module, "TOOLS_BUILD", tmp_path / "build")
    for module in (installed, provide):
        monkeypatch.setattr(module, "TOOLS_BIN", tmp_path / "bin")
    for module in (provide, releases):
        monkeypatch.setattr(module, "TOOLS", TABLE)
    return tmp_path


@pytest.fixture
def served(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    with publisher() as served:
        packed = archive(main=MAIN, host=HOST)
        served.files["/main-1.2.3.tar.gz"] = packed
        served.files["/SUMS"] = f"{sha256(packed)}  main-1.2.3.tar.gz\n".encode()
        served.files["/1.2.3/alone"] = ALONE
        every = dict.fromkeys(releases.GO_ARCHITECTURES.values(), sha256(ALONE))
        table = {
            "main": Release(
                address=f"{served.address}/main-{{version}}.tar.gz",
                member="main/{tool}",
                checksums=f"{served.address}/SUMS",
            ),
            "alone": Release(address=f"{served.address}/{{version}}/{{tool}}", pinned=every),
        }
        monkeypatch.setattr(releases, "RELEASES", table)
        yield served


def ensure() -> str:
    output = io.StringIO()
    provide.ensure_tools(Progress(output))
    return output.getvalue()


def test_what_publishers_serve_needs_no_go(served: Publisher, folders: Path) -> None:
    said = ensure()
    assert {file.name: file.read_bytes() for file in (folders / "bin").iterdir()} == {
        "main": MAIN,
        "host": HOST,
        "alone": ALONE,
    }
    for line in ("main 1.2.3", "host 1.2.3", "alone 1.2.3"):
        assert f"  {line:<38} downloaded, " in said
    assert not list((folders / "build" / "downloads").rglob("*.part"))
    served.requests.clear()
    assert ensure() == ""
    assert served.requests == []


def test_a_program_on_path_goes_before_a_release(
    served: Publisher, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = folders / "there" / "alone"
    program.parent.mkdir()
    program.write_bytes(ALONE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    ensure()
    assert (folders / "bin" / "alone").resolve() == program
    assert not any(path == "/1.2.3/alone" for _, path, _ in served.requests)


def test_another_digest_is_a_refusal_and_nothing_is_built(served: Publisher, folders: Path) -> None:
    served.files["/SUMS"] = f"{'0' * 64}  main-1.2.3.tar.gz\n".encode()
    with pytest.raises(
        SandboxError, match=r"main-1\.2\.3\.tar\.gz is not the file that its publisher lists"
    ):
        ensure()
    assert not (folders / "bin" / "main").exists()


@pytest.mark.parametrize("gone", ["/SUMS", "/main-1.2.3.tar.gz"])
def test_what_a_publisher_does_not_have_is_built(
    served: Publisher, folders: Path, gone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del served.files[gone]
    with pytest.raises(SandboxError, match="go is missing"):
        provide.ensure_tools(Progress())
    said = capsys.readouterr().err
    assert f"{served.address}{gone}: 404 Not Found: building with Go instead\n" in said
    assert installed.installed(TABLE[2])


def test_a_list_without_the_file_is_no_check(
    served: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    served.files["/SUMS"] = b"<html>sign in first</html>"
    with pytest.raises(SandboxError, match="go is missing"):
        provide.ensure_tools(Progress())
    assert "/SUMS has no SHA-256 of main-1.2.3.tar.gz: building" in capsys.readouterr().err


def test_an_archive_without_the_tool_is_a_refusal(served: Publisher) -> None:
    packed = archive(main=MAIN)
    served.files["/main-1.2.3.tar.gz"] = packed
    served.files["/SUMS"] = f"{sha256(packed)}  main-1.2.3.tar.gz\n".encode()
    with pytest.raises(SandboxError, match="'main/host' not found"):
        ensure()


def test_a_release_of_another_version_is_a_refusal(
    served: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = b"#!/bin/sh\necho 2.0.0\n"
    served.files["/1.2.3/alone"] = other
    every = dict.fromkeys(releases.GO_ARCHITECTURES.values(), sha256(other))
    alone = Release(address=f"{served.address}/1.2.3/alone", pinned=every)
    monkeypatch.setitem(releases.RELEASES, "alone", alone)
    with pytest.raises(
        SandboxError, match=r"alone, from .*, reports version 2\.0\.0, not ~=1\.2\.0"
    ):
        ensure()


def test_no_publisher_in_reach_is_one_line(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = {
        "main": Release("http://127.0.0.1:1/main", checksums="http://127.0.0.1:2/SUMS"),
        "alone": Release("http://127.0.0.1:1/alone", checksums="http://127.0.0.1:2/SUMS"),
    }
    monkeypatch.setattr(releases, "RELEASES", table)
    with pytest.raises(SandboxError, match="go is missing"):
        provide.ensure_tools(Progress())
    said = capsys.readouterr().err.splitlines()
    assert [line.split(maxsplit=1)[1] for line in said] == [
        "no publisher can be reached (127.0.0.1:1, 127.0.0.1:2): building with Go instead"
    ]


def test_every_tool_has_a_release() -> None:
    for tool in TOOLS:
        assert (tool.beside or tool.name) in RELEASES


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_releases_are_fetched_by_tls_and_have_a_digest(machine: str) -> None:
    for tool in (*TOOLS, *kubernetes_tools("1.35.4")):
        file = released_file(tool, machine)
        assert file is not None
        assert all(address.startswith("https://") for address in file.addresses)
        assert "{" not in f"{file.addresses}{member(tool, machine)}"
        assert file.checksums or file.digest


def test_addresses_are_those_of_the_publishers() -> None:
    """As in their installation instructions and release workflows."""
    pulumi = released_file(BY_NAME["pulumi-language-python"], "x86_64")
    assert pulumi is not None
    assert pulumi.addresses == [
        "https://get.pulumi.com/releases/sdk/pulumi-v3.259.0-linux-x64.tar.gz",
        "https://get.pulumi.com/releases/sdk/pulumi-3.259.0-checksums.txt",
    ]
    assert member(BY_NAME["pulumi-language-python"], "x86_64") == "pulumi/pulumi-language-python"
    server = released_file(kubernetes_tools("1.35.4")[0], "aarch64")
    assert server is not None
    assert server.addresses[1] == (
        "https://dl.k8s.io/release/v1.35.4/bin/linux/arm64/kube-apiserver.sha256"
    )


def test_other_machines_build() -> None:
    assert released_file(BY_NAME["etcd"], "riscv64") is None
