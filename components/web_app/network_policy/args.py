"""Who may open connections to an application, and to whom it may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, StrictBool

from ...args.problem import Problem
from ...args.types import Args, Dns1123Label, DnsLabel, Network, Port


class PeerArgs(Args):
    """A peer of connections: pods of an application or a namespace, or a network."""

    app: DnsLabel | None = None
    """The application's name, for its pods."""
    namespace: Dns1123Label | None = Field(default=None, examples=["monitoring"])
    """The namespace of the pods. Default: the application's own."""
    network: Network | None = None
    """A network (CIDR)."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem unless the peer is pods or a network."""
        if bool(self.app or self.namespace) == bool(self.network):
            yield Problem((), self, "must have app, namespace or both of them, or else network")


class EgressArgs(PeerArgs):
    """A peer that the application may connect to, and its ports."""

    ports: tuple[Port, ...] = Field(default=(), examples=[[6379]])
    """Ports of the pods, which may differ from their Service's ports. Default: all."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """Protocol of the ports."""


class NetworkPolicyArgs(Args):
    """The application's network policy. By default, only the ingress controller that serves it may
    connect to it, and it may connect only to DNS, the internet and its own database."""

    enabled: StrictBool = True
    """If false, all connections are allowed."""
    sources: tuple[PeerArgs, ...] = Field(default=(), validation_alias="from")
    """Further peers that may connect to the application."""
    egress: tuple[EgressArgs, ...] = ()
    """Further peers that the application may connect to. Pods of the cluster, private networks and
    link-local addresses, such as the metadata service, do not count as the internet."""
