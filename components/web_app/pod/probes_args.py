"""Probes by which Kubernetes checks an application."""

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
    """A probe."""

    type: Literal["http", "https", "tcp", "grpc", "exec", "none"] = "http"
    """Kind of probe: `http` or `https` requests a page (any certificate is accepted), `tcp` opens a
    connection, `grpc` calls gRPC's health check, `exec` runs a command in the container."""
    port: Port | None = Field(default=None, examples=[8081])
    """Port to probe. Default: the application's port."""
    path: ProbePath | None = None
    """http and https only: path to request. Default: the path of all probes."""
    service: Annotated[StrictStr, Field(min_length=1, examples=["liveness"])] | None = None
    """grpc only: name of the service to check. Default: the server's overall health."""
    command: tuple[StrictStr, ...] = Field(default=(), examples=[["pg_isready"]])
    """exec only, required: the command, which must succeed."""
    initial_delay_seconds: Annotated[StrictInt, Field(ge=0, le=3600)] = 0
    """Seconds before the first probe."""
    period_seconds: Seconds = 10
    """Seconds between two probes."""
    timeout_seconds: Seconds = 3
    """Timeout in seconds."""
    failure_threshold: Seconds = 3
    """Number of consecutive failures after which the probe fails."""

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
    """The startup probe: by default, a container may take a minute to start."""

    period_seconds: Seconds = 2
    """Seconds between two probes."""
    failure_threshold: Seconds = 30
    """Number of consecutive failures after which the container is restarted."""


class ReadinessProbeArgs(ProbeArgs):
    """The readiness probe: by default, a pod gets no requests after 15 seconds without an
    answer."""

    period_seconds: Seconds = 5
    """Seconds between two probes."""


class LivenessProbeArgs(ProbeArgs):
    """The liveness probe: by default, a container is restarted after a minute without an answer."""

    failure_threshold: Seconds = 6
    """Number of consecutive failures after which the container is restarted."""


class ProbesArgs(Args):
    """The probes by which Kubernetes checks the application."""

    path: ProbePath = "/"
    """Path of all probes of type http and https."""
    host: HostName | None = None
    """Host name to request, if the application requires one."""
    startup: StartupProbeArgs = defaults_of(StartupProbeArgs)
    """The startup probe."""
    readiness: ReadinessProbeArgs = defaults_of(ReadinessProbeArgs)
    """The readiness probe."""
    liveness: LivenessProbeArgs = defaults_of(LivenessProbeArgs)
    """The liveness probe."""
