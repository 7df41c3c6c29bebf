"""Builds tools from their Go modules.

Go's cache keeps the packages of an interrupted build, so the next build continues from there.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.paths import TOOLS_BUILD
from sandbox.progress import Progress, Step
from sandbox.toolchain.find import check_version
from sandbox.toolchain.installed import GO_FLAGS, GO_SETTINGS, LINK_FLAGS, install
from sandbox.toolchain.prerequisites import check_go
from sandbox.toolchain.side_by_side import side_by_side
from sandbox.toolchain.tools import GoModule, OwnMain, Tool, sources_of_main

# Selects the runtime defaults (GODEBUG) of this release. Go raises it if a module requires more.
GO_DIRECTIVE = "1.24"

MODULES_AT_ONCE = 2
"""Number of parallel builds: Go compiles one module while it downloads or links another one."""

GIBIBYTE = 2**30
COMPILER_MEMORY = (GIBIBYTE // 2, 3 * GIBIBYTE)
"""Minimum and maximum of GOMEMLIMIT: bytes at which a compiler starts to collect garbage."""


def build(tools: Sequence[Tool], progress: Progress) -> None:
    """Builds the tools, in the order of their modules, and installs them.

    If a build fails, the builds in progress are finished, so that they needn't be repeated, and no
    other build starts.

    Raises:
        SandboxError: if Go is missing or too old, or if a build fails.
    """
    check_go()
    modules = dict.fromkeys(tool.module for tool in tools)
    jobs = [
        partial(_build, module, [tool for tool in tools if tool.module == module], progress)
        for module in modules
    ]
    if len(jobs) > 1:
        jobs.insert(1, partial(_build_standard_library, progress))
    side_by_side(jobs, MODULES_AT_ONCE)


def _build_standard_library(progress: Progress) -> None:
    """Compiles Go's standard library while the first module is downloaded.

    All modules need it. Otherwise two builds would compile it at the same time.
    """
    with progress.step("Go's standard library", "being built"):
        flags = [flag for flag in GO_FLAGS if flag != "-mod=mod"]  # only valid inside a module
        _go(["build", *flags, "std"], TOOLS_BUILD)


def _build(module: GoModule, tools: list[Tool], progress: Progress) -> None:
    first, *others = tools
    doing = f"being built with {', '.join(t.name for t in others)}" if others else "being built"
    with progress.step(f"{first.name} {first.version}", doing) as step:
        folder = TOOLS_BUILD / module.folder
        folder.mkdir(parents=True, exist_ok=True)
        source = download_module(module, folder)
        output = folder / "output"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir()
        commands = [tool for tool in tools if not tool.script]
        if commands:
            _write_go_mod(module, folder, Path(source["GoMod"]))
            for tool in commands:
                if tool.main is not None:
                    _write_main(tool, tool.main, Path(source["Dir"]), folder)
            _go_build(module, commands, folder, output, step)
        for tool in tools:
            if tool.script:
                _copy_script(source["Dir"], tool, output)
            check_version(tool, output / tool.name, f"built from {module.path}")
        for tool in tools:
            install(tool, output / tool.name)
            step.results.append((f"{tool.name} {tool.version}", "built"))


def _write_main(tool: Tool, main: OwnMain, module_folder: Path, folder: Path) -> None:
    target = folder / tool.name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for name, source in sources_of_main(main).items():
        (target / name).write_text(source)
    if main.schema:
        schema = {**json.loads((module_folder / main.schema).read_text()), "version": tool.version}
        (target / Path(main.schema).name).write_text(json.dumps(schema))
    for file in main.embedded:
        shutil.copyfile(module_folder / file, target / Path(file).name)


def _copy_script(module_folder: str, tool: Tool, output: Path) -> None:
    target = output / tool.name
    shutil.copyfile(Path(module_folder, tool.source), target)
    target.chmod(0o755)


def _write_go_mod(module: GoModule, folder: Path, module_go_mod: Path) -> None:
    lines = [
        # Below the module's path, so that an own main package can import its internal packages.
        f"module {module.path}/sandbox",
        f"go {GO_DIRECTIVE}",
        f"require {module.path} {module.version}",
        *(f"replace {replacement}" for replacement in module.replace),
        *(f"replace {path} => {path} {version}" for path, version in _staging(module_go_mod)),
    ]
    (folder / "go.mod").write_text("\n\n".join(lines) + "\n")


def _staging(module_go_mod: Path) -> list[tuple[str, str]]:
    """Returns the modules in the module's `staging` folder, as pairs of path and version.

    Kubernetes publishes these modules, such as k8s.io/api, as v0.X.Y with each release v1.X.Y.
    """
    parsed = json.loads(_go(["mod", "edit", "-json", str(module_go_mod)], module_go_mod.parent))
    version = f"v0.{module_go_mod.stem.partition('.')[2]}"
    return [
        (replacement["Old"]["Path"], version)
        for replacement in parsed.get("Replace") or []
        if replacement["New"]["Path"].startswith("./staging/")
    ]


def download_module(module: GoModule, folder: Path) -> dict[str, str]:
    """Downloads a module and returns Go's answer: `Dir` is the folder of its files.

    Raises:
        SandboxError: if Go can't download it.
    """
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
    return {"GOGC": "off", "GOMEMLIMIT": str(_compiler_memory()), **os.environ, **GO_SETTINGS}


def _compiler_memory() -> int:
    """Returns the memory limit of one compiler in bytes: its share, as all run in parallel."""
    least, most = COMPILER_MEMORY
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    at_once = MODULES_AT_ONCE * (os.cpu_count() or 1)
    return max(least, min(most, memory // at_once))


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
            # Go names a program after the last element of its path that is not a version.
            (output / tool.package.removesuffix("/v3").rpartition("/")[2]).rename(built)
