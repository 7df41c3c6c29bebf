"""A nodepool goes when no load balancer sends to it any more.

Load balancers have moved before it is drained (drained_nodes.py), but not where nothing is: in an
`up` of some targets alone, or of a stack whose state does not know its nodepools yet. Exoscale
keeps what a load balancer uses.
"""

from __future__ import annotations

import asyncio

import pulumi

LOCKED = "Locked by NLB"
"""What Exoscale's API says of an instance pool that a load balancer uses.

Source: exoscale/cli, pull request 724.
"""
SECONDS_BETWEEN = 3
ATTEMPTS = 40
"""Two minutes: the cloud controller moves a load balancer's services in seconds."""


def until_unused(name: str) -> pulumi.ErrorHook:
    """A hook for the nodepools of the cluster `name`: their deletion waits for the load balancers.

    `pulumi destroy` does not run it, and needs no such wait: there, Services go before nodes, and
    each when its load balancer is gone.
    """
    return pulumi.ErrorHook(f"{name}-until-unused", is_worth_another_try)


async def is_worth_another_try(args: pulumi.ErrorHookArgs) -> bool:
    """Whether the deletion failed because of a load balancer; then, a few seconds later."""
    locked = args.failed_operation == "delete" and LOCKED in args.errors[0]
    if not locked or len(args.errors) >= ATTEMPTS:
        return False
    await asyncio.sleep(SECONDS_BETWEEN)
    return True
