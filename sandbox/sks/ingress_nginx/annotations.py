"""Annotations that the controller rejects, because of their risk or their value.

Source: kubernetes/ingress-nginx 1.15.1, internal/ingress/annotations: validators.go of `parser`,
and the file main.go (redirect.go) of each group. The controller replaces most invalid values with
its default and logs that: it accepts `proxy-body-size: lots`. VALUES contains only annotations
whose invalid values it always rejects.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping

from sandbox.sks.ingress_nginx.settings import RISKS, TRUE, Settings

PREFIX = "nginx.ingress.kubernetes.io/"

_FALSE = ("0", "f", "F", "FALSE", "false", "False")

_ALPHANUMERIC = r"a-zA-Z0-9._~/:\-"
_BASIC = rf"[{_ALPHANUMERIC}]*"
_URL = rf"[{_ALPHANUMERIC},?&=]*"
_REGULAR_EXPRESSION = rf"[{_ALPHANUMERIC}^$\[\](){{}}*+?|&=\\]*"

Valid = Callable[[str], bool]


def _boolean(value: str) -> bool:
    return value in (*TRUE, *_FALSE)


def _integer(value: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+", value) is not None


def _matches(pattern: str, *, spaces: bool = False) -> Valid:
    """Returns a check for a full match; unless `spaces` is set, spaces are removed first."""
    compiled = re.compile(pattern, re.ASCII)

    def valid(value: str) -> bool:
        text = value if spaces else value.replace(" ", "")
        return compiled.fullmatch(text) is not None and re.search(r"[\r\n]", text) is None

    return valid


def _server_names(value: str) -> bool:
    return all(re.fullmatch(_REGULAR_EXPRESSION, name.strip()) for name in value.split(","))


def _networks(value: str) -> bool:
    try:
        for network in value.split(","):
            ipaddress.ip_network(network.strip(), strict=False)
    except ValueError:
        return False
    return True


def _one_of(*options: str) -> Valid:
    return lambda value: value.strip() in options


VALUES: Mapping[str, Valid] = {
    "server-alias": _server_names,
    "auth-type": _matches(r".*(basic|digest).*"),
    "auth-url": _matches(rf"[{_ALPHANUMERIC}, ?&=$]*"),
    "auth-tls-secret": _matches(_BASIC),
    "client-body-buffer-size": _matches(r"\d+[bkmgBKMG]?"),
    "connection-proxy-header": _matches(r"close|keep-alive"),
    "custom-http-errors": _matches(r"([4,5]\d{2},?)*"),
    "default-backend": _matches(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", spaces=True),
    "fastcgi-index": _matches(r"[A-Za-z0-9._-]+"),
    "fastcgi-params-configmap": _matches(_BASIC),
    "from-to-www-redirect": _boolean,
    "http2-push-preload": _boolean,
    "limit-allowlist": _networks,
    "limit-whitelist": _networks,
    "limit-connections": _integer,
    "limit-rpm": _integer,
    "limit-rps": _integer,
    "load-balance": _one_of(
        "round_robin", "chash", "chashsubset", "sticky_balanced", "sticky_persistent", "ewma"
    ),
    "permanent-redirect": _matches(_URL, spaces=True),
    "proxy-ssl-secret": _matches(_BASIC),
    "relative-redirects": _boolean,
    "ssl-ciphers": _matches(r"([A-Za-z0-9!:+_-]|@STRENGTH|@SECLEVEL=[0-5])*"),
    "ssl-passthrough": _boolean,
    "temporal-redirect": _matches(_URL, spaces=True),
    "upstream-hash-by": _matches(r"[A-Za-z0-9_${}-]*"),
    "upstream-hash-by-subset": _boolean,
    "upstream-hash-by-subset-size": _integer,
    "upstream-vhost": lambda value: re.fullmatch(_REGULAR_EXPRESSION, value.strip()) is not None,
    "x-forwarded-prefix": _matches(rf"[{_ALPHANUMERIC}$]*"),
}
"""Checks of the values, by the annotation's name without PREFIX."""

