"""What can be set about an application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, StrictBool, field_validator

from ..args.inputs import Input
from ..args.problem import Place
from ..args.resources import ResourcesArgs, resources
from ..args.types import (
    DnsLabel,
    EnvironmentValue,
    LabelKey,
    LabelValue,
    defaults_of,
)
from ..database.args import DatabaseArgs
from ..namespace.args import NamespaceName, check_not_reserved
from ..volume.args import ClaimedVolume
from .availability.args import ScaleArgs
from .config.args import (
    ConfigArgs,
    GeneratedName,
    PullSecretArgs,
    SecretsArgs,
)
from .ingress.args import RouteArgs
from .names import OWN_LABELS
from .network_policy.args import NetworkPolicyArgs
from .pod.container_args import (
    AppSecurityArgs,
    ContainerArgs,
    InitContainerArgs,
    SidecarArgs,
)
from .pod.probes_args import ProbesArgs
from .pod.tolerations_args import TolerationArgs
from .rollout.args import BeforeRolloutArgs, RolloutArgs
from .schedules.args import ScheduleArgs
from .service.args import NO_PORT, AppPort, ServiceArgs
from .volumes.args import VolumeArgs
from .workers.args import WorkerArgs

_Value = TypeVar("_Value")

AppName = Annotated[DnsLabel, AfterValidator(check_not_reserved)]


class WebAppFields(ScaleArgs, RouteArgs, ServiceArgs, ContainerArgs):
    """A web application."""

    resources: ResourcesArgs = resources(cpu="50m", memory="128Mi", memory_limit="256Mi")
    """Resources of its container, required in production. There is no CPU limit by default: it
    would throttle the container on an idle node."""
    security: AppSecurityArgs = defaults_of(AppSecurityArgs)
    """Security settings of its container."""
    namespace: NamespaceName | None = Field(default=None, examples=["shop"])
    """Namespace, which several applications may share. Default: the application's name."""
    nodepool: DnsLabel | None = Field(default=None, examples=["workers"])
    """Name of the node pool for its pods and its load balancer. Default: any; for a load balancer
    with Local, the first node pool without a NoSchedule or NoExecute taint."""
    port: AppPort = 8080
    """Port that the container listens on. `none` for an application that listens on no port: it has
    no Service, no Ingress and no URL, and by default no probes."""
    config: ConfigArgs = defaults_of(ConfigArgs)
    """Configuration, stored in ConfigMaps. A change starts a rollout."""
    secrets: SecretsArgs = defaults_of(SecretsArgs)
    """Secret configuration, stored in Secrets. A change starts a rollout."""
    generated_secrets: tuple[GeneratedName, ...] = ()
    """Names of environment variables with secret values that are generated once."""
    pull_secret: PullSecretArgs | None = None
    """Credentials for a private registry."""
    database: DatabaseArgs | None = None
    """PostgreSQL database. The application gets its URL in an environment variable."""
    labels: Mapping[LabelKey, Input[LabelValue]] = Field(default_factory=dict)
    """Labels of its pods, in addition to the program's."""
    annotations: Mapping[LabelKey, Input[EnvironmentValue]] = Field(
        default_factory=dict, examples=[{"example.com/owner": "shop-team"}]
    )
    """Annotations of its pods."""
    selector: Annotated[Mapping[LabelKey, LabelValue], Field(min_length=1)] | None = None
    """Labels that select its pods, to take over an existing Deployment. Default: the labels that
    Kubernetes recommends. A change replaces the Deployment."""
    adopt: StrictBool = False
    """Whether the application takes over objects of its names that exist and that no stack owns,
    such as those created with kubectl. By default the preview refuses objects that exist, and
    always those of another stack."""
    probes: ProbesArgs = defaults_of(ProbesArgs)
    """Probes by which Kubernetes checks the application."""
    rollout: RolloutArgs = defaults_of(RolloutArgs)
    """How its pods are replaced."""
    before_rollout: BeforeRolloutArgs | None = None
    """A Job that must succeed before new pods start."""
    workers: tuple[WorkerArgs, ...] = ()
    """Its workers: further Deployments of its image, without a Service."""
    schedules: tuple[ScheduleArgs, ...] = ()
    """Commands that run on a schedule, as CronJobs with the application's configuration."""
    sidecars: tuple[SidecarArgs, ...] = ()
    """Further containers of its pods."""
    init_containers: tuple[InitContainerArgs, ...] = ()
    """Containers that run to completion before the application starts."""
    volumes: tuple[VolumeArgs, ...] = ()
    """Volumes that its containers share, temporary or persistent."""
    tolerations: tuple[TolerationArgs, ...] = ()
    """Tolerations of its pods, for nodes with taints."""
    network_policy: NetworkPolicyArgs = defaults_of(NetworkPolicyArgs)
    """Network policy: which connections are allowed."""

    @field_validator("labels")
    @classmethod
    def _not_the_programs(cls, labels: Mapping[str, Input[str]]) -> Mapping[str, Input[str]]:
        for key in labels:
            if key.startswith(OWN_LABELS):
                raise ValueError(f"must not have {key}: the program sets {OWN_LABELS}...")
        return labels

    def with_inherited(self, container: InitContainerArgs) -> InitContainerArgs:
        """A sidecar or init container, with the application's `environment` if it inherits that."""
        if "environment" not in container.inherits:
            return container
        own = {*container.environment, *container.value_from}

        def both(mine: Mapping[str, _Value], its: Mapping[str, _Value]) -> Mapping[str, _Value]:
            return {**{name: value for name, value in mine.items() if name not in own}, **its}

        return container.model_copy(
            update={
                "environment": both(self.environment, container.environment),
                "value_from": both(self.value_from, container.value_from),
            }
        )

    @property
    def persistent_volumes(self) -> list[VolumeArgs]:
        """Its volumes with a size, which require that it has one pod."""
        return [volume for volume in self.volumes if volume.claimed]

    @property
    def without_persistent_volumes(self) -> Self:
        """The settings for pods that may run on another node than the application's own."""
        persistent = {volume.name for volume in self.persistent_volumes}
        return self.model_copy(
            update={
                "volumes": tuple(each for each in self.volumes if each.name not in persistent),
                "mounts": tuple(each for each in self.mounts if each.volume not in persistent),
            }
        )

    @property
    def claimed_volumes(self) -> list[tuple[Place, ClaimedVolume]]:
        """The volumes of its database and its own, with the places of their sizes."""
        database = self.database and self.database.claimed_volume
        found: list[tuple[Place, ClaimedVolume]] = []
        if database:
            found.append((("database", "storage"), database))
        for index, volume in enumerate(self.volumes):
            if volume.claimed:
                found.append((("volumes", index, "size"), volume.claimed))
        return found

    @property
    def rollout_type(self) -> str:
        """How its pods are replaced. A persistent volume requires Recreate."""
        return "Recreate" if self.persistent_volumes else self.rollout.type

    @property
    def container_port(self) -> int | None:
        """The port that the container listens on, if there is one."""
        return None if self.port == NO_PORT else self.port

    @property
    def has_port(self) -> bool:
        """Whether the container listens on a port, which a Service then forwards to."""
        return self.container_port is not None

    @property
    def can_get_requests(self) -> bool:
        """Whether anybody can connect to its pods: its network policy may let nobody in."""
        if not self.has_port:
            return False
        policy = self.network_policy
        let_in = bool(policy.sources) or not policy.enabled
        return self.is_served or self.service != "ClusterIP" or let_in
