"""Who may open connections to an application, and to whom it may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, StrictBool

from ...args.problem import Problem
from ...args.types import Args, Dns1123Label, DnsLabel, Network, Port


class PeerArgs(Args):
    """One end of connections: pods of an app, of a namespace, of an app in a namespace; or a
    network."""

    app: DnsLabel | None = None
    """The pods of this application."""
    namespace: Dns1123Label | None = Field(default=None, examples=["monitoring"])
    """The pods in this namespace. Without it: the application's own."""
    network: Network | None = None
    """The addresses in this network (CIDR)."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem unless the peer is pods or a network."""
        if bool(self.app or self.namespace) == bool(self.network):
            yield Problem((), self, "must have app, namespace or both of them, or else network")


class EgressArgs(PeerArgs):
    """Whom the application may connect to, and at which ports."""

    ports: tuple[Port, ...] = Field(default=(), examples=[[6379]])
    """Ports of the pods themselves, which those of their Service may differ from. Without them:
    all."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """The ports' protocol."""


class NetworkPolicyArgs(Args):
    """Who may connect to the application, beside the ingress controller that serves it; and whom it
    may connect to, beside DNS, the internet and its own database."""

    enabled: StrictBool = True
    """If false, everybody may connect to it, and it to everybody."""
    sources: tuple[PeerArgs, ...] = Field(default=(), validation_alias="from")
    """Who else may connect to it."""
    egress: tuple[EgressArgs, ...] = ()
    """Whom else it may connect to. Pods of the cluster, private networks and link-local addresses,
    such as the metadata service's, are not the internet."""
