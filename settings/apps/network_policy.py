"""Who may open connections to an application."""

from __future__ import annotations

from typing import Self

from pydantic import Field, StrictBool, model_validator

from settings.types import DnsLabel, Network, SettingsModel


class PeerSettings(SettingsModel):
    """Pods of an `app`, of a `namespace`, of an app in a namespace; or a `network`."""

    app: DnsLabel | None = None
    namespace: DnsLabel | None = None
    network: Network | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        pods = bool(self.app or self.namespace)
        if pods == bool(self.network):
            raise ValueError("must have app, namespace or both of them, or else network")
        return self


class NetworkPolicySettings(SettingsModel):
    """The ingress controller may, and who is in `sources`."""

    enabled: StrictBool = True
    sources: tuple[PeerSettings, ...] = Field(default=(), alias="from")
