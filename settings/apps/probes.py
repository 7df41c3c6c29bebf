"""How Kubernetes finds out whether an application works."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt, StrictStr, ValidationInfo, field_validator

from settings.types import SettingsModel, matches

ProbePath = Annotated[StrictStr, matches(r"/\S*", "a path that starts with a slash, such as /")]
HostName = Annotated[
    StrictStr,
    matches(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", "a host name, such as www.example.com"),
]
Seconds = Annotated[StrictInt, Field(ge=1, le=3600)]


class ProbeSettings(SettingsModel):
    """One probe; `none` is no probe."""

    type: Literal["http", "tcp", "exec", "none"] = "http"
    path: ProbePath | None = None
    command: tuple[StrictStr, ...] = Field(default=(), validate_default=True)
    initial_delay_seconds: Annotated[StrictInt, Field(ge=0, le=3600)] = 0
    period_seconds: Seconds = 10
    timeout_seconds: Seconds = 3
    failure_threshold: Seconds = 3

    @field_validator("path")
    @classmethod
    def _path_for_http(cls, path: str | None, info: ValidationInfo) -> str | None:
        if path is not None and info.data.get("type", "http") != "http":
            raise ValueError("must not be given: the probe's type is not http")
        return path

    @field_validator("command")
    @classmethod
    def _command_for_exec(cls, command: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if bool(command) != (info.data.get("type") == "exec"):
            raise ValueError("must be given for the type exec, and for no other")
        return command


class StartupProbeSettings(ProbeSettings):
    """Whether it has started: it may take a minute."""

    period_seconds: Seconds = 2
    failure_threshold: Seconds = 30


class ReadinessProbeSettings(ProbeSettings):
    """Whether it can serve: without an answer for a quarter of a minute, it gets no requests."""

    period_seconds: Seconds = 5


class LivenessProbeSettings(ProbeSettings):
    """Whether it has to be started again: after a minute without an answer."""

    failure_threshold: Seconds = 6


class ProbesSettings(SettingsModel):
    """The three probes; `path` and the `host` that is asked for are common to all."""

    path: ProbePath = "/"
    host: HostName | None = None
    startup: StartupProbeSettings = Field(default_factory=StartupProbeSettings)
    readiness: ReadinessProbeSettings = Field(default_factory=ReadinessProbeSettings)
    liveness: LivenessProbeSettings = Field(default_factory=LivenessProbeSettings)
