"""How an object is replaced by another one, such as the same in another namespace."""

from __future__ import annotations

from typing import Any

import pulumi


def named_goes_first(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Delete an object that has a given name before the one in its place is made.

    Otherwise an `up` that fails in the middle leaves the former one pending deletion: going back
    then meets it under its name, and deletes it after that. An object with a generated name meets
    nobody, and goes once nothing uses it any more.
    """
    metadata: Any = args.props.get("metadata")
    if not metadata or "name" not in metadata:
        return None
    first = pulumi.ResourceOptions(delete_before_replace=True)
    opts = pulumi.ResourceOptions.merge(args.opts, first)
    return pulumi.ResourceTransformationResult(props=args.props, opts=opts)
