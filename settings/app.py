"""An application's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self, cast

from pydantic import Field, StrictInt, field_validator, model_validator

from settings.apps.app_config import ConfigSettings, PullSecretSettings, SecretsSettings
from settings.apps.app_ingress import RouteSettings
from settings.apps.availability import AutoscalerSettings, DisruptionBudgetSettings
from settings.apps.container import (
    AppSecuritySettings,
    ContainerSettings,
    InitContainerSettings,
    SidecarSettings,
    VolumeSettings,
)
from settings.apps.database import DatabaseSettings
from settings.apps.network_policy import NetworkPolicySettings
from settings.apps.probes import ProbesSettings
from settings.apps.rollout import BeforeRolloutSettings, RolloutSettings
from settings.apps.service import ServiceSettings
from settings.checks import app_checks
from settings.mistakes import refuse
from settings.namespace import not_reserved
from settings.resources import ResourcesSettings, resources
from settings.types import DnsLabel, EnvironmentName, EnvironmentValue, LabelKey, LabelValue

if TYPE_CHECKING:
    from components.web_app import WebAppArgs

OWN_LABELS = "app.kubernetes.io/"


class AppSettings(ContainerSettings, ServiceSettings, RouteSettings):
    """One web application."""

    resources: ResourcesSettings = resources(cpu="50m", memory="128Mi", memory_limit="256Mi")
    security: AppSecuritySettings = Field(default_factory=AppSecuritySettings)
    namespace: DnsLabel | None = None
    replicas: StrictInt = Field(default=1, ge=0)
    autoscaler: AutoscalerSettings | None = None
    disruption_budget: DisruptionBudgetSettings = Field(default_factory=DisruptionBudgetSettings)
    port: StrictInt = Field(default=8080, ge=1, le=65535)
    config: ConfigSettings = Field(default_factory=ConfigSettings)
    secrets: SecretsSettings = Field(default_factory=SecretsSettings)
    generated_secrets: tuple[EnvironmentName, ...] = ()
    pull_secret: PullSecretSettings | None = None
    database: DatabaseSettings | None = None
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    annotations: dict[LabelKey, EnvironmentValue] = Field(default_factory=dict)
    selector: Annotated[dict[LabelKey, LabelValue], Field(min_length=1)] | None = None
    probes: ProbesSettings = Field(default_factory=ProbesSettings)
    rollout: RolloutSettings = Field(default_factory=RolloutSettings)
    before_rollout: BeforeRolloutSettings | None = None
    sidecars: tuple[SidecarSettings, ...] = ()
    init_containers: tuple[InitContainerSettings, ...] = ()
    volumes: tuple[VolumeSettings, ...] = ()
    network_policy: NetworkPolicySettings = Field(default_factory=NetworkPolicySettings)

    @field_validator("name", "namespace")
    @classmethod
    def _not_reserved(cls, name: str | None) -> str | None:
        return not_reserved(name)

    @field_validator("labels")
    @classmethod
    def _not_the_programs(cls, labels: dict[str, str]) -> dict[str, str]:
        for key in labels:
            if key.startswith(OWN_LABELS):
                raise ValueError(f"must not have {key}: the program sets {OWN_LABELS}...")
        return labels

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(app_checks.mistakes(self))
        return self

    @property
    def namespace_name(self) -> str:
        """The namespace that the application is in."""
        return self.namespace or self.name

    @property
    def args(self) -> WebAppArgs:
        settings = self.model_dump(exclude={"name"}, exclude_none=True)
        settings["namespace"] = self.namespace_name
        if self.database:
            settings["database"] = self.database.args
        if self.autoscaler:
            settings["replicas"] = self.autoscaler.min
        return cast("WebAppArgs", settings)
