"""The settings of the SKS cluster that a stack creates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationInfo,
    field_validator,
)

from settings.firewall import FirewallRuleSettings, refuse_open, separate
from settings.nodepool import NodepoolSettings
from settings.types import (
    Address,
    Description,
    DnsLabel,
    Duration,
    Identifier,
    Network,
    Secret,
    SettingsModel,
    Version,
    Zone,
    matches,
    not_empty,
)

if TYPE_CHECKING:
    from components.sks_cluster import SksClusterArgs

FeatureGate = Annotated[
    StrictStr, matches(r"[A-Z][A-Za-z0-9]*", "a feature gate, such as DynamicResourceAllocation")
]
Claim = Annotated[StrictStr, Field(min_length=1, max_length=255)]


class ReadOnlyKubeconfigSettings(SettingsModel):
    """Lifetime of a kubeconfig, and how long before its end an `up` renews it, in seconds."""

    user: Claim = "reader"
    ttl_seconds: StrictInt = Field(default=30 * 24 * 3600, ge=60)
    early_renewal_seconds: StrictInt = Field(default=7 * 24 * 3600, ge=0, validate_default=True)

    @field_validator("early_renewal_seconds")
    @classmethod
    def _within_lifetime(cls, seconds: int, info: ValidationInfo) -> int:
        lifetime = info.data.get("ttl_seconds")
        if lifetime is not None and seconds >= lifetime:
            raise ValueError(f"must be less than ttlSeconds, {lifetime}")
        return seconds


class KubeconfigSettings(ReadOnlyKubeconfigSettings):
    """The program's own credentials: the user's name and groups as well."""

    user: Claim = "pulumi"
    groups: Annotated[tuple[Claim, ...], BeforeValidator(not_empty)] = ("system:masters",)


class AuditSettings(SettingsModel):
    """Where the Kubernetes API server sends its audit log."""

    endpoint: Address = Field(max_length=2000)
    bearer_token: Secret
    initial_backoff: Duration = Field(default="10s", max_length=10)


class OidcSettings(SettingsModel):
    """Users of an OpenID Connect provider."""

    client_id: Claim
    issuer_url: Annotated[
        StrictStr,
        Field(max_length=255),
        matches(r"https://\S+", "an address that starts with https://"),
    ]
    groups_claim: Claim | None = None
    groups_prefix: Claim | None = None
    required_claim: dict[Claim, Claim] | None = None
    username_claim: Claim | None = None
    username_prefix: Claim | None = None


class AdoptSettings(SettingsModel):
    """IDs of what was made by hand and is this stack's from now on."""

    cluster: Identifier | None = None
    security_group: Identifier | None = None
    nodepools: dict[DnsLabel, Identifier] = Field(default_factory=dict)
    anti_affinity_groups: dict[DnsLabel, Identifier] = Field(default_factory=dict)


class ClusterSettings(SettingsModel):
    """The SKS cluster."""

    zone: Zone
    version: Version
    name: Annotated[StrictStr, Field(min_length=1, max_length=255)] | None = None
    description: Description = ""
    labels: dict[Claim, Claim] = Field(default_factory=dict)
    level: Literal["starter", "pro"] = "starter"
    cni: Literal["calico", "cilium", "none"] = "calico"
    kube_proxy: StrictBool | None = None
    cloud_controller: StrictBool = True
    csi: StrictBool = False
    metrics_server: StrictBool = True
    auto_upgrade: StrictBool = False
    feature_gates: tuple[FeatureGate, ...] = ()
    audit: AuditSettings | None = None
    oidc: OidcSettings | None = None
    allow_open_networks: StrictBool = False
    node_port_sources: tuple[Network, ...] = ()
    firewall_rules: tuple[FirewallRuleSettings, ...] = ()
    nodepools: Annotated[tuple[NodepoolSettings, ...], BeforeValidator(not_empty)]
    kubeconfig: KubeconfigSettings = Field(default_factory=KubeconfigSettings)
    read_only_kubeconfig: ReadOnlyKubeconfigSettings | None = None
    protect: StrictBool = False
    adopt: AdoptSettings = Field(default_factory=AdoptSettings)

    @field_validator("kube_proxy")
    @classmethod
    def _services_work(cls, kube_proxy: bool | None, info: ValidationInfo) -> bool | None:
        if kube_proxy is False and info.data.get("cni") == "calico":
            raise ValueError("must be true for calico, which does not do kube-proxy's work")
        return kube_proxy

    @field_validator("csi")
    @classmethod
    def _has_cloud_controller(cls, csi: bool, info: ValidationInfo) -> bool:
        if csi and info.data.get("cloud_controller") is False:
            raise ValueError("must be false where cloudController is false")
        return csi

    @field_validator("node_port_sources")
    @classmethod
    def _known_networks(cls, networks: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        separate(networks)
        refuse_open(networks, info.data.get("allow_open_networks"))
        return networks

    @field_validator("firewall_rules")
    @classmethod
    def _known_sources(
        cls, rules: tuple[FirewallRuleSettings, ...], info: ValidationInfo
    ) -> tuple[FirewallRuleSettings, ...]:
        for rule in rules:
            refuse_open(rule.sources, info.data.get("allow_open_networks"))
        return rules

    @field_validator("nodepools")
    @classmethod
    def _one_for_any_pod(cls, pools: tuple[NodepoolSettings, ...]) -> tuple[NodepoolSettings, ...]:
        if pools and all(pool.repels for pool in pools):
            raise ValueError("must have one without taints NoSchedule and NoExecute")
        return pools

    @field_validator("adopt")
    @classmethod
    def _known_nodepools(cls, adopt: AdoptSettings, info: ValidationInfo) -> AdoptSettings:
        names = {pool.name for pool in info.data.get("nodepools", ())}
        for name in (*adopt.nodepools, *adopt.anti_affinity_groups):
            if names and name not in names:
                raise ValueError(f"must name nodepools of this file, which {name} is not")
        if adopt.nodepools and not adopt.cluster:
            raise ValueError("must have the ID of the nodepools' cluster too")
        return adopt

    @property
    def args(self) -> SksClusterArgs:
        return cast("SksClusterArgs", self.model_dump(exclude={"allow_open_networks"}))
