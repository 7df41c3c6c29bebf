"""What is in TOOLS_BIN: where each tool is put, and the stamp that says how it was made.

A stamp is written last, so that a tool is provided once, and an interrupted run goes on where it
was.
"""

import json
from pathlib import Path
from typing import Any

from sandbox.paths import TOOLS_BIN, TOOLS_BUILD
from sandbox.toolchain.tools import Tool, source_of_main

# -l (no inlining) saves a quarter of the build time; -s -w leave out the debugger's tables.
GO_FLAGS = ("-trimpath", "-buildvcs=false", "-mod=mod", "-gcflags=all=-l")
LINK_FLAGS = "-s -w"
GO_SETTINGS = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""}
"""Environment of a build that changes what comes out of it."""


def target(tool: Tool) -> Path:
    """Return the path that the tool is put at."""
    return TOOLS_BIN / tool.folder / tool.name


def installed(tool: Tool) -> bool:
    """Whether the tool is there, as the table wants it and as it was put there."""
    stamp = _stamp_file(tool)
    if not (stamp.exists() and target(tool).exists()):
        return False
    written: dict[str, Any] = json.loads(stamp.read_text())
    return written == _stamp(tool)


def install(tool: Tool, program: Path) -> None:
    """Move `program`, or the link that it is, to its place, and stamp it."""
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
        "main": tool.main and [source_of_main(tool.main), tool.main.schema, *tool.main.embedded],
        "suitable": str(tool.suitable),
    }


def _identity(program: Path) -> dict[str, Any]:
    status = program.stat()
    return {"path": str(program.resolve()), "size": status.st_size, "changed": status.st_mtime_ns}
