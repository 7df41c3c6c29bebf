"""Which stack an object on the cluster belongs to.

A namespace names the stack that created it, in an annotation. What is in it belongs to the same
stack, except objects with an annotation of their own: those of a stack that uses the namespace and
does not own it.
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
"""Fields that another manager has written, such as kubectl, become the program's.

Source: pulumi/pulumi-kubernetes, annotation `pulumi.com/patchForce`.
"""


def this_stack() -> str:
    """The stack's name, as objects carry it."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"


def create_namespace(
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
    *,
    adopt: bool = False,
) -> Namespace:
    """Create a namespace that names its stack.

    It keeps the name that it got at its creation, or none if it is older than the annotation: so
    neither a renamed stack nor one of an earlier version has a change in its preview.

    Args:
        adopt: fields of a namespace that exists become this stack's.
    """
    # here, for a stack without a namespace that looks for those of before
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
    """Annotate an object in a namespace that is not this stack's, as a transformation."""
    metadata: Any = args.props.get("metadata")
    if not metadata:
        return None
    annotations = {**metadata.get("annotations", {}), STACK: this_stack()}
    props = {**args.props, "metadata": {**metadata, "annotations": annotations}}
    return pulumi.ResourceTransformationResult(props=props, opts=args.opts)
