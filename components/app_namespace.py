"""A namespace for applications: how strict it is with pods, and what they may have together."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, ResourceQuota

from components.kubernetes.existing_objects import PATCH_FORCE, look_for_existing
from components.kubernetes.labels import SKIP_AWAIT
from components.kubernetes.security import pod_security_labels
from settings.checks.check import check
from settings.namespace import NamespaceSettings, QuotaSettings
from settings.resources import ResourcesSettings

ADVICE = (
    "choose another one, or take it over, with all that is in it: list it in `namespaces` with "
    "`adopt: true`"
)


class AppNamespace(pulumi.ComponentResource):
    """One namespace, named like the component, with its quota and its defaults.

    Both objects are always there, empty where nothing is asked for. The engine deletes last: a
    quota that no pod fits, taken out of the settings, would hold up what has to come before that.

    Example:
        >>> AppNamespace("shop", NamespaceSettings(name="shop", pod_security="baseline"))
    """

    def __init__(
        self,
        name: str,
        settings: NamespaceSettings,
        opts: pulumi.ResourceOptions | None = None,
        *,
        labels: Mapping[str, str] = {},
    ) -> None:
        check(settings)
        super().__init__("webapp:index:AppNamespace", name, None, opts)
        child = pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on if opts else None,
            hooks=look_for_existing(f"{name}-namespace", adopt=settings.adopt, advice=ADVICE),
        )

        labels = {**labels, **pod_security_labels(settings.pod_security)}
        forced = {"annotations": PATCH_FORCE} if settings.adopt else {}
        namespace = Namespace(name, metadata={"name": name, "labels": labels, **forced}, opts=child)
        child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[namespace]))
        metadata = {"name": name, "namespace": name}
        # an empty quota never gets the status that the provider waits for
        hard = _hard(settings.quota) if settings.quota else {}
        limits = [{"type": "Container", **_defaults(settings.defaults)}]
        waiting = {} if hard else {"annotations": SKIP_AWAIT}
        ResourceQuota(name, metadata=metadata | waiting, spec={"hard": hard}, opts=child)
        LimitRange(name, metadata=metadata, spec={"limits": limits}, opts=child)
        self.register_outputs({})


def _defaults(settings: ResourcesSettings | None) -> dict[str, dict[str, str]]:
    """Nothing, if nothing is asked for. (The API server makes `null` of an empty list.)"""
    if settings is None:
        return {}
    return {"default_request": settings.requests.by_kind, "default": settings.limits.by_kind}


def _hard(quota: QuotaSettings) -> dict[str, str]:
    hard = {f"requests.{kind}": amount for kind, amount in quota.requests.by_kind.items()}
    hard |= {f"limits.{kind}": amount for kind, amount in quota.limits.by_kind.items()}
    return hard | ({} if quota.pods is None else {"pods": str(quota.pods)})
