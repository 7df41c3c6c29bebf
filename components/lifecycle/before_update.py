"""Refuses unsupported updates before the first change, also in previews."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pulumi


class RefusedUpdate(Exception):
    """An update is not supported. The message names the object, the change and a solution."""


def before_update(
    name: str, check: Callable[[pulumi.ResourceHookArgs], Awaitable[None] | None]
) -> pulumi.ResourceHookBinding:
    """Returns a hook that runs `check` before an update in place and before its preview.

    `check` receives plain values. Pulumi passes properties with secrets to a hook as `Output`s.
    """

    async def run(args: pulumi.ResourceHookArgs) -> None:
        done = check(
            pulumi.ResourceHookArgs(
                urn=args.urn,
                id=args.id,
                name=args.name,
                type=args.type,
                new_inputs=await _plain(args.new_inputs),
                old_inputs=await _plain(args.old_inputs),
                new_outputs=await _plain(args.new_outputs),
                old_outputs=await _plain(args.old_outputs),
            )
        )
        if done is not None:
            await done

    hook = pulumi.ResourceHook(name, run, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_update=[hook])


async def _plain(properties: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if properties is None:
        return None
    plain: Mapping[str, Any] | None = await pulumi.Output.from_input(dict(properties)).future(
        with_unknowns=True
    )
    return plain
