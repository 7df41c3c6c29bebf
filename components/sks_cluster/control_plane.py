"""The control plane of an SKS cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumiverse_exoscale import SksCluster as Cluster

from ..args.inputs import Input
from ..manifests.secret_value import secret_value
from .args import AuditArgs, OidcArgs, SksClusterArgs
from .left_clusters import warn_of_orphaned_clusters
from .unsupported_updates import refuse_cluster_updates

IGNORED_ON_UPDATE = ["addons", "cni", "exoscaleCcm", "metricsServer", "serviceLevel"]
"""Inputs whose change the provider (0.66) shows as an update but does not apply.

`oidc` is another one. It has a replacement trigger instead, because the provider does not show its
removal, and shows `oidc.requiredClaim` as added if it is not set.

Source: exoscale/terraform-provider-exoscale v0.66.0, `resource_exoscale_sks_cluster.go`, Update.
"""


def create_control_plane(
    name: str,
    settings: SksClusterArgs,
    account_hooks: pulumi.ResourceHookBinding,
    labels: Mapping[str, Input[str]],
    opts: pulumi.ResourceOptions,
) -> Cluster:
    """Creates the control plane."""
    adopted = settings.adopt.cluster
    oidc = _oidc(settings.oidc) if settings.oidc else None
    return Cluster(
        name,
        zone=settings.zone,
        version=settings.version,
        name=settings.name,
        description=settings.description or "",
        labels=labels or None,
        service_level=settings.level,
        cni="" if settings.cni == "none" else settings.cni,
        enable_kube_proxy=settings.kube_proxy,
        exoscale_ccm=settings.cloud_controller,
        exoscale_csi=settings.csi,
        metrics_server=settings.metrics_server,
        auto_upgrade=settings.auto_upgrade,
        feature_gates=settings.feature_gates,
        audit=_audit(settings.audit) if settings.audit else None,
        oidc=oidc,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                replace_on_changes=IGNORED_ON_UPDATE,
                # never null, because Pulumi ignores a null trigger
                replacement_trigger=oidc or {},
                # if the settings contain a name, the provider would have the old cluster deleted
                # first, and with it the credentials that delete the objects in it
                delete_before_replace=False,
                hooks=pulumi.ResourceHookBinding.merge(
                    pulumi.ResourceHookBinding.merge(
                        refuse_cluster_updates(name, settings.zone), account_hooks
                    ),
                    warn_of_orphaned_clusters(name, settings.zone, settings.name),
                ),
                protect=settings.protect,
                import_=adopted and f"{adopted}@{settings.zone}",
                # an adopted cluster keeps values that the settings don't contain
                ignore_changes=[
                    key
                    for key, value in {
                        "name": settings.name,
                        "description": settings.description,
                        "labels": labels,
                    }.items()
                    if adopted and not value
                ],
            ),
        ),
    )


def _audit(audit: AuditArgs) -> dict[str, Any]:
    return {
        "enabled": True,
        "endpoint": audit.endpoint,
        "bearer_token": secret_value(audit.bearer_token),
        "initial_backoff": audit.initial_backoff,
    }


def _oidc(oidc: OidcArgs) -> dict[str, Any]:
    """Returns the inputs that are set."""
    given = {
        "client_id": oidc.client_id,
        "issuer_url": oidc.issuer_url,
        "groups_claim": oidc.groups_claim,
        "groups_prefix": oidc.groups_prefix,
        "required_claim": oidc.required_claim,
        "username_claim": oidc.username_claim,
        "username_prefix": oidc.username_prefix,
    }
    return {key: value for key, value in given.items() if value is not None}
