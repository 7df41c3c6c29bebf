"""Installs tools from their publishers' releases."""

import tarfile
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.errors import SandboxError
from sandbox.paths import TOOLS_BUILD
from sandbox.progress import Progress, Step
from sandbox.toolchain.download import Unavailable, digest_in, download, read_text
from sandbox.toolchain.find import check_version
from sandbox.toolchain.installed import install
from sandbox.toolchain.reach import host, unreachable_hosts
from sandbox.toolchain.releases import ReleasedFile, member, released_file
from sandbox.toolchain.side_by_side import side_by_side
from sandbox.toolchain.tools import Tool

FILES_AT_ONCE = 3
MEGABYTE = 10**6


def install_released(tools: Sequence[Tool], progress: Progress) -> list[Tool]:
    """Installs the tools that can be downloaded from their publishers, and returns the others.

    If a publisher can't be reached, doesn't have the file, or the transfer fails, the tools are
    among the returned ones, to be built, and a line gives the reason.

    Raises:
        SandboxError: if a file has another SHA-256 than its publisher lists, or another version.
            The tool is not built instead, because the user must notice such a file.
    """
    files: dict[ReleasedFile, list[Tool]] = {}
    for tool in tools:
        file = released_file(tool)
        if file is not None:
            files.setdefault(file, []).append(tool)
    missing = unreachable_hosts(address for file in files for address in file.addresses)
    reached = [
        file for file in files if not any(host(address) in missing for address in file.addresses)
    ]
    if missing:
        subject = "no publisher can be" if not reached else "these publishers can't be"
        progress.say("tools", f"{subject} reached ({', '.join(missing)}): building with Go instead")
    stopped = threading.Event()
    jobs = [partial(_install, file, files[file], progress, stopped) for file in reached]
    done = {tool for installed in side_by_side(jobs, FILES_AT_ONCE, stopped) for tool in installed}
    return [tool for tool in tools if tool not in done]


class _Stopped(Exception):
    """Another job failed, or Ctrl-C was pressed; the next run resumes this download."""


def _install(
    file: ReleasedFile, tools: list[Tool], progress: Progress, stopped: threading.Event
) -> list[Tool]:
    title = f"{tools[0].name} {file.version}"
    part = _part_file(file)
    try:
        with progress.step(title, f"downloading from {host(file.address)}") as step:
            digest = file.digest or _published_digest(file)
            download(file.address, digest, part, partial(_show, step, step.detail, stopped))
            for tool in tools:
                program = _program(tool, part, file)
                check_version(tool, program, f"from {file.address}")
                install(tool, program)
                step.results.append((f"{tool.name} {file.version}", "downloaded"))
    except Unavailable as error:
        progress.say(title, f"{error}: building with Go instead")
        return []
    except OSError as error:
        raise SandboxError(f"{part}: {error.strerror}") from error
    part.unlink(missing_ok=True)
    return tools


def _part_file(file: ReleasedFile) -> Path:
    parts = urlsplit(file.address)
    return TOOLS_BUILD / "downloads" / parts.netloc / f"{parts.path.strip('/')}.part"


def _published_digest(file: ReleasedFile) -> str:
    digest = digest_in(read_text(file.checksums), file.name)
    if digest is None:
        raise Unavailable(f"{file.checksums} has no SHA-256 of {file.name}")
    return digest


def _show(
    step: Step, doing: str, stopped: threading.Event, received: int, total: int | None
) -> None:
    if stopped.is_set():
        raise _Stopped
    of = f" of {total / MEGABYTE:.0f}" if total is not None else ""
    step.detail = f"{doing}, {received / MEGABYTE:.0f}{of} MB"


def _program(tool: Tool, part: Path, file: ReleasedFile) -> Path:
    program = part.with_name(f"{tool.name}.new")
    path = member(tool)
    if not path:
        part.replace(program)
    else:
        try:
            with tarfile.open(part) as archive, program.open("wb") as target:
                content = archive.extractfile(path)
                if content is None:
                    raise KeyError(f"{path} is not a file")
                while chunk := content.read(MEGABYTE):
                    target.write(chunk)
        except (KeyError, tarfile.TarError) as error:
            raise SandboxError(f"{file.address}: {error}") from error
    program.chmod(0o755)
    return program
