"""The args of an application's worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field, StrictStr

from ...args.image import Image
from ...args.inputs import Input
from ...args.problem import Problem
from ...args.resources import ResourcesArgs
from ...args.types import Args, DnsLabel, defaults_of
from ..availability.args import ScaleArgs
from ..pod.probes_args import ProbesArgs
from ..rollout.args import RolloutArgs
from ..without_port import SERVED_KEYS, probes_without_port

NO_SERVICE = "a worker has no Service, so nobody can connect to it: make it an application of apps"
OF_THE_APP = "a worker has the application's"
SHARED_KEYS = (
    *("annotations", "config", "database", "environment", "generatedSecrets", "labels", "mounts"),
    *("networkPolicy", "pullSecret", "secrets", "security", "tolerations", "valueFrom", "volumes"),
)


class _Named(Args):
    name: DnsLabel = Field(examples=["mail"])
    """Unique name. The Deployment is named APP-NAME, with at most 63 characters."""


class WorkerArgs(ScaleArgs, _Named):
    """A worker: a Deployment without a Service that has the application's image, configuration,
    secrets, database, security, temporary volumes, tolerations and network policy, but nobody can
    connect to it. It has no sidecars and no init containers."""

    refused_keys: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("port", *SERVED_KEYS), NO_SERVICE),
        **dict.fromkeys(SHARED_KEYS, OF_THE_APP),
    }

    image: Input[Image] | None = None
    """Container image. Default: the application's."""
    command: tuple[StrictStr, ...] = Field(default=(), examples=[["shop", "worker"]])
    """Replaces the image's entrypoint. The worker needs command, args or image."""
    arguments: tuple[StrictStr, ...] = Field(
        default=(), validation_alias="args", examples=[["--verbose"]]
    )
    """Replaces the image's arguments."""
    resources: ResourcesArgs | None = None
    """Resources of its container. Default: the application's."""
    nodepool: DnsLabel | None = Field(default=None, examples=["workers"])
    """Name of the node pool for its pods. Default: the application's."""
    probes: ProbesArgs = defaults_of(ProbesArgs)
    """Its probes, of the type exec or none. Default: none, because a worker has no port."""
    rollout: RolloutArgs | None = None
    """How its pods are replaced. Default: as the application's. drainSeconds has no effect."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a worker that equals the application, and for what needs a port."""
        yield from super().problems()
        if not (self.command or self.arguments or self.image is not None):
            message = "must be given, or args, or image: it would run what the application runs"
            yield Problem(("command",), None, message)
        yield from probes_without_port(self.probes)