GROUPS: Mapping[str, Mapping[str, str]] = {
    "Aliases": {"High": "server-alias"},
    "Allowlist": {"Medium": "allowlist-source-range whitelist-source-range"},
    "BasicDigestAuth": {"Medium": "auth-secret auth-realm"},
    "Canary": {
        "Medium": "canary-by-header canary-by-header-value canary-by-header-pattern"
        " canary-by-cookie"
    },
    "CertificateAuth": {
        "High": "auth-tls-error-page auth-tls-match-cn",
        "Medium": "auth-tls-secret auth-tls-verify-client",
    },
    "ConfigurationSnippet": {"Critical": "configuration-snippet"},
    "CorsConfig": {
        "Medium": "cors-allow-origin cors-allow-headers cors-allow-methods cors-expose-headers"
    },
    "CustomHeaders": {"Medium": "custom-headers"},
    "Denylist": {"Medium": "denylist-source-range"},
    "ExternalAuth": {
        "Critical": "auth-snippet",
        "High": "auth-url auth-signin",
        "Medium": "auth-signin-redirect-param auth-cache-key auth-cache-duration"
        " auth-response-headers auth-proxy-set-headers auth-request-redirect",
    },
    "FastCGI": {"Medium": "fastcgi-index fastcgi-params-configmap"},
    "Mirror": {"High": "mirror-target mirror-host"},
    "ModSecurity": {"Critical": "modsecurity-snippet", "High": "modsecurity-transaction-id"},
    "Opentelemetry": {"Medium": "opentelemetry-operation-name"},
    "Proxy": {
        "Medium": "proxy-cookie-path proxy-cookie-domain proxy-body-size proxy-next-upstream"
        " proxy-redirect-from proxy-redirect-to"
    },
    "ProxySSL": {"High": "proxy-ssl-name", "Medium": "proxy-ssl-secret proxy-ssl-ciphers"},
    "Redirect": {"Medium": "temporal-redirect permanent-redirect"},
    "Rewrite": {"Medium": "rewrite-target preserve-trailing-slash force-ssl-redirect app-root"},
    "ServerSnippet": {"Critical": "server-snippet"},
    "SessionAffinity": {
        "Medium": "affinity-mode session-cookie-name session-cookie-expires session-cookie-max-age"
        " session-cookie-path session-cookie-domain"
    },
    "StreamSnippet": {"Critical": "stream-snippet"},
    "UpstreamHashBy": {"High": "upstream-hash-by"},
    "XForwardedPrefix": {"Medium": "x-forwarded-prefix"},
}
"""Annotations by group and risk, separated by spaces. All others have the risk Low."""


def forbidden(given: Mapping[str, str], settings: Settings) -> str | None:
    """Returns the error for an annotation that the settings forbid, None if there is none."""
    for key, value in given.items():
        for word in settings.blocked_words:
            if key.startswith(PREFIX) and word in value:
                return f"{key} annotation contains invalid word {word}"
        if key.endswith("-snippet") and not settings.snippets:
            return (
                f"{key} annotation cannot be used. "
                "Snippet directives are disabled by the Ingress administrator"
            )
    return None


def invalid(given: Mapping[str, str], settings: Settings) -> str | None:
    """Returns the error for an annotation with an invalid value or a high risk, or None."""
    names = {key.removeprefix(PREFIX): value for key, value in given.items()}
    too_risky = RISKS[RISKS.index(settings.risk) + 1 :]
    for group, by_risk in GROUPS.items():
        if any(names.keys() & by_risk.get(risk, "").split() for risk in too_risky):
            return (
                f"annotation group {group} contains risky annotation based on ingress configuration"
            )
    if settings.validate_annotations:
        for key, value in given.items():
            valid = VALUES.get(key.removeprefix(PREFIX)) if key.startswith(PREFIX) else None
            if key == f"{PREFIX}permanent-redirect" and given.get(f"{PREFIX}temporal-redirect"):
                continue  # the controller ignores it then
            if value and valid and not valid(value):
                return f"annotation {key} contains invalid value"
    return None
