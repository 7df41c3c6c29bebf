"""The tools in TOOLS_BIN: the path of each tool, and the stamp that records how it was made.

The stamp is written last. Therefore a tool is installed only once, and a run after an interrupted
one installs only the missing tools.
"""

import json
from pathlib import Path
from typing import Any

from sandbox.paths import TOOLS_BIN, TOOLS_BUILD
from sandbox.toolchain.tools import Tool, sources_of_main

# -l disables inlining, which saves a quarter of the build time; -s -w omit the debugger's tables.
GO_FLAGS = ("-trimpath", "-buildvcs=false", "-mod=mod", "-gcflags=all=-l")
LINK_FLAGS = "-s -w"
GO_SETTINGS = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""}
"""Environment variables of builds that affect the result."""


def target(tool: Tool) -> Path:
    """Returns the path of the installed tool."""
    return TOOLS_BIN / tool.folder / tool.name


def installed(tool: Tool) -> bool:
    """Returns whether the tool is installed, as tools.py defines it and unchanged since then."""
    stamp = _stamp_file(tool)
    if not (stamp.exists() and target(tool).exists()):
        return False
    written: dict[str, Any] = json.loads(stamp.read_text())
    return written == _stamp(tool)


def install(tool: Tool, program: Path) -> None:
    """Moves `program`, a file or a link, to the tool's path and writes the stamp."""
    target(tool).parent.mkdir(parents=True, exist_ok=True)
    program.replace(target(tool))
    file = _stamp_file(tool)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(_stamp(tool)))
    temporary.replace(file)


def _stamp_file(tool: Tool) -> Path:
    return TOOLS_BUILD / "stamps" / tool.folder / f"{tool.name}.json"


def _stamp(tool: Tool) -> dict[str, Any]:
    return {"recipe": _recipe(tool), "program": _identity(target(tool))}


def _recipe(tool: Tool) -> dict[str, Any]:
    return {
        "module": f"{tool.module.path}@{tool.module.version}",
        "replace": list(tool.module.replace),
        "variables": [list(pair) for pair in tool.module.variables],
        "flags": [*GO_FLAGS, LINK_FLAGS],
        "settings": GO_SETTINGS,
        "source": tool.source,
        "main": tool.main
        and [*sources_of_main(tool.main).values(), tool.main.schema, *tool.main.embedded],
        "suitable": str(tool.suitable),
    }


def _identity(program: Path) -> dict[str, Any]:
    status = program.stat()
    return {"path": str(program.resolve()), "size": status.st_size, "changed": status.st_mtime_ns}
