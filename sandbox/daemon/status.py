"""The output of `sandbox status`: the processes and the resources of the account."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox.account import Account
from sandbox.daemon.fault_commands import fault_table
from sandbox.daemon.state import DaemonState, processes, running_pid
from sandbox.daemon.table import table
from sandbox.exoscale_api import summary, tables
from sandbox.paths import acme_root


def status(home: Path, *, as_json: bool) -> str:
    """Returns the state of the sandbox at `home`, as tables or as JSON.

    The account's resources are read from its files, so they are shown for a stopped sandbox too.
    """
    found = _collect(home)
    return json.dumps(found, indent=2) + "\n" if as_json else "\n".join(_sections(found))


def _collect(home: Path) -> dict[str, Any]:
    account = Account.load(home)
    report = DaemonState(home).read() if running_pid(home) is not None else None
    return {
        "state": report.state if report else "stopped",
        "detail": report.detail if report else "",
        "home": str(home),
        "endpoint": account.endpoint if account else None,
        "dns": account.dns_address if account and account.dns_port else None,
        "acme": account.acme_url if account and acme_root(home).exists() else None,
        "acme-root": str(acme_root(home)) if acme_root(home).exists() else None,
        "nodes": account.nodes if account else None,
        "processes": [asdict(process) for process in processes(home)],
        **summary(home / "api"),
    }


def _sections(found: dict[str, Any]) -> Iterator[str]:
    """Yields the account's properties, then a table for each kind of resource that it has."""
    memory = sum(process["resident_bytes"] for process in found["processes"])
    names = _count_names(process["command"] for process in found["processes"])
    account = {
        "sandbox": f"{found['state']} {found['detail']}".rstrip(),
        "home": found["home"],
        "Exoscale API": found["endpoint"] or "none yet",
        "DNS server": found["dns"] or "none yet",
        "ACME server": found["acme"] or "none: `sandbox tools --acme` installs it",
        "ACME root": found["acme-root"] or "none yet",
        "nodes": found["nodes"] or "none yet",
        "processes": f"{names}, {memory / 2**20:.0f} MB resident" if names else "none",
    }
    yield "".join(f"{title:<15}{text}\n" for title, text in account.items())
    for head, rows in tables(found):
        yield table(head, rows)
    if found["faults"]:
        yield fault_table(found["faults"])


def _count_names(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(
        f"{listed.count(name)} {name}" if listed.count(name) > 1 else name
        for name in dict.fromkeys(listed)
    )
