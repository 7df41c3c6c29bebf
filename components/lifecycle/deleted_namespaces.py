"""Objects that the API server deletes with their namespace.

The engine then deletes the namespace alone, instead of each object by a request of its own. It does
so only where it deletes the namespace in the same run. Source: pulumi, pkg/resource/deploy/step.go,
`DeleteStep.Apply`.
"""

from __future__ import annotations

from typing import Any

import pulumi

PASSIVE = frozenset(
    {
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "kubernetes:core/v1:ConfigMap",
        "kubernetes:core/v1:Secret",
        "kubernetes:core/v1:Service",
        "kubernetes:core/v1:ServiceAccount",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "kubernetes:policy/v1:PodDisruptionBudget",
    }
)
"""Kinds of objects that nothing outside of their namespace depends on.

The engine deletes all others before the namespace:

- What has pods. A namespace that is deleted with pods in it waits for half of their grace period
  before it looks again, and network policies must not be deleted before the pods. Source:
  kubernetes/kubernetes, pkg/controller/namespace/namespace_controller.go.
- Claims, because a pod that uses one keeps it.
- Ingresses, because they are deleted before their controller.
"""


def deleted_with(namespace: pulumi.Resource) -> pulumi.ResourceTransformation:
    """Returns the transformation of all objects of an application in a namespace of this stack."""

    def delete_with(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if args.type_ not in PASSIVE or _has_load_balancer(args.props):
            return None
        with_it = pulumi.ResourceOptions(deleted_with=namespace)
        opts = pulumi.ResourceOptions.merge(args.opts, with_it)
        return pulumi.ResourceTransformationResult(props=args.props, opts=opts)

    return delete_with


def _has_load_balancer(props: Any) -> bool:
    return (props.get("spec") or {}).get("type") == "LoadBalancer"
