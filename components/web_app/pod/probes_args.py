"""How Kubernetes finds out whether an application works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StrictInt, StrictStr

from ...args.problem import Problem
from ...args.types import Args, Port, defaults_of, matches

ProbePath = Annotated[StrictStr, matches(r"/\S*", "a path that starts with a slash", "/")]
HostName = Annotated[
    StrictStr, matches(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", "a host name", "www.example.com")
]
Seconds = Annotated[StrictInt, Field(ge=1, le=3600)]


class ProbeArgs(Args):
    """One probe."""

    type: Literal["http", "https", "tcp", "grpc", "exec", "none"] = "http"
    """A page, with https of any certificate; a connection; gRPC's health check; a command in the
    container; or no probe."""
    port: Port | None = Field(default=None, examples=[8081])
    """The port that is asked. Without it: the application's."""
    path: ProbePath | None = None
    """Of http and https: the page. Without it: that of all probes."""
    service: Annotated[StrictStr, Field(min_length=1, examples=["liveness"])] | None = None
    """Of grpc: the name of the service that is asked for. Without it: the server's health."""
    command: tuple[StrictStr, ...] = Field(default=(), examples=[["pg_isready"]])
    """Of exec, required: the command that has to succeed."""
    initial_delay_seconds: Annotated[StrictInt, Field(ge=0, le=3600)] = 0
    """Seconds before the first time."""
    period_seconds: Seconds = 10
    """Seconds from one time to the next."""
    timeout_seconds: Seconds = 3
    """Seconds after which it has failed."""
    failure_threshold: Seconds = 3
    """So many failures one after the other count."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for each field that the probe's type does not have, or lacks."""
        if self.path is not None and self.type not in ("http", "https"):
            message = "must not be given: the probe's type is neither http nor https"
            yield Problem(("path",), self.path, message)
        if self.port is not None and self.type in ("exec", "none"):
            yield Problem(("port",), self.port, f"must not be given for the type {self.type}")
        if self.service is not None and self.type != "grpc":
            yield Problem(("service",), self.service, "must not be given: the type is not grpc")
        if bool(self.command) != (self.type == "exec"):
            message = "must be given for the type exec, and for no other"
            yield Problem(("command",), self.command, message)


class StartupProbeArgs(ProbeArgs):
    """Whether it has started: it may take a minute."""

    period_seconds: Seconds = 2
    """Seconds from one time to the next."""
    failure_threshold: Seconds = 30
    """After so many failures it is started again."""


class ReadinessProbeArgs(ProbeArgs):
    """Whether it can serve: without an answer for a quarter of a minute, it gets no requests."""

    period_seconds: Seconds = 5
    """Seconds from one time to the next."""


class LivenessProbeArgs(ProbeArgs):
    """Whether it has to be started again: after a minute without an answer."""

    failure_threshold: Seconds = 6
    """After so many failures it is started again."""


class ProbesArgs(Args):
    """How Kubernetes finds out whether the application works."""

    path: ProbePath = "/"
    """The page of all probes of type http and https."""
    host: HostName | None = None
    """Host name that they ask for, if the application insists on one."""
    startup: StartupProbeArgs = defaults_of(StartupProbeArgs)
    """Whether it has started."""
    readiness: ReadinessProbeArgs = defaults_of(ReadinessProbeArgs)
    """Whether it can serve."""
    liveness: LivenessProbeArgs = defaults_of(LivenessProbeArgs)
    """Whether it has to be started again."""
