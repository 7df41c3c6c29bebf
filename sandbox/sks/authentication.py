"""The AuthenticationConfiguration of an API server."""

from typing import Any

from sandbox.sks.spec import Oidc

_ANONYMOUS_PATHS = ("/livez", "/readyz", "/healthz")


def authentication_configuration(oidc: Oidc | None) -> dict[str, Any]:
    """Returns the configuration: anonymous health checks, and tokens of the issuer in `oidc`.

    The flags `--oidc-*` can't be combined with such a file. Therefore `oidc` is converted as
    kube-apiserver converts the flags (pkg/kubeapiserver/options/authentication.go).
    """
    return {
        # v1 exists since Kubernetes 1.34; v1beta1 still exists.
        "apiVersion": "apiserver.config.k8s.io/v1beta1",
        "kind": "AuthenticationConfiguration",
        "anonymous": {
            "enabled": True,
            "conditions": [{"path": path} for path in _ANONYMOUS_PATHS],
        },
        "jwt": [_jwt(oidc)] if oidc else [],
    }


def _jwt(oidc: Oidc) -> dict[str, Any]:
    username = {"claim": oidc.username_claim, "prefix": _username_prefix(oidc)}
    mappings: dict[str, Any] = {"username": username}
    if oidc.groups_claim:
        mappings["groups"] = {"claim": oidc.groups_claim, "prefix": oidc.groups_prefix}
    return {
        "issuer": {
            "url": oidc.issuer_url,
            "audiences": [oidc.client_id],
            # Otherwise the API server would connect to the issuer directly. Since Kubernetes 1.34.
            "egressSelectorType": "controlplane",
        },
        "claimMappings": mappings,
        "claimValidationRules": [
            {"claim": claim, "requiredValue": value}
            for claim, value in sorted(oidc.required_claim.items())
        ],
    }


def _username_prefix(oidc: Oidc) -> str:
    if oidc.username_prefix == "-":
        return ""
    if not oidc.username_prefix and oidc.username_claim != "email":
        return f"{oidc.issuer_url}#"
    return oidc.username_prefix
