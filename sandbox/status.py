"""What `sandbox status` shows: what runs, and what the account holds."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox.account import Account
from sandbox.daemon_state import DaemonState, processes, running_pid
from sandbox.exoscale_api import summary
from sandbox.progress import WIDTH


def status(home: Path, *, as_json: bool) -> str:
    """Return the state of the sandbox at `home`, as a table or as JSON.

    What the account holds is read from its files, and shown while it is stopped, too.
    """
    found = _collect(home)
    return json.dumps(found, indent=2) + "\n" if as_json else _table(found)


def _collect(home: Path) -> dict[str, Any]:
    account = Account.load(home)
    report = DaemonState(home).read() if running_pid(home) is not None else None
    return {
        "state": report.state if report else "stopped",
        "detail": report.detail if report else "",
        "home": str(home),
        "endpoint": account.endpoint if account else None,
        "processes": [asdict(process) for process in processes(home)],
        **summary(home / "api"),
    }


def _table(found: dict[str, Any]) -> str:
    lines = [
        _line("sandbox", f"{found['state']} {found['detail']}"),
        _line("home", found["home"]),
        _line("Exoscale API", found["endpoint"] or "none yet"),
    ]
    for cluster in found["sks-clusters"]:
        about = (cluster["zone"], cluster["version"], cluster["state"], cluster["endpoint"])
        lines.append(_line(f"cluster {cluster['name']}", ", ".join(map(str, about))))
        for pool in cluster["nodepools"]:
            text = f"{pool['size']} nodes, {pool['state']}"
            lines.append(_line(f"  nodepool {pool['name']}", text))
    for balancer in found["load-balancers"]:
        text = f"{balancer['zone']}, {balancer['ip']}"
        lines.append(_line(f"load balancer {balancer['name']}", text))
    for kind in ("security-groups", "anti-affinity-groups"):
        if found[kind]:
            lines.append(_line(kind, ", ".join(group["name"] for group in found[kind])))
    if found["processes"]:
        memory = sum(process["resident_bytes"] for process in found["processes"])
        names = _counted(process["command"] for process in found["processes"])
        lines.append(_line("processes", f"{names}: {memory / 2**20:.0f} MB resident"))
    return "\n".join(lines) + "\n"


def _counted(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(
        f"{listed.count(name)} {name}" if listed.count(name) > 1 else name
        for name in dict.fromkeys(listed)
    )


def _line(title: str, text: str) -> str:
    return f"{title:<{WIDTH}} {text}".rstrip()
