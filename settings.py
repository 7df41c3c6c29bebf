"""The stack's settings: the only reader of configuration.

Everything is checked before the first resource is declared, and every mistake in the stack's file
is reported at once. The keys are described in `Pulumi.yaml`.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, cast

import pulumi
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from settings_errors import explain, repeated

if TYPE_CHECKING:
    from components.ingress_nginx import IngressNginxArgs
    from components.sks_cluster import SksClusterArgs
    from components.web_app import WebAppArgs

INGRESS_NAMESPACE = "ingress-nginx"
RESERVED_NAMESPACES = frozenset(
    {"default", "kube-system", "kube-public", "kube-node-lease", INGRESS_NAMESPACE}
)

Zone = Literal[
    "at-vie-1", "at-vie-2", "bg-sof-1", "ch-dk-2", "ch-gva-2", "de-fra-1", "de-muc-1", "hr-zag-1"
]


def _matches(pattern: str, allowed: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"must be {allowed}")
        return value

    return AfterValidator(check)


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError("must be a network in CIDR notation, such as 192.0.2.0/24") from None


def _not_empty(value: object) -> object:
    if value == []:
        raise ValueError("must have 1 or more items")
    return value


def _environment_value(value: object) -> object:
    """YAML reads `true` and `5` as a boolean and a number; a variable's value is a string."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


DnsLabel = Annotated[
    StrictStr,
    _matches(
        r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
        "a DNS label: lower-case letters, digits and dashes, a letter first, at most 63 characters",
    ),
]
Version = Annotated[
    StrictStr, _matches(r"\d+\.\d+\.\d+", "a Kubernetes version in full, such as 1.34.3")
]
InstanceType = Annotated[
    StrictStr,
    _matches(r"[a-z0-9]+\.[a-z0-9-]+", "an instance type, family.size, such as standard.small"),
]
PathPrefix = Annotated[
    StrictStr,
    _matches(
        r"(/[A-Za-z0-9._~-]+)+",
        "a path of letters, digits and . _ ~ - that starts with a slash and ends without one,"
        " such as /rickroller",
    ),
]
Image = Annotated[
    StrictStr,
    _matches(
        r"[a-z0-9][a-zA-Z0-9._/:-]*(@sha256:[0-9a-f]{64})?",
        "a container image, such as derlin/rickroller:1.0.0",
    ),
]
EnvironmentName = Annotated[
    StrictStr,
    _matches(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "an environment variable's name: letters, digits and _, no digit first",
    ),
]
EnvironmentValue = Annotated[StrictStr, BeforeValidator(_environment_value)]
Network = Annotated[StrictStr, AfterValidator(_network)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class NodepoolSettings(_Settings):
    """One nodepool: `size` nodes of one instance type, with `disk_size` GiB each."""

    name: DnsLabel
    instance_type: InstanceType
    size: StrictInt = Field(ge=1)
    disk_size: StrictInt = Field(default=50, ge=20, le=51200)


class KubeconfigSettings(_Settings):
    """Lifetime of the program's own credentials, in seconds."""

    ttl_seconds: StrictInt = Field(default=30 * 24 * 3600, ge=60)
    early_renewal_seconds: StrictInt = Field(default=7 * 24 * 3600, ge=0)

    @field_validator("early_renewal_seconds")
    @classmethod
    def _within_lifetime(cls, seconds: int, info: ValidationInfo) -> int:
        lifetime = info.data.get("ttl_seconds")
        if lifetime is not None and seconds >= lifetime:
            raise ValueError(f"must be less than ttlSeconds, {lifetime}")
        return seconds


class ClusterSettings(_Settings):
    """The SKS cluster."""

    zone: Zone
    version: Version
    level: Literal["starter", "pro"] = "starter"
    cni: Literal["calico", "cilium"] = "calico"
    node_port_sources: tuple[Network, ...] = ()
    nodepools: Annotated[tuple[NodepoolSettings, ...], BeforeValidator(_not_empty)]
    kubeconfig: KubeconfigSettings = Field(default_factory=KubeconfigSettings)

    @property
    def args(self) -> SksClusterArgs:
        return cast("SksClusterArgs", self.model_dump())


class IngressSettings(_Settings):
    """The ingress-nginx chart and its values."""

    chart: StrictStr = Field(default="ingress-nginx", min_length=1)
    repository: Annotated[
        StrictStr, _matches(r"(https?|oci)://\S+", "an address that starts with https:// or oci://")
    ] = "https://kubernetes.github.io/ingress-nginx"
    version: Annotated[
        StrictStr, _matches(r"\d+\.\d+\.\d+", "a chart version in full, such as 4.15.1")
    ] = "4.15.1"
    values: dict[str, Any] = Field(default_factory=dict)

    @property
    def args(self) -> IngressNginxArgs:
        return cast("IngressNginxArgs", self.model_dump() | {"namespace": INGRESS_NAMESPACE})


class AppSettings(_Settings):
    """One web application."""

    name: DnsLabel
    image: Image
    namespace: DnsLabel | None = None
    replicas: StrictInt = Field(default=1, ge=0)
    port: StrictInt = Field(default=8080, ge=1, le=65535)
    environment: dict[EnvironmentName, EnvironmentValue] = Field(default_factory=dict)
    generated_secrets: tuple[EnvironmentName, ...] = ()
    service: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    path: PathPrefix | None = None

    @field_validator("name", "namespace")
    @classmethod
    def _not_reserved(cls, name: str | None) -> str | None:
        if name in RESERVED_NAMESPACES:
            raise ValueError(f"must be another one than {', '.join(sorted(RESERVED_NAMESPACES))}")
        return name

    @field_validator("generated_secrets")
    @classmethod
    def _one_source(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"must have {name} once")
            if name in info.data.get("environment", {}):
                raise ValueError(f"must not have {name}, which is in environment too")
        return names

    @property
    def args(self) -> WebAppArgs:
        settings = self.model_dump(exclude={"name"}, exclude_none=True)
        return cast("WebAppArgs", {"namespace": self.name} | settings)


class Settings(_Settings):
    """All settings of one stack."""

    cluster: ClusterSettings
    ingress: IngressSettings = Field(default_factory=IngressSettings)
    apps: tuple[AppSettings, ...] = ()

    @classmethod
    def load(cls) -> Self:
        """Read and check the stack's configuration.

        Raises:
            pulumi.RunError: naming every wrong key, its value and what is allowed.
        """
        values = _configuration(pulumi.get_project())
        problems = repeated(values)
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            problems = explain(error, cls) + problems
        if problems:
            raise pulumi.RunError(
                f"wrong settings in Pulumi.{pulumi.get_stack()}.yaml, nothing was changed:\n"
                + "\n".join(f"  {problem}" for problem in problems)
            )
        return settings


def _configuration(project: str) -> dict[str, Any]:
    """The project's own keys as plain values; an object's JSON is parsed."""
    everything = pulumi.runtime.config.CONFIG.get() or pulumi.runtime.config.get_config_env()
    prefix = f"{project}:"
    return {
        key.removeprefix(prefix): _parse(value)
        for key, value in everything.items()
        if key.startswith(prefix)
    }


def _parse(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
