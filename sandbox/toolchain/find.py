"""Finds tools with a suitable version on PATH."""

import os
import select
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from sandbox.account import LOOPBACK
from sandbox.errors import SandboxError
from sandbox.toolchain.tools import Tool, version_in

ASK_SECONDS = 20
"""Timeout for a program to report its version."""
NO_PROXY = [("grpc.enable_http_proxy", 0)]
"""gRPC channel options: connect to a plugin on this machine without a proxy."""


@dataclass(frozen=True)
class Found:
    """A program on PATH."""

    path: Path
    version: Version | None = None
    unsuitable: str | None = None
    """Why the program can't be used; None if it can."""


def search_path(without: Path) -> str:
    """Returns PATH without the folder `without` and without relative folders."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(f for f in folders if Path(f).is_absolute() and Path(f) != without)


def find(tool: Tool, path: str) -> Found | None:
    """Returns the first program with the tool's name on `path` (in the format of PATH), or None."""
    program = shutil.which(tool.name, path=path)
    if program is None:
        return None
    version = version_of(tool, Path(program))
    if version is not None and version in tool.suitable:
        return Found(Path(program), version)
    return Found(Path(program), version, f"has version {version or 'unknown'}, not {tool.suitable}")


def find_beside(tool: Tool, main: Path) -> Found | None:
    """Returns the tool in the folder of the program `main`, None if it doesn't exist there."""
    program = shutil.which(tool.name, path=str(main.parent))
    return None if program is None else Found(Path(program))


def version_of(tool: Tool, program: Path) -> Version | None:
    """Returns the version that a program reports, None if it fails or reports no version."""
    if tool.plugin:
        return _plugin_version(program)
    try:
        answer = subprocess.run(
            [program, *tool.version_arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return version_in(answer.stdout or answer.stderr)


def check_version(tool: Tool, program: Path, origin: str) -> None:
    """Checks that a program reports a suitable version.

    Args:
        tool: the tool.
        program: its program.
        origin: the source of the program, for the error message.

    Raises:
        SandboxError: if it reports another version, or none.
    """
    if tool.reports_version:
        version = version_of(tool, program)
        if version is None or version not in tool.suitable:
            raise SandboxError(
                f"{tool.name}, {origin}, reports version {version}, not {tool.suitable}"
            )


def _plugin_version(program: Path) -> Version | None:
    # Imported here because most commands don't need to look for tools.
    import grpc
    from google.protobuf.empty_pb2 import Empty
    from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

    try:
        # The argument is the engine's address, which the plugin uses only to send log messages.
        process = subprocess.Popen(
            [program, LOOPBACK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except OSError:
        return None
    with process:
        try:
            assert process.stdout is not None
            readable, _, _ = select.select([process.stdout], [], [], ASK_SECONDS)
            port = process.stdout.readline().strip() if readable else ""
            if not port.isdecimal():
                return None
            with grpc.insecure_channel(f"{LOOPBACK}:{port}", NO_PROXY) as channel:
                answer = ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=ASK_SECONDS)
            return version_in(answer.version)
        except grpc.RpcError:
            return None
        finally:
            process.kill()
