"""The settings of an application's Ingress: where it is served, and how."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    StrictBool,
    StrictStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from settings.load_balancer import seconds, whole_seconds
from settings.types import (
    QUALIFIED_NAME,
    WHOLE_NUMBER_TOO,
    DnsLabel,
    Duration,
    EnvironmentValue,
    Network,
    SettingsModel,
    matches,
)

NGINX = "nginx.ingress.kubernetes.io/"
RESERVED = {
    f"{NGINX}use-regex": "ingress.regex",
    f"{NGINX}rewrite-target": "ingress.rewrite or ingress.rewriteTarget",
    f"{NGINX}x-forwarded-prefix": "ingress.rewrite",
    f"{NGINX}proxy-body-size": "ingress.bodySize",
    f"{NGINX}proxy-connect-timeout": "ingress.timeouts.connect",
    f"{NGINX}proxy-read-timeout": "ingress.timeouts.read",
    f"{NGINX}proxy-send-timeout": "ingress.timeouts.send",
    f"{NGINX}allowlist-source-range": "ingress.allowList",
    f"{NGINX}whitelist-source-range": "ingress.allowList",
    "cert-manager.io/cluster-issuer": "ingress.tls.clusterIssuer",
    "cert-manager.io/issuer": "ingress.tls.issuer",
    "kubernetes.io/ingress.class": "ingress.controller",
}
"""Annotations that a setting writes."""


def _is_regex(expression: str) -> str:
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"must be a regular expression: {error}") from None
    return expression


Path = Annotated[
    StrictStr,
    matches(
        r"/|(/[A-Za-z0-9._~-]+)+",
        "a path of letters, digits and . _ ~ - that starts with a slash and ends without one,"
        " such as /rickroller",
    ),
]
Regex = Annotated[
    StrictStr,
    matches(r"/[^\s;\"']*", "a regular expression of paths that starts with a slash"),
    AfterValidator(_is_regex),
]
RewriteTarget = Annotated[
    StrictStr,
    matches(r"/[-._~A-Za-z0-9/$]*", "a path that may have groups of the regex in it, such as /$1"),
]
Host = Annotated[
    StrictStr,
    Field(max_length=253),
    matches(
        r"(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+",
        "a host name in lower case, such as app.example.com or *.example.com",
    ),
]
BodySize = Annotated[
    StrictStr,
    WHOLE_NUMBER_TOO,
    matches(r"\d+[kmg]?", "a size as nginx has it, such as 512k, 20m or 1g; 0 is without limit"),
]
AnnotationKey = Annotated[
    StrictStr,
    matches(
        QUALIFIED_NAME,
        f"an annotation's key, such as {NGINX}enable-cors",
    ),
]
_IN_SECONDS = PlainSerializer(lambda duration: int(seconds(duration)))
Timeout = Annotated[Duration, whole_seconds(1, 24 * 3600), _IN_SECONDS]


class TimeoutsSettings(SettingsModel):
    """How long the controller waits for the application: durations with a unit."""

    connect: Annotated[Duration, whole_seconds(1, 75), _IN_SECONDS] | None = None
    read: Timeout | None = None
    send: Timeout | None = None


class TlsSettings(SettingsModel):
    """Where the certificate comes from: a Secret in the namespace, or cert-manager's issuer."""

    secret: DnsLabel | None = None
    issuer: DnsLabel | None = None
    cluster_issuer: DnsLabel | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("must have one of secret, issuer, clusterIssuer")
        return self


class AppIngressSettings(SettingsModel):
    """How the application is served.

    `regex` takes the place of a path, and is given to the controller as it is.
    """

    rewrite: StrictBool = True
    regex: Regex | None = None
    rewrite_target: RewriteTarget | None = None
    tls: TlsSettings | None = None
    body_size: BodySize | None = None
    timeouts: TimeoutsSettings = Field(default_factory=TimeoutsSettings)
    allow_list: tuple[Network, ...] = ()
    annotations: dict[AnnotationKey, EnvironmentValue] = Field(default_factory=dict)

    @field_validator("rewrite_target")
    @classmethod
    def _of_a_regex(cls, target: str | None, info: ValidationInfo) -> str | None:
        if target is None or "regex" not in info.data:
            return target
        if info.data["regex"] is None:
            raise ValueError("must be given with regex; a path is taken off by rewrite")
        groups = re.compile(info.data["regex"]).groups
        for number in re.findall(r"\$(\d+)", target):
            if not 1 <= int(number) <= groups:
                raise ValueError(f"must not have ${number}: the regex has {groups} groups")
        return target

    @field_validator("annotations")
    @classmethod
    def _free(cls, annotations: dict[str, str]) -> dict[str, str]:
        for key in annotations:
            if key in RESERVED:
                raise ValueError(f"must not have {key}: {RESERVED[key]} sets it")
            if key.startswith("pulumi.com/"):
                raise ValueError(f"must not have {key}: it is the program's")
        return annotations


class RouteSettings(SettingsModel):
    """Where the ingress controller serves the application: a `path`, a `host`, or both."""

    host: Host | None = None
    path: Path | None = None
    ingress: AppIngressSettings | None = None

    @field_validator("ingress")
    @classmethod
    def _is_served(
        cls, ingress: AppIngressSettings | None, info: ValidationInfo
    ) -> AppIngressSettings | None:
        if ingress is None or not {"host", "path"} <= info.data.keys():
            return ingress
        host, path = info.data["host"], info.data["path"]
        if ingress.regex and path:
            raise ValueError("must not have a regex beside path: it takes its place")
        if ingress.tls and not host:
            raise ValueError("must not have tls without host: a certificate is for a name")
        if not (host or path or ingress.regex):
            raise ValueError("must not be given without path, host or regex: nothing is served")
        return ingress

    @property
    def is_served(self) -> bool:
        """Whether there is an Ingress, which takes a controller."""
        return bool(self.host or self.path or self.ingress)
