"""The ports of an application: of its container, its Service and its network policy."""

from __future__ import annotations

from typing import Any

from .args import MAIN_PORT, ServiceArgs


def container_ports(port: int, settings: ServiceArgs) -> list[dict[str, Any]]:
    """The container's: `port`, and those that are listed."""
    return [{"container_port": port}] + [
        {"name": each.name, "container_port": each.target, "protocol": each.protocol}
        for each in settings.ports
    ]


def service_ports(port: int, settings: ServiceArgs) -> list[dict[str, Any]]:
    """The Service's. Each of several has a name."""
    main: dict[str, Any] = {"port": settings.service_port, "target_port": port}
    if not settings.ports:
        return [main]
    return [{"name": MAIN_PORT} | main] + [
        {
            "name": each.name,
            "port": each.port,
            "target_port": each.target,
            "protocol": each.protocol,
        }
        for each in settings.ports
    ]


def open_ports(port: int, settings: ServiceArgs) -> list[dict[str, Any]]:
    """Those that a network policy lets its sources in to."""
    return [{"port": port}] + [
        {"port": each.target, "protocol": each.protocol} for each in settings.ports
    ]


def lowest_port(port: int, settings: ServiceArgs) -> int:
    """The one that needs most rights."""
    return min([port, *(each.target for each in settings.ports)])
