"""The settings of an Exoscale network load balancer in front of a Service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from ..args.inputs import Input
from ..args.problem import Problem
from ..args.types import (
    Args,
    Description,
    Duration,
    Identifier,
    Port,
    Told,
    defaults_of,
    matches,
)

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def seconds(duration: str) -> float:
    """The length of a duration such as `10s` or `1m30s`."""
    parts = re.findall(r"(\d+)(ms|[smh])", duration)
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def whole_seconds(shortest: int, longest: int) -> tuple[AfterValidator, Told]:
    """A duration of so many seconds, with no fraction of one."""
    told = Told(f"from {shortest}s to {longest}s, in whole seconds", ("10s",))

    def check(duration: str) -> str:
        length = seconds(duration)
        if not shortest <= length <= longest or length % 1:
            raise ValueError(f"must be {told.words}")
        return duration

    return AfterValidator(check), told


class HealthCheckArgs(Args):
    """How the load balancer finds the nodes that can receive traffic.

    The limits are those of Exoscale's API, the modes those of its cloud controller.
    """

    mode: Literal["tcp", "http"] | None = None
    """`tcp` opens a connection, `http` requests a page. Default: http with Local, where each node
    reports its state; tcp with Cluster, where there may be no page."""
    uri: (
        Annotated[StrictStr, matches(r"/\S{0,254}", "a path that starts with a slash", "/healthz")]
        | None
    ) = None
    """Path to request. Default: /"""
    port: Port | None = Field(default=None, examples=[30080])
    """Port to check. Default: the port that the cloud controller chooses."""
    interval: Annotated[Duration, *whole_seconds(5, 300)] | None = None
    """Time between two checks. Default: 10s."""
    timeout: Annotated[Duration, *whole_seconds(2, 60)] | None = None
    """Timeout of a check. Default: 5s, and 3s for the ingress controller."""
    retries: Annotated[StrictInt, Field(ge=1, le=20)] | None = None
    """Number of failed checks after which a node gets no traffic. Default: 1."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a page that is not asked for, and for checks that overlap."""
        if self.uri is not None and self.mode == "tcp":
            message = "must not be given with mode tcp, which asks for no page"
            yield Problem(("uri",), self.uri, message)
        interval = self.interval or "10s"
        if self.timeout and seconds(self.timeout) > seconds(interval):
            message = f"must not be longer than the interval, {interval}"
            yield Problem(("timeout",), self.timeout, message)


class BalancerArgs(Args):
    """A load balancer that Exoscale's cloud controller creates, or an existing one."""

    existing: Input[Identifier] | None = None
    """ID of an existing load balancer to use instead of creating one. A change replaces the Service
    behind it, and the address changes."""
    name: Annotated[StrictStr, Field(min_length=1, max_length=255, examples=["shop"])] | None = None
    """Name that Exoscale shows. Default: k8s- and an ID."""
    description: Description | None = None
    """Description that Exoscale shows."""
    strategy: Literal["round-robin", "source-hash"] | None = None
    """How connections are distributed over nodes. Default: round-robin, and source-hash for the
    ingress controller, as Exoscale recommends."""
    external_traffic_policy: Literal["Local", "Cluster"] = "Local"
    """`Local` keeps the clients' addresses, `Cluster` hides them."""
    health_check: HealthCheckArgs = defaults_of(HealthCheckArgs)
    """How the load balancer finds healthy nodes."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for an existing load balancer's texts and a check that always passes.

        kube-proxy answers on the health check port of every node, by HTTP with the node's state.
        """
        for key, text in (("name", self.name), ("description", self.description)):
            if text is not None and self.existing:
                message = "must not be given with existing: that load balancer has its own"
                yield Problem((key,), text, message)
        check = self.health_check
        local = self.external_traffic_policy == "Local"
        if local and check.mode == "tcp" and check.port is None:
            message = (
                "must not have mode tcp with externalTrafficPolicy Local: every node accepts the"
                " connection, also one without a pod; http asks for its state"
            )
            yield Problem(("healthCheck",), check, message)


class LoadBalancerArgs(BalancerArgs):
    """The load balancer of the ingress controller."""

    keep: StrictBool = False
    """Whether the program itself creates the load balancer. The address then stays if the cluster
    or the controller is replaced, until the stack is destroyed. Requires `cluster`. A change
    replaces the controller, and the address changes once."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a load balancer that has another owner."""
        yield from super().problems()
        if self.keep and self.existing:
            message = "must not be true with existing: that load balancer is kept anyway"
            yield Problem(("keep",), True, message)
