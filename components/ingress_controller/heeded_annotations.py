"""The annotations of ingress-nginx that each controller implements, without their prefix.

Sources: kubernetes/ingress-nginx, controller-v1.15.1, internal/ingress/annotations, and
docs/user-guide/nginx-configuration/annotations.md; traefik/traefik v3.7,
pkg/provider/kubernetes/ingress-nginx/annotations.go, and
docs/content/reference/routing-configuration/kubernetes/ingress-nginx.md.
"""

from __future__ import annotations

from collections.abc import Mapping

HEEDED: Mapping[str, frozenset[str]] = {
    "nginx": frozenset(
        """
        affinity affinity-canary-behavior affinity-mode allowlist-source-range app-root
        auth-always-set-cookie auth-cache-duration auth-cache-key auth-keepalive
        auth-keepalive-requests auth-keepalive-share-vars auth-keepalive-timeout auth-method
        auth-proxy-set-headers auth-realm auth-request-redirect auth-response-headers
        auth-secret auth-secret-type auth-signin auth-signin-redirect-param auth-snippet
        auth-tls-error-page auth-tls-match-cn auth-tls-pass-certificate-to-upstream
        auth-tls-secret auth-tls-verify-client auth-tls-verify-depth auth-type auth-url
        backend-protocol canary canary-by-cookie canary-by-header canary-by-header-pattern
        canary-by-header-value canary-weight canary-weight-total client-body-buffer-size
        configuration-snippet connection-proxy-header cors-allow-credentials cors-allow-headers
        cors-allow-methods cors-allow-origin cors-expose-headers cors-max-age custom-headers
        custom-http-errors default-backend denylist-source-range disable-proxy-intercept-errors
        enable-access-log enable-cors enable-global-auth enable-modsecurity enable-opentelemetry
        enable-owasp-core-rules enable-rewrite-log fastcgi-index fastcgi-params-configmap
        force-ssl-redirect from-to-www-redirect http2-push-preload limit-allowlist
        limit-burst-multiplier limit-connections limit-rate limit-rate-after limit-rpm limit-rps
        limit-whitelist load-balance mirror-host mirror-request-body mirror-target
        modsecurity-snippet modsecurity-transaction-id opentelemetry-operation-name
        opentelemetry-trust-incoming-span permanent-redirect permanent-redirect-code
        preserve-trailing-slash proxy-body-size proxy-buffer-size proxy-buffering
        proxy-buffers-number proxy-busy-buffers-size proxy-connect-timeout proxy-cookie-domain
        proxy-cookie-path proxy-http-version proxy-max-temp-file-size proxy-next-upstream
        proxy-next-upstream-timeout proxy-next-upstream-tries proxy-read-timeout
        proxy-redirect-from proxy-redirect-to proxy-request-buffering proxy-send-timeout
        proxy-ssl-ciphers proxy-ssl-name proxy-ssl-protocols proxy-ssl-secret
        proxy-ssl-server-name proxy-ssl-verify proxy-ssl-verify-depth relative-redirects
        rewrite-target satisfy server-alias server-snippet service-upstream
        session-cookie-change-on-failure session-cookie-conditional-samesite-none
        session-cookie-domain session-cookie-expires session-cookie-max-age session-cookie-name
        session-cookie-path session-cookie-samesite session-cookie-secure ssl-ciphers
        ssl-passthrough ssl-prefer-server-ciphers ssl-redirect stream-snippet temporal-redirect
        temporal-redirect-code upstream-hash-by upstream-hash-by-subset
        upstream-hash-by-subset-size upstream-vhost use-port-in-redirects use-regex
        whitelist-source-range x-forwarded-prefix
        """.split()
    ),
    "traefik": frozenset(
        """
        affinity allowlist-source-range app-root auth-method auth-realm auth-response-headers
        auth-secret auth-secret-type auth-signin auth-tls-pass-certificate-to-upstream
        auth-tls-secret auth-tls-verify-client auth-type auth-url canary canary-by-cookie
        canary-by-header canary-by-header-pattern canary-by-header-value canary-weight
        canary-weight-total client-body-buffer-size cors-allow-credentials cors-allow-headers
        cors-allow-methods cors-allow-origin cors-expose-headers cors-max-age custom-headers
        custom-http-errors default-backend enable-access-log enable-cors enable-global-auth
        force-ssl-redirect from-to-www-redirect limit-burst-multiplier limit-connections
        limit-rpm limit-rps permanent-redirect permanent-redirect-code proxy-body-size
        proxy-buffer-size proxy-buffering proxy-buffers-number proxy-connect-timeout
        proxy-max-temp-file-size proxy-next-upstream proxy-next-upstream-timeout
        proxy-next-upstream-tries proxy-read-timeout proxy-request-buffering proxy-send-timeout
        proxy-ssl-name proxy-ssl-secret proxy-ssl-server-name proxy-ssl-verify rewrite-target
        server-alias service-upstream session-cookie-domain session-cookie-expires
        session-cookie-max-age session-cookie-name session-cookie-path session-cookie-samesite
        session-cookie-secure ssl-passthrough ssl-redirect temporal-redirect
        temporal-redirect-code upstream-hash-by upstream-vhost use-regex whitelist-source-range
        x-forwarded-prefix
        """.split()
    ),
}
"""Annotations that a controller implements with every value that ingress-nginx allows."""

TRAEFIK_VALUES: Mapping[str, tuple[str, ...]] = {
    "affinity-canary-behavior": ("sticky",),
    "affinity-mode": ("persistent",),
    "backend-protocol": ("HTTP", "HTTPS", "GRPC", "GRPCS"),
    "load-balance": ("round_robin",),
    "preserve-trailing-slash": ("true",),
    "proxy-http-version": ("1.1",),
}
"""Values with which Traefik does the same as ingress-nginx. It ignores other values."""

TRAEFIK_SNIPPETS = frozenset({"auth-snippet", "configuration-snippet", "server-snippet"})
"""Annotations that Traefik must allow. Otherwise it does not serve an Ingress with one of them."""
