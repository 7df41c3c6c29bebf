"""Retries changes of a nodepool that Exoscale refuses for a while.

Exoscale keeps a nodepool that a load balancer uses. Load balancers have moved before it is drained
(drained_nodes.py), but not where nothing is: in an `up` of some targets alone, or of a stack whose
state does not know its nodepools yet. And it changes a nodepool only after an earlier change, such
as one by `exo` or in the portal, has ended.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Refusal:
    """Words of Exoscale's API by which a retry is worthwhile.

    Attributes:
        words: in lower case.
        operations: those of Pulumi that are retried.
        pause: seconds before the next attempt.
        attempts: how many there are. The engine makes no more than 100.
    """

    words: str
    operations: tuple[str, ...]
    pause: float
    attempts: int


LOCKED = Refusal("locked by nlb", ("delete",), pause=3, attempts=40)
"""Two minutes: the cloud controller moves a load balancer's services in seconds.

Of an instance pool Exoscale says "reason: Locked by NLB ID" (exoscale/cli, pull request 724), of a
nodepool "managed Instance Pool is locked by NLB".
"""
BUSY = Refusal("already being updated", ("update", "delete"), pause=6, attempts=100)
"""Ten minutes: a nodepool gets or loses instances in some.

Source: exoscale/terraform-provider-exoscale, pull request 284.
"""


def retry_while_busy(name: str) -> pulumi.ErrorHook:
    """Returns the hook that retries updates and deletions of nodepools of the cluster `name`.

    `pulumi destroy` does not run it. Services are deleted before nodes there, and each is gone when
    its load balancer is.
    """
    # stacks have this name in their states
    return pulumi.ErrorHook(f"{name}-until-unused", should_retry)


async def should_retry(args: pulumi.ErrorHookArgs) -> bool:
    """Returns, after a pause, whether Exoscale refused the change only for a while."""
    for refusal in (LOCKED, BUSY):
        if args.failed_operation in refusal.operations and refusal.words in args.errors[0].lower():
            if len(args.errors) >= refusal.attempts:
                return False
            await asyncio.sleep(refusal.pause)
            return True
    return False
