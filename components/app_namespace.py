"""A namespace for applications: how strict it is with pods, and what they may have together."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, ResourceQuota

from components.kubernetes.resources import amounts
from components.kubernetes.security import pod_security_labels
from settings.checks.check import check
from settings.namespace import NamespaceSettings, QuotaSettings


class AppNamespace(pulumi.ComponentResource):
    """One namespace, named like the component, with its quota and its defaults.

    Example:
        >>> AppNamespace("shop", NamespaceSettings(name="shop", pod_security="baseline"))
    """

    def __init__(
        self, name: str, settings: NamespaceSettings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        check(settings)
        super().__init__("webapp:index:AppNamespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)

        labels = pod_security_labels(settings.pod_security)
        namespace = Namespace(name, metadata={"name": name, "labels": labels}, opts=child)
        child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[namespace]))
        metadata = {"name": name, "namespace": name}
        if settings.quota:
            hard = _hard(settings.quota)
            ResourceQuota(name, metadata=metadata, spec={"hard": hard}, opts=child)
        if settings.defaults:
            limit = {
                "type": "Container",
                "default_request": amounts(settings.defaults.requests),
                "default": amounts(settings.defaults.limits),
            }
            LimitRange(name, metadata=metadata, spec={"limits": [limit]}, opts=child)
        self.register_outputs({})


def _hard(quota: QuotaSettings) -> dict[str, str]:
    hard = {f"requests.{kind}": amount for kind, amount in amounts(quota.requests).items()}
    hard |= {f"limits.{kind}": amount for kind, amount in amounts(quota.limits).items()}
    return hard | ({} if quota.pods is None else {"pods": str(quota.pods)})
