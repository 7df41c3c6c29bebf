"""The settings of an application's Service."""

from __future__ import annotations

from typing import Literal

from settings.load_balancer import LoadBalancerSettings
from settings.types import Network, SettingsModel

SERVICE_PORT = 80
"""The port that an application's Service has."""


class AppLoadBalancerSettings(LoadBalancerSettings):
    """An application's own load balancer."""

    source_networks: tuple[Network, ...] = ()
    """Networks (CIDR) of the clients that may come. Without them: all."""


class ServiceSettings(SettingsModel):
    """How the application's pods are reached without the ingress controller."""

    service: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    """Type of its Service. A change is made in place."""
    load_balancer: AppLoadBalancerSettings | None = None
    """With service LoadBalancer: its own load balancer."""

    @property
    def balancer(self) -> AppLoadBalancerSettings | None:
        """The load balancer's settings, if there is one."""
        asked = self.service == "LoadBalancer"
        return self.load_balancer or AppLoadBalancerSettings() if asked else None
