"""Retries changes of a nodepool that Exoscale rejects temporarily.

Exoscale does not delete a nodepool that a load balancer uses. Usually load balancers have moved
before the nodepool is drained (drained_nodes.py). But an `up` with targets, or of a stack whose
state does not contain its nodepools yet, drains nothing. Exoscale also rejects a change of a
nodepool until an earlier change, for example by `exo` or in the portal, is complete.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Refusal:
    """An error of Exoscale's API after which a retry may succeed.

    Attributes:
        words: part of the error message, in lower case.
        operations: Pulumi's operations to retry.
        pause: wait before the next attempt, in seconds.
        attempts: maximum number of attempts. The engine makes at most 100.
    """

    words: str
    operations: tuple[str, ...]
    pause: float
    attempts: int


LOCKED = Refusal("locked by nlb", ("delete",), pause=3, attempts=40)
"""Retries for two minutes. The cloud controller moves a load balancer's services within seconds.

The message is "reason: Locked by NLB ID" for an instance pool (exoscale/cli, pull request 724), and
"managed Instance Pool is locked by NLB" for a nodepool.
"""
BUSY = Refusal("already being updated", ("update", "delete"), pause=6, attempts=100)
"""Retries for ten minutes. Adding or removing instances takes some minutes.

Source: exoscale/terraform-provider-exoscale, pull request 284.
"""


def retry_while_busy(name: str) -> pulumi.ErrorHook:
    """Returns the hook that retries updates and deletions of nodepools of the cluster `name`.

    `pulumi destroy` does not run the hook. It deletes Services before nodes, and the deletion of a
    Service ends after the deletion of its load balancer.
    """
    # don't change the name: the states of stacks contain it
    return pulumi.ErrorHook(f"{name}-until-unused", should_retry)


async def should_retry(args: pulumi.ErrorHookArgs) -> bool:
    """Returns, after a pause, whether the error is temporary."""
    for refusal in (LOCKED, BUSY):
        if args.failed_operation in refusal.operations and refusal.words in args.errors[0].lower():
            if len(args.errors) >= refusal.attempts:
                return False
            await asyncio.sleep(refusal.pause)
            return True
    return False
