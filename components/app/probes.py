"""How Kubernetes finds out whether an application works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict


class ProbeArgs(TypedDict):
    """One probe: `type` is `http`, `tcp`, `exec` or `none`; times are in seconds."""

    type: str
    path: NotRequired[str]
    command: Sequence[str]
    initial_delay_seconds: int
    period_seconds: int
    timeout_seconds: int
    failure_threshold: int


class ProbesArgs(TypedDict):
    """The three probes; `path`, and the `host` that is asked for, are common to all."""

    path: str
    host: NotRequired[str]
    startup: ProbeArgs
    readiness: ProbeArgs
    liveness: ProbeArgs


def probes(args: ProbesArgs, port: int) -> dict[str, Any]:
    """The container's fields for its probes, which ask `port`."""
    given = {
        "startup": args["startup"],
        "readiness": args["readiness"],
        "liveness": args["liveness"],
    }
    return {
        f"{kind}_probe": _probe(probe, args, port)
        for kind, probe in given.items()
        if probe["type"] != "none"
    }


def _probe(probe: ProbeArgs, common: ProbesArgs, port: int) -> dict[str, Any]:
    return {
        **_handler(probe, common, port),
        "initial_delay_seconds": probe["initial_delay_seconds"],
        "period_seconds": probe["period_seconds"],
        "timeout_seconds": probe["timeout_seconds"],
        "failure_threshold": probe["failure_threshold"],
    }


def _handler(probe: ProbeArgs, common: ProbesArgs, port: int) -> dict[str, Any]:
    if probe["type"] == "exec":
        return {"exec_": {"command": probe["command"]}}
    if probe["type"] == "tcp":
        return {"tcp_socket": {"port": port}}
    get: dict[str, Any] = {"path": probe.get("path", common["path"]), "port": port}
    if "host" in common:
        get["http_headers"] = [{"name": "Host", "value": common["host"]}]
    return {"http_get": get}
