"""The settings of an application's Service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictStr, field_validator

from settings.load_balancer import LoadBalancerSettings
from settings.types import Network, Port, SettingsModel, matches

MAIN_PORT = "main"
"""The name of the Service's first port, which it needs beside others."""

PortName = Annotated[
    StrictStr,
    matches(
        r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*",
        "a port's name: lower-case letters, digits and dashes between them, at most 15 characters",
        "metrics",
    ),
]
"""Source: kubernetes/kubernetes, `IsValidPortName`."""


class AppLoadBalancerSettings(LoadBalancerSettings):
    """An application's own load balancer."""

    source_networks: tuple[Network, ...] = ()
    """Networks (CIDR) of the clients that may come. Without them: all."""


class PortSettings(SettingsModel):
    """One more port of the application."""

    name: PortName
    """What tells it from the others."""
    port: Port = Field(examples=[9090])
    """Port of the Service."""
    target_port: Port | None = Field(default=None, examples=[9090])
    """Port that the container listens on. Without it: the Service's."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """What is spoken on it."""

    @field_validator("name")
    @classmethod
    def _not_own(cls, name: str) -> str:
        if name == MAIN_PORT:
            raise ValueError(f"must be another one than {MAIN_PORT}, which is the first port's")
        return name

    @property
    def target(self) -> int:
        """The container's port."""
        return self.target_port or self.port


class ServiceSettings(SettingsModel):
    """How the application's pods are reached without the ingress controller."""

    service: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    """Type of its Service. A change is made in place."""
    service_port: Port = 80
    """Port of its Service, behind which the application's port is."""
    ports: tuple[PortSettings, ...] = ()
    """More ports of its Service and its container."""
    load_balancer: AppLoadBalancerSettings | None = None
    """With service LoadBalancer: its own load balancer."""

    @property
    def balancer(self) -> AppLoadBalancerSettings | None:
        """The load balancer's settings, if there is one."""
        asked = self.service == "LoadBalancer"
        return self.load_balancer or AppLoadBalancerSettings() if asked else None

    @property
    def protocols(self) -> frozenset[str]:
        """What is spoken on the ports of its Service."""
        return frozenset({"TCP", *(each.protocol for each in self.ports)})

    @property
    def service_ports(self) -> tuple[int, ...]:
        """All ports of its Service."""
        return (self.service_port, *(each.port for each in self.ports))
