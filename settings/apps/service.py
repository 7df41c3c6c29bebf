"""The settings of an application's Service."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from settings.load_balancer import LoadBalancerSettings
from settings.types import Network, SettingsModel


class AppLoadBalancerSettings(LoadBalancerSettings):
    """An application's own load balancer."""

    source_networks: tuple[Network, ...] = ()
    """Networks (CIDR) of the clients that may come. Without them: all."""

    @field_validator("source_networks")
    @classmethod
    def _sees_clients(cls, networks: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if networks and info.data.get("external_traffic_policy") == "Cluster":
            raise ValueError(
                "must not be given with externalTrafficPolicy Cluster, which hides the clients'"
                " addresses"
            )
        return networks


class ServiceSettings(SettingsModel):
    """How the application's pods are reached without the ingress controller."""

    service: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    """Type of its Service. A change is made in place."""
    load_balancer: AppLoadBalancerSettings | None = Field(default=None, validate_default=True)
    """With service LoadBalancer: its own load balancer."""

    @field_validator("load_balancer")
    @classmethod
    def _of_a_load_balancer(
        cls, settings: AppLoadBalancerSettings | None, info: ValidationInfo
    ) -> AppLoadBalancerSettings | None:
        if info.data.get("service") == "LoadBalancer":
            return settings or AppLoadBalancerSettings()
        if settings is not None and "service" in info.data:
            raise ValueError(f"must not be given with service {info.data['service']}")
        return settings
