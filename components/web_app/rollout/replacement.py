"""How an object is replaced by another one, such as the same in another namespace."""

from __future__ import annotations

from typing import Any

import pulumi

from ...manifests.names import name_in_program


def delete_before_replace_if_named(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Delete an object that has a given name before the one in its place is made.

    Otherwise an `up` that fails in the middle leaves the former one pending deletion: going back
    then meets it under its name, and deletes it after that. An object with a generated name meets
    nobody, and goes once nothing uses it any more. One in another namespace is no replacement,
    for its name in the program is another one.
    """
    metadata: Any = args.props.get("metadata")
    if not metadata or "name" not in metadata:
        return None
    first = pulumi.ResourceOptions(delete_before_replace=True)
    opts = pulumi.ResourceOptions.merge(args.opts, first)
    return pulumi.ResourceTransformationResult(props=args.props, opts=opts)


def found_by_former_name(namespace: str) -> pulumi.ResourceTransformation:
    """Find objects in the state of a stack whose names in the program had no namespace yet."""
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
