"""A namespace for applications: how strict it is with pods, and what they may have together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, ResourceQuota

POD_SECURITY = "pod-security.kubernetes.io/"

Amounts = Mapping[str, str]


class QuotaArgs(TypedDict):
    """What all pods may have together: `cpu` and `memory`, and the number of `pods`."""

    requests: Amounts
    limits: Amounts
    pods: NotRequired[int]


class AppNamespaceArgs(TypedDict):
    """The arguments of an `AppNamespace`.

    `pod_security` is `restricted`, `baseline` or `privileged`: the API server refuses pods that
    may do more. `defaults` has `requests` and `limits` for containers that have none of their own.
    """

    pod_security: str
    quota: NotRequired[QuotaArgs]
    defaults: NotRequired[Mapping[str, Amounts]]


class AppNamespace(pulumi.ComponentResource):
    """One namespace, named like the component, with its quota and its defaults."""

    def __init__(self, name: str, args: AppNamespaceArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("webapp:index:AppNamespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)

        level = args["pod_security"]
        labels = {f"{POD_SECURITY}{mode}": level for mode in ("enforce", "warn", "audit")}
        namespace = Namespace(name, metadata={"name": name, "labels": labels}, opts=child)
        child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[namespace]))
        metadata = {"name": name, "namespace": name}
        if quota := args.get("quota"):
            ResourceQuota(name, metadata=metadata, spec={"hard": _hard(quota)}, opts=child)
        if defaults := args.get("defaults"):
            limit = {
                "type": "Container",
                "default_request": defaults["requests"],
                "default": defaults["limits"],
            }
            LimitRange(name, metadata=metadata, spec={"limits": [limit]}, opts=child)
        self.register_outputs({})


def _hard(quota: QuotaArgs) -> dict[str, str]:
    hard = {f"requests.{kind}": amount for kind, amount in quota["requests"].items()}
    hard |= {f"limits.{kind}": amount for kind, amount in quota["limits"].items()}
    return hard | ({"pods": str(quota["pods"])} if "pods" in quota else {})
