"""Calls of functions of Exoscale's provider by name.

If a function of the SDK fails, the program ends with a traceback. This also happens if the engine
is shutting down for another reason, and the traceback then hides that reason.
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
"""Error message of gRPC after the engine has closed its connection to a provider."""


class ProviderError(pulumi.RunError):
    """A function of the provider fails, or the run ends before its answer.

    If the program does not handle the error, Pulumi shows it as one line.
    """


async def invoke_provider(function: str, **arguments: Any) -> Mapping[str, Any]:
    """Returns the result of a function, with the keys of the provider's schema.

    Raises:
        ProviderError: the function failed.
    """
    from pulumiverse_exoscale._utilities import get_invoke_opts_defaults

    try:
        answer: Mapping[str, Any] = await pulumi.runtime.invoke_async(
            function, arguments, get_invoke_opts_defaults()
        )
    except Exception as error:  # Pulumi has no specific class for errors of providers
        reason = "the run ended before its answer" if ENDING in str(error) else error
        raise ProviderError(f"{function.rpartition(':')[2]}: {reason}") from None
    return answer
