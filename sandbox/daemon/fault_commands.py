"""The commands for faults: `python -m sandbox faults add|list|clear`."""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.account import Account
from sandbox.daemon.table import table
from sandbox.errors import SandboxError

TARGET_HELP = """operation (create-sks-nodepool) or pattern of operations (create-*),
"METHOD /path" or a pattern of it ("POST /sks-cluster/*"), "*" for all; or: node, quota, acme"""

_DELAY = re.compile(r"(\d+)(ms|s)")


def add_parser(commands: Any) -> None:
    """Adds `faults` to the subparsers `commands`."""
    parser = commands.add_parser("faults", help="make requests, operations and nodes fail")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="add a fault, which stays until you clear it")
    add.add_argument("target", help=TARGET_HELP)
    effect = add.add_mutually_exclusive_group(required=True)
    effect.add_argument("--status", type=int, help="reject the request with this HTTP status")
    effect.add_argument("--delay", type=_milliseconds, help="delay the request: 500ms, 2s")
    effect.add_argument(
        "--drop", action="store_true", help="close the connection, ignore the request"
    )
    effect.add_argument(
        "--drop-answer", action="store_true", help="process the request, then close the connection"
    )
    effect.add_argument("--operation-fails", metavar="MESSAGE", help="let the operation fail")
    effect.add_argument(
        "--operation-hangs", action="store_true", help="keep the operation pending until cleared"
    )
    effect.add_argument(
        "--not-ready", action="store_true", help="node: new nodes are not Ready until cleared"
    )
    effect.add_argument(
        "--ready-after", type=_milliseconds, help="node: delay until new nodes are Ready: 60s"
    )
    effect.add_argument(
        "--limit", type=_limit, metavar="RESOURCE=N", help="quota: limit of a resource: instance=1"
    )
    add.add_argument(
        "--retry-after", type=int, metavar="SECONDS", help="Retry-After header, with --status"
    )
    add.add_argument("--nodepool", metavar="NAME", help="node: only nodes of this nodepool")
    add.add_argument("--times", type=int, metavar="N", help="act at most N times")
    add.add_argument("--probability", type=float, metavar="P", help="act with this probability")
    add.add_argument("--seed", type=int, metavar="N", help="random seed, with --probability")
    listing = actions.add_parser("list", help="list the faults")
    listing.add_argument("--json", action="store_true", help="print JSON")
    clear = actions.add_parser("clear", help="remove faults; what they blocked continues")
    clear.add_argument("id", nargs="?", default="all", help="ID of a fault, or `all` (the default)")


def run(options: argparse.Namespace, home: Path) -> str:
    """Runs the command in `options`, as `add_parser` parses it, and returns its output.

    Raises:
        SandboxError: if the sandbox doesn't run, the options contradict each other, or the fault
            doesn't exist.
    """
    # Imported here because it loads an HTTP client, which the other commands don't need.
    from sandbox.daemon.fault_client import FaultClient

    account = Account.load(home)
    if account is None:
        raise SandboxError("the sandbox doesn't exist: create it with `sandbox up`")
    client = FaultClient(account)
    match options.action:
        case "add":
            fault = client.add(
                options.target,
                _effect(options),
                times=options.times,
                probability=options.probability,
                seed=options.seed,
            )
            return f"fault {fault.id}: {fault.target}: {fault.effect}, {fault.when}\n"
        case "list":
            faults = [fault.as_json() for fault in client.all()]
            return json.dumps(faults, indent=2) + "\n" if options.json else fault_table(faults)
        case _:
            removed = client.clear(None if options.id == "all" else options.id)
            return f"cleared: {', '.join(fault.id for fault in removed) or 'there was none'}\n"


def fault_table(faults: Sequence[dict[str, Any]]) -> str:
    """Returns the faults, which have the format of the API, as a text table."""
    from sandbox.exoscale_api.fault import Fault

    rows = [Fault.model_validate(found) for found in faults]
    return (
        table(
            ("fault", "target", "effect", "when", "acted"),
            [(row.id, row.target, row.effect, row.when, row.acted) for row in rows],
        )
        if rows
        else "no faults\n"
    )


def _effect(options: argparse.Namespace) -> dict[str, Any]:
    if options.retry_after is not None and options.status is None:
        raise SandboxError("--retry-after needs --status")
    of_nodes = options.not_ready or options.ready_after is not None
    if options.nodepool is not None and not of_nodes:
        raise SandboxError("--nodepool needs --not-ready or --ready-after")
    if options.seed is not None and options.probability is None:
        raise SandboxError("--seed needs --probability")
    if options.status is not None:
        after = {} if options.retry_after is None else {"retry-after": options.retry_after}
        return {"kind": "status", "status": options.status, **after}
    if options.delay is not None:
        return {"kind": "delay", "milliseconds": options.delay}
    if options.operation_fails is not None:
        return {"kind": "operation-fails", "message": options.operation_fails}
    if options.limit is not None:
        resource, limit = options.limit
        return {"kind": "quota", "resource": resource, "limit": limit}
    which = {"nodepool": options.nodepool} if options.nodepool else {}
    if options.not_ready:
        return {"kind": "not-ready", **which}
    if options.ready_after is not None:
        return {"kind": "ready-after", "milliseconds": options.ready_after, **which}
    plain = ("drop", "drop-answer", "operation-hangs")
    return {"kind": next(kind for kind in plain if getattr(options, kind.replace("-", "_")))}


def _milliseconds(text: str) -> int:
    match = _DELAY.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration: write 500ms or 2s")
    return int(match[1]) * (1000 if match[2] == "s" else 1)


def _limit(text: str) -> tuple[str, int]:
    resource, separator, limit = text.partition("=")
    if not separator or not limit.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a limit: write instance=1")
    return resource, int(limit)
