"""The settings of an application's Ingress: where it is served, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictStr, field_validator

from ...args.inputs import Input, is_known
from ...args.problem import Problem
from ...args.types import (
    QUALIFIED_NAME,
    WHOLE_NUMBER_TOO,
    Args,
    Dns1123Subdomain,
    Duration,
    EnvironmentValue,
    Network,
    defaults_of,
    matches,
)
from ...exoscale.load_balancer_args import whole_seconds
from .annotations import NGINX, RESERVED


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
        "a path of letters, digits and . _ ~ - that starts with a slash and ends without one",
        "/rickroller",
    ),
]
Regex = Annotated[
    StrictStr,
    matches(
        r"/[^\s;\"']*", "a regular expression of paths that starts with a slash", "/v[0-9]+/(.*)"
    ),
    AfterValidator(_is_regex),
]
RewriteTarget = Annotated[
    StrictStr,
    matches(r"/[-._~A-Za-z0-9/$]*", "a path that may have groups of the regex in it", "/$1"),
]
Host = Annotated[
    StrictStr,
    Field(max_length=253),
    matches(
        r"(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+",
        "a host name in lower case",
        "app.example.com",
        "*.example.com",
    ),
]
BodySize = Annotated[
    StrictStr,
    WHOLE_NUMBER_TOO,
    matches(r"\d+[kmg]?", "a size as nginx has it, 0 for any", "512k", "20m", "1g"),
]
AnnotationKey = Annotated[
    StrictStr, matches(QUALIFIED_NAME, "an annotation's key", f"{NGINX}enable-cors")
]
Timeout = Annotated[Duration, *whole_seconds(1, 24 * 3600)]


class TimeoutsArgs(Args):
    """Timeouts between the controller and the application. Default: the controller's."""

    connect: Annotated[Duration, *whole_seconds(1, 75)] | None = None
    """Timeout for a connection."""
    read: Timeout | None = None
    """Timeout between two reads of the response."""
    send: Timeout | None = None
    """Timeout between two writes of the request."""


class TlsArgs(Args):
    """The source of the host's certificate. Exactly one is required."""

    secret: Dns1123Subdomain | None = Field(default=None, examples=["wildcard"])
    """Name of a TLS Secret in the namespace."""
    issuer: Dns1123Subdomain | None = Field(default=None, examples=["ca"])
    """Name of a cert-manager Issuer in the namespace, which creates the Secret."""
    cluster_issuer: Dns1123Subdomain | None = Field(default=None, examples=["letsencrypt"])
    """Name of a cert-manager ClusterIssuer, which creates the Secret."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem unless the certificate has one source."""
        if sum(map(bool, (self.secret, self.issuer, self.cluster_issuer))) != 1:
            yield Problem((), self, "must have one of secret, issuer, clusterIssuer")


class AppIngressArgs(Args):
    """How the ingress controller serves the application."""

    rewrite: StrictBool = True
    """Whether the path is removed from requests, so that the application sees `/` and need not know
    its path."""
    regex: Regex | None = None
    """A regular expression instead of path, passed to the controller unchanged."""
    rewrite_target: RewriteTarget | None = None
    """Only with regex: the path that the application sees. Default: the requested path."""
    tls: TlsArgs | None = None
    """Serves the host by HTTPS. Default: HTTP."""
    body_size: BodySize | None = None
    """Maximum size of a request. Default: the controller's, 1m."""
    timeouts: TimeoutsArgs = defaults_of(TimeoutsArgs)
    """Timeouts between the controller and the application."""
    allow_list: tuple[Network, ...] = ()
    """Networks (CIDR) of the clients that may connect. Default: all."""
    annotations: Mapping[AnnotationKey, EnvironmentValue] = Field(
        default_factory=dict, examples=[{f"{NGINX}enable-cors": "true"}]
    )
    """Further annotations of the Ingress, key to value."""

    @field_validator("annotations")
    @classmethod
    def _free(cls, annotations: dict[str, str]) -> dict[str, str]:
        for key in annotations:
            if key in RESERVED:
                raise ValueError(f"must not have {key}: {RESERVED[key]} sets it")
            if key.startswith("pulumi.com/"):
                raise ValueError(f"must not have {key}: it is the program's")
        return annotations

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a rewrite target without its groups in the regular expression."""
        if self.rewrite_target is None:
            return
        if self.regex is None:
            message = "must be given with regex; a path is taken off by rewrite"
            yield Problem(("rewriteTarget",), self.rewrite_target, message)
            return
        groups = re.compile(self.regex).groups
        for number in re.findall(r"\$(\d+)", self.rewrite_target):
            if not 1 <= int(number) <= groups:
                message = f"must not have ${number}: the regex has {groups} groups"
                yield Problem(("rewriteTarget",), self.rewrite_target, message)


class RouteArgs(Args):
    """Where the ingress controller serves the application: by a path, a host, or both."""

    host: Input[Host] | None = None
    """Host name under which the application is served. Default: any."""
    additional_hosts: tuple[Input[Host], ...] = Field(default=(), examples=[["www.example.com"]])
    """Further host names under which the application is served. The URL contains `host`."""
    path: Path | None = None
    """Path prefix under which the application is served. Without path and host there is no
    Ingress."""
    ingress: AppIngressArgs | None = None
    """Options of the Ingress."""

    @property
    def hosts(self) -> tuple[Input[str] | None, ...]:
        """All host names, each with its own Ingress; None for any."""
        return (self.host, *self.additional_hosts)

    @property
    def is_served(self) -> bool:
        """Whether there is an Ingress, which requires a controller."""
        return bool(self.host or self.path or self.ingress)

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for each field that needs another one, and for hosts given twice."""
        yield from super().problems()
        for message in self._problems_of_ingress():
            yield Problem(("ingress",), self.ingress, message)
        if self.additional_hosts and not self.host:
            message = "must not be given without host, which the application's URL has"
            yield Problem(("additionalHosts",), self.additional_hosts, message)
        for index, name in enumerate(self.additional_hosts):
            if is_known(name) and name in self.hosts[: index + 1]:
                message = "must differ from host and from the others"
                yield Problem(("additionalHosts", index), name, message)

    def _problems_of_ingress(self) -> Iterator[str]:
        if self.ingress is None:
            return
        if self.ingress.regex and self.path:
            yield "must not have a regex beside path: it takes its place"
        if self.ingress.tls and not self.host:
            yield "must not have tls without host: a certificate is for a name"
        if not (self.host or self.path or self.ingress.regex):
            yield "must not be given without path, host or regex: nothing is served"
