"""The args of an application's Service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, StrictStr, field_validator

from ...args.problem import Problem
from ...args.types import Args, Network, Port, Told, matches
from ...exoscale.load_balancer_args import BalancerArgs

MAIN_PORT = "main"
"""The name of the Service's first port, which it needs beside others."""

NO_PORT: Literal["none"] = "none"
PORT_OR_NONE = Told("a port, 1 to 65535, or none", (NO_PORT,))


def _port_or_none(value: object) -> int | Literal["none"]:
    if value == NO_PORT:
        return NO_PORT
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535:
        return value
    raise ValueError(f"must be {PORT_OR_NONE.words}")


AppPort = Annotated[
    int | Literal["none"],
    PlainValidator(_port_or_none, json_schema_input_type=Port | Literal["none"]),
    PORT_OR_NONE,
]

PortName = Annotated[
    StrictStr,
    matches(
        r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*",
        "a port's name: lower-case letters, digits and dashes between them, at most 15 characters",
        "metrics",
    ),
]
"""Source: kubernetes/kubernetes, `IsValidPortName`."""


class AppLoadBalancerArgs(BalancerArgs):
    """A load balancer for one application."""

    source_networks: tuple[Network, ...] = ()
    """Networks (CIDR) of the clients that may connect. Default: all."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a list of clients whose addresses are hidden."""
        yield from super().problems()
        if self.source_networks and self.external_traffic_policy == "Cluster":
            message = (
                "must not be given with externalTrafficPolicy Cluster, which hides the clients'"
                " addresses"
            )
            yield Problem(("sourceNetworks",), self.source_networks, message)


class PortArgs(Args):
    """A further port of the application."""

    name: PortName
    """Unique name."""
    port: Port = Field(examples=[9090])
    """Port of the Service."""
    target_port: Port | None = Field(default=None, examples=[9090])
    """Port that the container listens on. Default: the Service's port."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """Protocol."""

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


class ServiceArgs(Args):
    """The application's Service."""

    service: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    """Type of the Service. A change updates the Service."""
    service_port: Port = 80
    """Port of the Service, which forwards to the application's port."""
    ports: tuple[PortArgs, ...] = ()
    """Further ports of the Service and the container."""
    load_balancer: AppLoadBalancerArgs | None = None
    """The application's own load balancer, only with service LoadBalancer."""

    @property
    def balancer(self) -> AppLoadBalancerArgs | None:
        """The load balancer's settings, if there is one."""
        asked = self.service == "LoadBalancer"
        return self.load_balancer or AppLoadBalancerArgs() if asked else None

    @property
    def protocols(self) -> frozenset[str]:
        """What is spoken on the ports of its Service."""
        return frozenset({"TCP", *(each.protocol for each in self.ports)})

    @property
    def service_ports(self) -> tuple[int, ...]:
        """All ports of its Service."""
        return (self.service_port, *(each.port for each in self.ports))

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a load balancer that is not used, and for ports that collide."""
        yield from super().problems()
        if self.load_balancer is not None and self.service != "LoadBalancer":
            message = f"must not be given with service {self.service}"
            yield Problem(("loadBalancer",), self.load_balancer, message)
        yield from self._problem_of_udp()
        names, numbers = set(), {(self.service_port, "TCP")}
        for index, each in enumerate(self.ports):
            if each.name in names:
                yield Problem(("ports", index, "name"), each.name, "must differ from other ports'")
            if (each.port, each.protocol) in numbers:
                message = f"must differ from servicePort, {self.service_port}, and other ports"
                yield Problem(("ports", index, "port"), each.port, message)
            names.add(each.name)
            numbers.add((each.port, each.protocol))

    def _problem_of_udp(self) -> Iterator[Problem]:
        """Yields a problem for a UDP port whose health check can't pass.

        Without another port, it is a TCP connection to the NodePort of the port itself; with
        Local, a request to kube-proxy. Source: exoscale/exoscale-cloud-controller-manager,
        `exoscale/loadbalancer.go`.
        """
        balancer = self.balancer
        if (
            not balancer
            or balancer.external_traffic_policy == "Local"
            or balancer.health_check.port
        ):
            return
        for index, each in enumerate(self.ports):
            if each.protocol == "UDP":
                message = (
                    f"must be Local, as ports[{index}] is UDP: with Cluster, the health check is a"
                    " TCP connection to that port, which always fails; or give healthCheck.port"
                )
                place = ("loadBalancer", "externalTrafficPolicy")
                yield Problem(place, balancer.external_traffic_policy, message)
                return
