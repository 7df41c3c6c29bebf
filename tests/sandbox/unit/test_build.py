"""What Go is told, and how builds run side by side; `go` is a program of the test's own."""

import io
import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.progress import Progress
from sandbox.toolchain import build, installed
from sandbox.toolchain.tools import ACME_TOOLS, TOOLS, GoModule, Tool

GO = """
import json, os, sys, time
from pathlib import Path

here, arguments = Path({folder!r}), sys.argv[1:]
module = Path.cwd().name.partition("@")[0]
if arguments[0] == "env":
    print(json.dumps({{"GOVERSION": "go1.26.8", "GOTOOLCHAIN": "local"}}))
elif arguments[:2] == ["mod", "download"]:
    print(json.dumps({{"Dir": str(here / "source"), "GoMod": str(here / "source" / "go.mod")}}))
elif arguments[:2] == ["mod", "edit"]:
    print("{{}}")
elif arguments[-1] == "std":
    (here / "std").touch()
else:
    (here / "began" / module).write_text(json.dumps(dict(os.environ)))
    deadline = time.monotonic() + 20
    while not all((here / "began" / name).exists() for name in {together!r}):
        if time.monotonic() > deadline:
            sys.exit("the others were not begun")
    if module in {failing!r}:
        sys.exit("no such package")
    output = arguments[arguments.index("-o") + 1]
    for package in arguments[arguments.index("-o") + 2:]:
        program = Path(output, package.rpartition("/")[2])
        program.write_text("#!/bin/sh\\n")
        program.chmod(0o755)
"""


@dataclass(frozen=True)
class FakeGo:
    """A folder with a `go` in it, which notes the modules whose builds it began."""

    folder: Path

    def write(self, together: tuple[str, ...] = (), failing: tuple[str, ...] = ()) -> None:
        code = GO.format(folder=str(self.folder), together=together, failing=failing)
        program = self.folder / "go"
        program.write_text(f"#!{sys.executable}\n{code}")
        program.chmod(0o755)

    def environment(self, module: str) -> dict[str, str]:
        seen: dict[str, str] = json.loads((self.folder / "began" / module).read_text())
        return seen

    @property
    def began(self) -> list[str]:
        return sorted(file.name for file in (self.folder / "began").iterdir())


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    for folder in ("began", "source"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("GOGC", raising=False)
    monkeypatch.delenv("GOMEMLIMIT", raising=False)
    (tmp_path / "build").mkdir()
    monkeypatch.setattr(build, "TOOLS_BUILD", tmp_path / "build")
    monkeypatch.setattr(installed, "TOOLS_BUILD", tmp_path / "build")
    monkeypatch.setattr(installed, "TOOLS_BIN", tmp_path / "bin")
    go = FakeGo(tmp_path)
    go.write()
    return go


def tool(name: str) -> Tool:
    return Tool(name=name, version="1.2.3", module=GoModule(name, "v1.2.3"), source=f"cmd/{name}")


def test_two_modules_are_built_side_by_side(go: FakeGo) -> None:
    go.write(together=("first", "second"))
    output = io.StringIO()
    build.build([tool("first"), tool("second"), tool("third")], Progress(output))
    assert {file.name for file in (go.folder / "bin").iterdir()} == {"first", "second", "third"}
    assert {line.split(",")[0] for line in output.getvalue().splitlines() if "built" in line} >= {
        f"  {name + ' 1.2.3':<38} built" for name in ("first", "second", "third")
    }


def test_after_a_failed_build_what_is_under_way_is_finished(go: FakeGo) -> None:
    go.write(together=("good", "bad"), failing=("bad",))
    with pytest.raises(SandboxError, match=r"go build of bad@v1\.2\.3 failed:\nno such package"):
        build.build([tool("bad"), tool("good")], Progress(io.StringIO()))
    assert installed.installed(tool("good"))


def test_after_a_failed_build_nothing_more_is_begun(
    go: FakeGo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "MODULES_AT_ONCE", 1)
    go.write(failing=("bad",))
    with pytest.raises(SandboxError, match="no such package"):
        build.build([tool("bad"), tool("later")], Progress(io.StringIO()))
    assert go.began == ["bad"]
    assert not (go.folder / "std").exists()


def test_what_modules_share_is_built_where_there_are_several(go: FakeGo) -> None:
    build.build([tool("one")], Progress(io.StringIO()))
    assert not (go.folder / "std").exists()
    build.build([tool("one"), tool("two")], Progress(io.StringIO()))
    assert (go.folder / "std").exists()


def test_go_is_told_to_spend_memory_within_bounds(go: FakeGo) -> None:
    build.build([tool("one")], Progress(io.StringIO()))
    seen = go.environment("one")
    assert (seen["CGO_ENABLED"], seen["GOGC"]) == ("0", "off")
    assert 2**29 <= int(seen["GOMEMLIMIT"]) <= 3 * 2**30


def test_the_users_own_bounds_are_kept(go: FakeGo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOGC", "50")
    monkeypatch.setenv("CGO_ENABLED", "1")
    build.build([tool("one")], Progress(io.StringIO()))
    seen = go.environment("one")
    assert (seen["CGO_ENABLED"], seen["GOGC"]) == ("0", "50")


def test_the_kubernetes_plugin_embeds_the_modules_schema_with_its_version(
    go: FakeGo, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = next(tool for tool in TOOLS if tool.name == "pulumi-resource-kubernetes")
    source = go.folder / "source" / "cmd" / plugin.name
    source.mkdir(parents=True)
    (source / "schema.json").write_text('{"name": "kubernetes"}')
    (source / "terraform-mapping.json").write_text("{}")
    monkeypatch.setattr(build, "check_version", lambda *_: None)

    build.build([plugin], Progress(io.StringIO()))
    folder = go.folder / "build" / plugin.module.folder / plugin.name
    schema = json.loads((folder / "schema.json").read_text())
    assert schema == {"name": "kubernetes", "version": plugin.version}
    assert sorted(os.listdir(folder)) == [
        "kubernetes_plugin.go",
        "schema.json",
        "terraform-mapping.json",
    ]
    assert (go.folder / "bin" / plugin.name).exists()


def test_cert_manager_is_built_of_the_sandboxs_sources_below_its_modules_path(
    go: FakeGo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "check_version", lambda *_: None)
    tool = next(tool for tool in ACME_TOOLS if tool.name == "cert-manager")
    build.build([tool], Progress(io.StringIO()))
    folder = go.folder / "build" / tool.module.folder
    assert (folder / "go.mod").read_text().startswith(f"module {tool.module.path}/")
    assert "cert_manager_controller.go" in os.listdir(folder / tool.name)


def test_what_is_built_must_say_the_right_version(go: FakeGo) -> None:
    wrong = replace(tool("wrong"), version_arguments=("--version",))
    with pytest.raises(SandboxError, match="wrong, built from wrong, reports version None"):
        build.build([wrong], Progress(io.StringIO()))
    assert not installed.installed(wrong)
