"""Installs the tools in TOOLS_BIN.

A tool is, in this order: a link to a suitable program on PATH, the publisher's release, or a build.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sandbox.paths import TOOLS_BIN, TOOLS_BUILD
from sandbox.progress import Progress
from sandbox.toolchain.build import build
from sandbox.toolchain.find import Found, find, find_beside, search_path
from sandbox.toolchain.installed import install, installed, target
from sandbox.toolchain.tools import TOOLS, Tool


def ensure_tools(progress: Progress, more: Sequence[Tool] = ()) -> None:
    """Installs all of TOOLS and `more` in TOOLS_BIN, unless they are installed.

    A lock lets only one process of the clone install tools at a time.

    Raises:
        SandboxError: if a prerequisite is missing, a download has a wrong SHA-256 or version, or a
            build fails.
    """
    tools = (*TOOLS, *more)
    if all(installed(tool) for tool in tools):
        return
    with _lock(progress):
        present = [tool for tool in tools if installed(tool)]
        for tool in present:
            progress.say(f"{tool.name} {tool.version}", "ready")
        missing = [
            tool for tool in tools if tool not in present and not _install_found(tool, progress)
        ]
        if missing:
            # Imported here because it loads an HTTP client, which is seldom needed.
            from sandbox.toolchain.published import install_released

            missing = install_released(missing, progress)
        if missing:
            build(missing, progress)


@contextmanager
def _lock(progress: Progress) -> Iterator[None]:
    TOOLS_BUILD.mkdir(parents=True, exist_ok=True)
    with (TOOLS_BUILD / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step("tools", "waiting for another process that installs them"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install_found(tool: Tool, progress: Progress) -> bool:
    found = _find(tool)
    if found is None:
        return False
    if found.unsuitable is not None:
        progress.say(tool.name, f"{found.path} {found.unsuitable}: not used")
        return False
    link = target(tool).with_name(f".{tool.name}.new")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(found.path)
    install(tool, link)
    progress.say(f"{tool.name} {found.version or ''}".strip(), f"found at {found.path}")
    return True


def _find(tool: Tool) -> Found | None:
    if tool.beside is not None:
        main = TOOLS_BIN / tool.beside
        return find_beside(tool, main.resolve()) if main.is_symlink() else None
    found = find(tool, search_path(without=TOOLS_BIN))
    if found is not None and found.unsuitable is None:
        for other in TOOLS:
            if other.beside == tool.name and find_beside(other, found.path.resolve()) is None:
                return replace(found, unsuitable=f"has no {other.name} beside it")
    return found
