"""Functions of Exoscale's provider, asked by their names.

A function of the SDK that fails ends the program with a traceback, also where it fails because the
engine is ending for another reason, which the traceback then buries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

NLB = "exoscale:index/getNlb:getNlb"
NLB_SERVICES = "exoscale:index/getNlbServiceList:getNlbServiceList"
INSTANCE_POOLS = "exoscale:index/getInstancePoolList:getInstancePoolList"
DATABASE_URI = "exoscale:index/getDatabaseUri:getDatabaseUri"

ENDING = "client connection is closing"
"""What gRPC says once the engine closes its connection to a provider."""


class ProviderError(pulumi.RunError):
    """What the provider says in place of an answer, or that the run ended before it came.

    Where nothing handles it, Pulumi shows it as one line.
    """


async def invoke_provider(function: str, **arguments: Any) -> Mapping[str, Any]:
    """The answer of a function, with the keys of the provider's schema.

    Raises:
        ProviderError: the function failed.
    """
    from pulumiverse_exoscale._utilities import get_invoke_opts_defaults

    try:
        answer: Mapping[str, Any] = await pulumi.runtime.invoke_async(
            function, arguments, get_invoke_opts_defaults()
        )
    except Exception as error:  # Pulumi has no other kind for what a provider answers
        reason = "the run ended before its answer" if ENDING in str(error) else error
        raise ProviderError(f"{function.rpartition(':')[2]}: {reason}") from None
    return answer
