"""Who may open connections to an application."""

from __future__ import annotations

from pydantic import Field, StrictBool

from settings.types import Dns1123Label, DnsLabel, Network, SettingsModel


class PeerSettings(SettingsModel):
    """Who may connect: pods of an app, of a namespace, of an app in a namespace; or a network."""

    app: DnsLabel | None = None
    """The pods of this application."""
    namespace: Dns1123Label | None = Field(default=None, examples=["monitoring"])
    """The pods in this namespace. Without it: the application's own."""
    network: Network | None = None
    """The addresses in this network (CIDR)."""


class NetworkPolicySettings(SettingsModel):
    """Who may connect to the application, beside the ingress controller that serves it."""

    enabled: StrictBool = True
    """If false, everybody may."""
    sources: tuple[PeerSettings, ...] = Field(default=(), validation_alias="from")
    """Who else may."""
