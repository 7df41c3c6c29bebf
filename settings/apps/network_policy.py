"""Who may open connections to an application."""

from __future__ import annotations

from typing import Self

from pydantic import Field, StrictBool, model_validator

from settings.types import DnsLabel, Network, SettingsModel


class PeerSettings(SettingsModel):
    """Who may connect: pods of an app, of a namespace, of an app in a namespace; or a network."""

    app: DnsLabel | None = None
    """The pods of this application."""
    namespace: DnsLabel | None = Field(default=None, examples=["monitoring"])
    """The pods in this namespace. Without it: the application's own."""
    network: Network | None = None
    """The addresses in this network (CIDR)."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        pods = bool(self.app or self.namespace)
        if pods == bool(self.network):
            raise ValueError("must have app, namespace or both of them, or else network")
        return self


class NetworkPolicySettings(SettingsModel):
    """Who may connect to the application, beside the ingress controller that serves it."""

    enabled: StrictBool = True
    """If false, everybody may."""
    sources: tuple[PeerSettings, ...] = Field(default=(), validation_alias="from")
    """Who else may."""
