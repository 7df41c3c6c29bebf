"""Provides the tools in TOOLS_BIN: a suitable one from PATH as a link, else one that Go builds.

What was done is written down in a stamp a tool, so that it is done once and goes on where it was
interrupted (Go's own cache keeps the packages of an unfinished build).
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.find import Found, find, find_beside, search_path, version_of
from sandbox.paths import TOOLS_BIN, TOOLS_BUILD
from sandbox.prerequisites import check_go
from sandbox.progress import Progress, Step
from sandbox.tools import TOOLS, GoModule, Tool

# -l (no inlining) saves a quarter of the build time; -s -w leave out the debugger's tables.
GO_FLAGS = ("-trimpath", "-buildvcs=false", "-mod=mod", "-gcflags=all=-l")
LINK_FLAGS = "-s -w"
# The runtime defaults (GODEBUG) of this release; go raises it where a module asks for more.
GO_DIRECTIVE = "1.24"


def ensure_tools(progress: Progress, more: Sequence[Tool] = ()) -> None:
    """Provide every tool in TOOLS_BIN, and `more`, at most once at a time on this clone.

    Raises SandboxError if a prerequisite is missing or a build fails.
    """
    tools = (*TOOLS, *more)
    if all(_installed(tool) for tool in tools):
        return
    with _lock(progress):
        present = [tool for tool in tools if _installed(tool)]
        for tool in present:
            progress.say(f"{tool.name} {tool.version}", "ready")
        missing = [
            tool for tool in tools if tool not in present and not _install_found(tool, progress)
        ]
        if missing:
            check_go()
        for module in dict.fromkeys(tool.module for tool in missing):
            _build(module, [tool for tool in missing if tool.module == module], progress)


def _installed(tool: Tool) -> bool:
    target = _target(tool)
    stamp = _stamp_file(tool)
    if not (stamp.exists() and target.exists()):
        return False
    written: dict[str, Any] = json.loads(stamp.read_text())
    return written == {"recipe": _recipe(tool), "program": _identity(target)}


def _recipe(tool: Tool) -> dict[str, Any]:
    return {
        "module": f"{tool.module.path}@{tool.module.version}",
        "replace": list(tool.module.replace),
        "variables": [list(pair) for pair in tool.module.variables],
        "flags": [*GO_FLAGS, LINK_FLAGS],
        "source": tool.source,
        "suitable": str(tool.suitable),
    }


def _identity(target: Path) -> dict[str, Any]:
    status = target.stat()
    return {"path": str(target.resolve()), "size": status.st_size, "changed": status.st_mtime_ns}


def _target(tool: Tool) -> Path:
    return TOOLS_BIN / tool.folder / tool.name


def _stamp_file(tool: Tool) -> Path:
    return TOOLS_BUILD / "stamps" / tool.folder / f"{tool.name}.json"


def _stamp(tool: Tool) -> None:
    file = _stamp_file(tool)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps({"recipe": _recipe(tool), "program": _identity(_target(tool))}))
    temporary.replace(file)


@contextmanager
def _lock(progress: Progress) -> Iterator[None]:
    TOOLS_BUILD.mkdir(parents=True, exist_ok=True)
    with (TOOLS_BUILD / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step("tools", "waiting for another process that builds them"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install_found(tool: Tool, progress: Progress) -> bool:
    found = _look_for(tool)
    if found is None:
        return False
    if found.unsuitable is not None:
        progress.say(tool.name, f"{found.path} {found.unsuitable}: not used")
        return False
    target = _target(tool)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{tool.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(found.path)
    temporary.replace(target)
    _stamp(tool)
    progress.say(f"{tool.name} {found.version or ''}".strip(), f"found at {found.path}")
    return True


def _look_for(tool: Tool) -> Found | None:
    if tool.beside is not None:
        main = TOOLS_BIN / tool.beside
        return find_beside(tool, main.resolve()) if main.is_symlink() else None
    found = find(tool, search_path(without=TOOLS_BIN))
    if found is not None and found.unsuitable is None:
        for other in TOOLS:
            if other.beside == tool.name and find_beside(other, found.path.resolve()) is None:
                return replace(found, unsuitable=f"has no {other.name} beside it")
    return found


def _build(module: GoModule, tools: list[Tool], progress: Progress) -> None:
    first, *others = tools
    doing = f"being built with {', '.join(t.name for t in others)}" if others else "being built"
    with progress.step(f"{first.name} {first.version}", doing) as step:
        folder = TOOLS_BUILD / module.folder
        folder.mkdir(parents=True, exist_ok=True)
        source = _download(module, folder)
        output = folder / "output"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir()
        commands = [tool for tool in tools if not tool.script]
        if commands:
            _write_go_mod(module, folder, Path(source["GoMod"]))
            _go_build(module, commands, folder, output, step)
        for tool in tools:
            if tool.script:
                _copy_script(source["Dir"], tool, output)
            _check_version(tool, output / tool.name)
        for tool in tools:
            target = _target(tool)
            target.parent.mkdir(parents=True, exist_ok=True)
            (output / tool.name).replace(target)
            _stamp(tool)
            step.results.append((f"{tool.name} {tool.version}", "built"))


def _copy_script(module_folder: str, tool: Tool, output: Path) -> None:
    target = output / tool.name
    shutil.copyfile(Path(module_folder, tool.source), target)
    target.chmod(0o755)


def _write_go_mod(module: GoModule, folder: Path, module_go_mod: Path) -> None:
    lines = [
        f"module sandbox.local/{folder.name.partition('@')[0]}",
        f"go {GO_DIRECTIVE}",
        f"require {module.path} {module.version}",
        *(f"replace {replacement}" for replacement in module.replace),
        *(f"replace {path} => {path} {version}" for path, version in _staging(module_go_mod)),
    ]
    (folder / "go.mod").write_text("\n\n".join(lines) + "\n")


def _staging(module_go_mod: Path) -> list[tuple[str, str]]:
    """Return the modules kept in the module's own `staging` folder, with their versions.

    Kubernetes publishes k8s.io/api and the like beside each v1.X.Y as v0.X.Y.
    """
    parsed = json.loads(_go(["mod", "edit", "-json", str(module_go_mod)], module_go_mod.parent))
    version = f"v0.{module_go_mod.stem.partition('.')[2]}"
    return [
        (replacement["Old"]["Path"], version)
        for replacement in parsed.get("Replace") or []
        if replacement["New"]["Path"].startswith("./staging/")
    ]


def _download(module: GoModule, folder: Path) -> dict[str, str]:
    answer = _go(["mod", "download", "-json", f"{module.path}@{module.version}"], folder)
    source: dict[str, str] = json.loads(answer)
    return source


def _go(arguments: list[str], folder: Path) -> str:
    answer = subprocess.run(
        ["go", *arguments], cwd=folder, env=_go_environment(), capture_output=True, text=True
    )
    if answer.returncode != 0:
        raise SandboxError(
            f"go {' '.join(arguments)} failed: {(answer.stderr or answer.stdout).strip()}"
        )
    return answer.stdout


def _go_environment() -> dict[str, str]:
    return {**os.environ, "GOWORK": "off", "GOFLAGS": ""}


def _go_build(module: GoModule, tools: list[Tool], folder: Path, output: Path, step: Step) -> None:
    variables = [f"-X {name}={value}" for name, value in module.variables]
    command = ["go", "build", *GO_FLAGS, "-ldflags", " ".join([LINK_FLAGS, *variables])]
    command += ["-v", "-o", f"{output}{os.sep}", *(tool.package for tool in tools)]
    process = subprocess.Popen(
        command, cwd=folder, env=_go_environment(), stderr=subprocess.PIPE, text=True
    )
    errors: list[str] = []
    packages = 0
    doing = step.detail
    assert process.stderr is not None
    with process:
        for line in process.stderr:
            if line.startswith("go: downloading "):
                step.detail = f"{doing}, fetching {line.split()[2]}"
            elif " " not in line.strip():
                packages += 1
                step.detail = f"{doing}, {packages} packages"
            else:
                errors.append(line)
    if process.returncode != 0:
        raise SandboxError(
            f"go build of {module.path}@{module.version} failed:\n{''.join(errors[-20:]).strip()}"
        )
    for tool in tools:
        built = output / tool.name
        if not built.exists():
            # go names a command after the last element of its path that is not a version
            (output / tool.package.removesuffix("/v3").rpartition("/")[2]).rename(built)


def _check_version(tool: Tool, built: Path) -> None:
    if tool.version_arguments:
        version = version_of(tool, built)
        if version is None or version not in tool.suitable:
            raise SandboxError(
                f"{tool.name}, built from {tool.module.path}, says {version}, not {tool.suitable}"
            )
