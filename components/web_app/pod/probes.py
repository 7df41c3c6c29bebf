"""Probes by which Kubernetes checks an application."""

from __future__ import annotations

from typing import Any

from .probes_args import ProbeArgs, ProbesArgs


def probes(settings: ProbesArgs, port: int | None) -> dict[str, Any]:
    """Returns the container's probe fields. `port` is the default port. Without it, there are only
    probes that are set."""
    given = {
        "startup": settings.startup,
        "readiness": settings.readiness,
        "liveness": settings.liveness,
    }
    return {
        f"{kind}_probe": _probe(probe, settings, port)
        for kind, probe in given.items()
        if probe.type != "none" and (port or kind in settings.model_fields_set)
    }


def _probe(probe: ProbeArgs, common: ProbesArgs, port: int | None) -> dict[str, Any]:
    return {
        **_handler(probe, common, port),
        "initial_delay_seconds": probe.initial_delay_seconds,
        "period_seconds": probe.period_seconds,
        "timeout_seconds": probe.timeout_seconds,
        "failure_threshold": probe.failure_threshold,
    }


def _handler(probe: ProbeArgs, common: ProbesArgs, port: int | None) -> dict[str, Any]:
    port = probe.port or port
    if probe.type == "exec":
        return {"exec_": {"command": probe.command}}
    if probe.type == "tcp":
        return {"tcp_socket": {"port": port}}
    if probe.type == "grpc":
        service = {"service": probe.service} if probe.service else {}
        return {"grpc": {"port": port} | service}
    get: dict[str, Any] = {"path": probe.path or common.path, "port": port}
    if probe.type == "https":
        get["scheme"] = "HTTPS"
    if common.host:
        get["http_headers"] = [{"name": "Host", "value": common.host}]
    return {"http_get": get}
