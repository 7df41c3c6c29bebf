"""How Pulumi replaces the objects of an application, for example in another namespace."""

from __future__ import annotations

from typing import Any

import pulumi

from ...manifests.names import name_in_program


def delete_before_replace_if_named(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Deletes an object with a fixed name before its replacement is created.

    Otherwise, an `up` that fails in the middle leaves the old object pending deletion. A return to
    the previous settings would then update this object and delete it afterwards. Objects with
    generated names have no such conflict: Pulumi deletes them when nothing uses them. An object in
    another namespace is not a replacement, because its resource name differs.
    """
    metadata: Any = args.props.get("metadata")
    if not metadata or "name" not in metadata:
        return None
    first = pulumi.ResourceOptions(delete_before_replace=True)
    opts = pulumi.ResourceOptions.merge(args.opts, first)
    return pulumi.ResourceTransformationResult(props=args.props, opts=opts)


def found_by_former_name(namespace: str) -> pulumi.ResourceTransformation:
    """Finds objects in states of earlier versions, whose resource names had no namespace."""
    suffix = name_in_program("", namespace)

    def find(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if not args.name.endswith(suffix):
            return None
        former = [pulumi.Alias(name=args.name.removesuffix(suffix))]
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(aliases=former))
        return pulumi.ResourceTransformationResult(props=args.props, opts=opts)

    return find
