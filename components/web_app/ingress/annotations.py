"""The annotations of an Ingress that settings write.

Sources: kubernetes/ingress-nginx, `docs/user-guide/nginx-configuration/annotations.md`;
cert-manager.io/docs/usage/ingress.
"""

from __future__ import annotations

from ...certificates.args import CLUSTER_ISSUER

NGINX = "nginx.ingress.kubernetes.io/"
TRAEFIK = "traefik.ingress.kubernetes.io/"
"""Of Traefik's other provider, which the program does not use."""

USE_REGEX = f"{NGINX}use-regex"
REWRITE_TARGET = f"{NGINX}rewrite-target"
FORWARDED_PREFIX = f"{NGINX}x-forwarded-prefix"
BODY_SIZE = f"{NGINX}proxy-body-size"
CONNECT_TIMEOUT = f"{NGINX}proxy-connect-timeout"
READ_TIMEOUT = f"{NGINX}proxy-read-timeout"
SEND_TIMEOUT = f"{NGINX}proxy-send-timeout"
ALLOW_LIST = f"{NGINX}allowlist-source-range"
AFFINITY = f"{NGINX}affinity"
COOKIE_NAME = f"{NGINX}session-cookie-name"
COOKIE_PATH = f"{NGINX}session-cookie-path"
ISSUER = "cert-manager.io/issuer"

RESERVED = {
    USE_REGEX: "ingress.regex",
    REWRITE_TARGET: "ingress.rewrite or ingress.rewriteTarget",
    FORWARDED_PREFIX: "ingress.rewrite",
    BODY_SIZE: "ingress.bodySize",
    CONNECT_TIMEOUT: "ingress.timeouts.connect",
    READ_TIMEOUT: "ingress.timeouts.read",
    SEND_TIMEOUT: "ingress.timeouts.send",
    ALLOW_LIST: "ingress.allowList",
    f"{NGINX}whitelist-source-range": "ingress.allowList",
    CLUSTER_ISSUER: "ingress.tls.clusterIssuer",
    ISSUER: "ingress.tls.issuer",
    "kubernetes.io/ingress.class": "ingress.controller",
}
"""The setting that writes an annotation, or takes its place."""
