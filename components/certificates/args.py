"""The settings of HTTPS: who issues the certificates, and how cert-manager is installed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ..args.chart import Chart, ChartName, chart_repository
from ..args.problem import Problem
from ..args.resources import ResourcesArgs, resources
from ..args.types import IN_FULL, Args, Dns1123Subdomain, given, matches

CERT_MANAGER_NAMESPACE = "cert-manager"

CHART = Chart("cert-manager", "https://charts.jetstack.io", "1.21.2")
"""cert-manager's official Helm chart."""

CLUSTER_ISSUER = "cert-manager.io/cluster-issuer"
"""Annotation of an Ingress for which cert-manager requests a certificate.

Source: cert-manager.io/docs/usage/ingress.
"""

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
LETS_ENCRYPT_STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"

BESIDE_EXISTING = ("existing", "hsts", "timeoutSeconds")
HTTPS_PORT = 443


class HttpsArgs(Args):
    """HTTPS for all hosts of the stack's applications, with certificates of an ACME server."""

    email: (
        Annotated[
            StrictStr,
            matches(
                r"[^@\s]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "an e-mail address", "ops@example.com"
            ),
        ]
        | None
    ) = None
    """E-mail address of the account at the ACME server. Required without `existing`."""
    staging: StrictBool = False
    """Whether Let's Encrypt's staging environment issues the certificates. Browsers don't trust
    them, and its rate limits are high."""
    server: (
        Annotated[
            StrictStr,
            matches(
                r"https://\S+",
                "an address that starts with https://",
                "https://acme.example.com/directory",
            ),
        ]
        | None
    ) = None
    """URL of the directory of another ACME server. Default: Let's Encrypt."""
    server_ca: (
        Annotated[
            StrictStr,
            matches(
                r"-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*",
                "certificates in PEM",
                "-----BEGIN CERTIFICATE-----...-----END CERTIFICATE-----",
            ),
        ]
        | None
    ) = None
    """Certificates (PEM) of the authorities that cert-manager verifies `server` with. Default:
    public authorities."""
    existing: Dns1123Subdomain | None = Field(default=None, examples=["letsencrypt"])
    """Name of a ClusterIssuer of a cert-manager that is already installed on the cluster, instead
    of all other keys here except hsts and timeoutSeconds. Default: the stack installs
    cert-manager."""
    hsts: Annotated[StrictInt, Field(ge=0, examples=[31536000])] = 0
    """Seconds for which browsers use only HTTPS for a host that they have visited
    (Strict-Transport-Security). Default: 0, which sends no header."""
    timeout_seconds: Annotated[StrictInt, Field(ge=0, examples=[600])] = 120
    """Seconds that `pulumi up` waits until all certificates are issued. Afterwards it warns and
    succeeds."""
    chart: ChartName | None = None
    """Name of cert-manager's chart in the repository, or a path that starts with . or /. Default:
    the official chart."""
    repository: Annotated[StrictStr, chart_repository(CHART.repository)] | None = None
    """URL of the chart repository, not used for a path. Default: the official one."""
    version: (
        Annotated[
            StrictStr,
            IN_FULL,
            matches(r"v?\d+\.\d+\.\d+", "a chart version in full", CHART.version),
        ]
        | None
    ) = None
    """Version of the chart. Default: the version that the program is tested with."""
    resources: ResourcesArgs = resources(cpu="10m", memory="64Mi", memory_limit="256Mi")
    """Resources of each of cert-manager's containers."""
    values: Mapping[str, Any] = Field(
        default_factory=dict, examples=[{"maxConcurrentChallenges": 10}]
    )
    """Helm values of cert-manager, merged over those that this program sets. They can't contain
    secrets."""

    @property
    def directory(self) -> str:
        """The URL of the ACME server's directory."""
        return self.server or (LETS_ENCRYPT_STAGING if self.staging else LETS_ENCRYPT)

    @property
    def server_port(self) -> int:
        """The port of the ACME server."""
        return urlsplit(self.directory).port or HTTPS_PORT

    @property
    def issuer(self) -> str:
        """The name of the ClusterIssuer.

        Each server has its own: cert-manager requests new certificates only if an Ingress names
        another issuer.
        """
        if self.existing:
            return self.existing
        if self.server:
            return f"acme-{hashlib.sha256(self.server.encode()).hexdigest()[:8]}"
        return "letsencrypt-staging" if self.staging else "letsencrypt"

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for keys beside `existing`, without `email`, and for two servers."""
        if self.existing:
            for key, value in given(self).items():
                if key not in BESIDE_EXISTING:
                    message = "must not be given with existing: the stack installs nothing then"
                    yield Problem((key,), value, message)
            return
        if self.email is None:
            yield Problem(("email",), None, "must be given, or existing")
        if self.staging and self.server:
            yield Problem(("staging",), True, "must not be given with server, which is another one")
        if self.server_ca and not self.server:
            yield Problem(("serverCa",), self.server_ca, "must not be given without server")
