"""Records which stack owns an object in the cluster.

An annotation of a namespace names the stack that created it. Objects in the namespace belong to the
same stack, except objects with their own annotation: these belong to a stack that uses the
namespace and does not own it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import Namespace

STACK = "exoscale-webapp/stack"
"""The annotation. Its value is `PROJECT/STACK`."""

PATCH_FORCE = {"pulumi.com/patchForce": "true"}
"""Takes over fields that another manager, such as kubectl, has written.

Source: pulumi/pulumi-kubernetes, annotation `pulumi.com/patchForce`.
"""


def this_stack() -> str:
    """Returns the stack's name as the annotation contains it."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"


def create_namespace(
    name: str,
    namespace: str,
    labels: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
    *,
    adopt: bool = False,
) -> Namespace:
    """Creates a namespace with the stack's name in an annotation.

    Later runs ignore changes of the annotation. Therefore, previews show no change after the stack
    is renamed, nor for namespaces that an earlier version created without the annotation.

    Args:
        adopt: whether to take over the fields of an existing namespace.
    """
    # imported here, because stacks without a namespace import this module too
    from pulumi_kubernetes.core.v1 import Namespace

    annotations = {STACK: this_stack(), **(PATCH_FORCE if adopt else {})}
    kept = pulumi.ResourceOptions(ignore_changes=[f'metadata.annotations["{STACK}"]'])
    return Namespace(
        name,
        metadata={"name": namespace, "labels": labels, "annotations": annotations},
        opts=pulumi.ResourceOptions.merge(opts, kept),
    )


def annotate_with_stack(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Adds the annotation to an object in a namespace of another owner, as a transformation."""
    metadata: Any = args.props.get("metadata")
    if not metadata:
        return None
    annotations = {**metadata.get("annotations", {}), STACK: this_stack()}
    props = {**args.props, "metadata": {**metadata, "annotations": annotations}}
    return pulumi.ResourceTransformationResult(props=props, opts=args.opts)
