"""The sandbox's command line: `python -m sandbox --help`."""

import argparse
import os
import signal
import subprocess
import sys
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from sandbox import paths
from sandbox.account import Nodes
from sandbox.daemon import fault_commands, lifecycle
from sandbox.environment.stack_files import temporary_salts
from sandbox.environment.variables import command_environment, export_lines
from sandbox.errors import SandboxError
from sandbox.progress import Progress
from sandbox.toolchain.acme import ensure_acme
from sandbox.toolchain.provide import ensure_tools
from sandbox.toolchain.tools import (
    CONTROL_PLANE,
    EARLIER_KUBERNETES_VERSION,
    NODE,
    NODE_TOOLS,
    SNAPSHOT_TOOLS,
    kubernetes_tools,
)

NOT_FOUND, NOT_EXECUTABLE, BY_SIGNAL = 127, 126, 128
"""Exit codes, as in a shell: for a command that doesn't exist, that is not executable, and the
number to which a shell adds that of the signal that ended the command."""


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="sandbox", description="An Exoscale account on this machine."
    )
    commands = result.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the sandbox; the first start installs the tools")
    up.add_argument(
        "--nodes",
        choices=get_args(Nodes),
        help="kind of the clusters' nodes, which only the first start can set: simulated "
        "(the default), or containers, which needs Linux, root and some packages",
    )
    commands.add_parser("down", help="stop the sandbox; clusters and stacks are kept")
    status = commands.add_parser("status", help="show processes and the account's resources")
    status.add_argument("--json", action="store_true", help="print JSON")
    fault_commands.add_parser(commands)
    commands.add_parser("reset", help="stop the sandbox and remove all but the tools")
    tools = commands.add_parser("tools", help="only find, download or build the tools")
    tools.add_argument(
        "--kubernetes",
        metavar="VERSION",
        action="append",
        default=[],
        help="install another version for clusters, such as "
        f"{EARLIER_KUBERNETES_VERSION}; can be repeated",
    )
    tools.add_argument(
        "--nodes", choices=get_args(Nodes), help="containers: also install the tools of such nodes"
    )
    tools.add_argument(
        "--acme",
        action="store_true",
        help="also install what HTTPS needs: an ACME server, cert-manager and its chart",
    )
    tools.add_argument(
        "--snapshots",
        action="store_true",
        help="also install what snapshots of volumes need: the snapshot controller and its API",
    )
    env = commands.add_parser("env", help="print the environment as export lines for a shell")
    run = commands.add_parser(
        "exec", help="run a command in the sandbox, which is started if necessary"
    )
    for command in (env, run):
        command.add_argument(
            "--plugins",
            metavar="DIR",
            type=Path,
            help="folder of provider plugins to use",
        )
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD ...")
    return result


def main(arguments: list[str]) -> int:
    """Runs one command and returns its exit code."""
    options = parser().parse_args(arguments)
    home, progress = paths.home(), Progress()
    try:
        match options.command:
            case "up":
                lifecycle.up(home, progress, nodes=options.nodes)
            case "down":
                lifecycle.down(home, progress)
            case "reset":
                lifecycle.reset(home, progress)
            case "tools":
                containers = options.nodes == "containers"
                names = (*CONTROL_PLANE, *NODE) if containers else CONTROL_PLANE
                others = [kubernetes_tools(version, names) for version in options.kubernetes]
                ensure_tools(progress, [*(NODE_TOOLS if containers else ()), *chain(*others)])
                if options.acme:
                    ensure_acme(progress)
                if options.snapshots:
                    ensure_tools(progress, SNAPSHOT_TOOLS)
            case "status":
                # Imported here because it loads an HTTP client, which few commands need.
                from sandbox.daemon.status import status

                sys.stdout.write(status(home, as_json=options.json))
            case "faults":
                sys.stdout.write(fault_commands.run(options, home))
            case "env":
                account = lifecycle.up(home, progress, options.plugins)
                lines = export_lines(account, home, plugins=options.plugins)
                sys.stdout.write("\n".join(lines) + "\n")
            case "exec":
                return _exec(options.argv, home, progress, options.plugins)
    except SandboxError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    except KeyboardInterrupt:
        return BY_SIGNAL + signal.SIGINT
    return 0


def _exec(argv: list[str], home: Path, progress: Progress, plugins: Path | None) -> int:
    command = argv[1:] if argv[:1] == ["--"] else argv
    if not command:
        raise SandboxError("exec needs a command: sandbox exec -- CMD ...")
    account = lifecycle.up(home, progress, plugins)
    environment = command_environment(account, home, plugins=plugins)
    with (
        temporary_salts(home, command),
        TemporaryDirectory(dir=paths.temporary_files(home)) as temporary,
    ):
        try:
            process = _start(command, {**environment, "TMPDIR": temporary})
        except FileNotFoundError:
            sys.stderr.write(f"sandbox: {command[0]}: not found\n")
            return NOT_FOUND
        except PermissionError:
            sys.stderr.write(f"sandbox: {command[0]}: not executable\n")
            return NOT_EXECUTABLE
        # A terminal also sends SIGINT to the command, which decides itself how to handle it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        code = process.wait()
    return code if code >= 0 else BY_SIGNAL - code


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # Popen searches the PATH of this process, so set it to the sandbox's PATH.
    os.environ["PATH"] = environment["PATH"]
    return subprocess.Popen(command, env=environment, preexec_fn=_default_signals)


def _default_signals() -> None:
    """Restores the default handling of SIGINT and SIGQUIT, which background jobs ignore.

    Pulumi stops its language host with SIGINT, and waits 5 s if the host ignores it.
    """
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
