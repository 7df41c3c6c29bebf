"""The ports of an application's container, Service and network policy."""

from __future__ import annotations

from typing import Any

from .args import MAIN_PORT, ServiceArgs


def container_ports(port: int | None, settings: ServiceArgs) -> list[dict[str, Any]]:
    """Returns the container's ports: `port` and the further ports."""
    main: list[dict[str, Any]] = [{"container_port": port}] if port else []
    return main + [
        {"name": each.name, "container_port": each.target, "protocol": each.protocol}
        for each in settings.ports
    ]


def service_ports(port: int, settings: ServiceArgs) -> list[dict[str, Any]]:
    """Returns the Service's ports. If there are several, each has a name."""
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


def open_ports(port: int | None, settings: ServiceArgs) -> list[dict[str, Any]]:
    """Returns the ports that a network policy opens to its sources."""
    main: list[dict[str, Any]] = [{"port": port}] if port else []
    return main + [{"port": each.target, "protocol": each.protocol} for each in settings.ports]


def lowest_port(port: int | None, settings: ServiceArgs) -> int | None:
    """Returns the lowest port, which may need the most privileges, or None without a port."""
    return min([port, *(each.target for each in settings.ports)]) if port else None
