"""The whole of `make up` from publishers' releases, on a machine without Go.

The publishers are a server on this machine: in a copy of the project the table of releases names
it, and it serves archives of the tools that this clone has.
"""

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.daemon.state import processes
from sandbox.paths import TOOLS_BIN
from sandbox.toolchain.releases import ReleasedFile, member, released_file
from sandbox.toolchain.tools import TOOLS, Tool
from tests.support.account import Sandbox
from tests.support.clone import copy_clone

pytestmark = pytest.mark.integration

SECONDS = 600
SYSTEM = ("/usr/bin", "/bin")


@pytest.fixture(scope="module")
def published(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the publishers serve, by host; the sandbox has brought the tools."""
    folder = tmp_path_factory.mktemp("published")
    files: dict[ReleasedFile, list[Tool]] = {}
    for tool in TOOLS:
        file = released_file(tool)
        assert file is not None
        files.setdefault(file, []).append(tool)
    for file, tools in files.items():
        target = place(folder, file.address)
        if member(tools[0]):
            with tarfile.open(target, "w:gz", compresslevel=1) as archive:
                for tool in tools:
                    archive.add((TOOLS_BIN / tool.name).resolve(), member(tool))
        else:
            target.symlink_to((TOOLS_BIN / tools[0].name).resolve())
        if file.checksums:
            place(folder, file.checksums).write_text(checksums(file, target))
    return folder


def place(folder: Path, address: str) -> Path:
    target = folder / address.removeprefix("https://")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def checksums(file: ReleasedFile, content: Path) -> str:
    """The publisher's list in its own form."""
    if "api.github.com" in file.checksums:
        asset = {"name": file.name, "digest": f"sha256:{digest(content)}"}
        return json.dumps({"assets": [asset]})
    if file.checksums.endswith(".sha256"):
        return digest(content)
    return f"{digest(content)}  {file.name}\n"


@pytest.fixture(scope="module")
def publishers(published: Path) -> Iterator[str]:
    """The address of the server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(published))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clone(published: Path, publishers: str, tmp_path: Path) -> Path:
    """A copy of the project without tools, whose releases are the server's."""
    clone = copy_clone(tmp_path / "clone")
    table = clone / "sandbox" / "toolchain" / "releases.py"
    text = table.read_text().replace("https://", f"{publishers}/")
    (etcd,) = published.rglob("etcd-*.tar.gz")
    table.write_text(re.sub("[0-9a-f]{64}", digest(etcd), text))
    return clone


@pytest.fixture
def path_without_go(tmp_path: Path) -> Path:
    """A folder with the system's programs, but for Go and what the tools are."""
    folder = tmp_path / "path"
    folder.mkdir()
    left_out = {"go", *(tool.name for tool in TOOLS)}
    for system in map(Path, SYSTEM):
        for program in system.iterdir():
            if program.name not in left_out and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return folder


@pytest.fixture
def environment(clone: Path, path_without_go: Path) -> Iterator[dict[str, str]]:
    """The environment of `make` in the clone; nothing of its sandbox is left afterwards."""
    kept = {name: value for name, value in os.environ.items() if name != "SANDBOX_HOME"}
    environment = {**kept, "PATH": str(path_without_go), "NO_PROXY": "127.0.0.1"}
    yield environment
    reset = [str(clone / ".venv" / "bin" / "python"), "-m", "sandbox", "reset"]
    subprocess.run(reset, cwd=clone, env=environment, check=True, capture_output=True)
    assert processes(clone / ".sandbox") == []


def make(goal: str, clone: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    answer = subprocess.run(
        ["make", goal],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert answer.returncode == 0, f"{answer.stdout}{answer.stderr}"
    return answer


def test_publishers_serve_all_that_is_needed(clone: Path, environment: dict[str, str]) -> None:
    assert shutil.which("go", path=environment["PATH"]) is None

    up = make("up", clone, environment)
    lines = [" ".join(line.split()) for line in up.stderr.splitlines()]
    for tool in TOOLS:
        (line,) = [line for line in lines if re.match(rf"{tool.name} .* downloaded, \d", line)]
        assert (clone / ".sandbox" / "bin" / tool.name).is_file(), line
    assert "built" not in up.stderr
    assert re.search(r"^rickroller +https?://203\.0\.113\.", up.stdout, re.MULTILINE)

    again = make("up", clone, environment)
    assert "downloaded" not in again.stderr
    assert "unchanged" in again.stdout

    make("down", clone, environment)
    assert processes(clone / ".sandbox") == []
