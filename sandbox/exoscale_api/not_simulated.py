"""Fields of requests that Exoscale acts on and this server does not."""

from collections.abc import Iterable

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import NotSimulated


def refuse(call: Call, operation_id: str, fields: Iterable[str]) -> None:
    """Raise NotSimulated, naming the field, if one of them is given (empty counts as not given)."""
    for name in fields:
        if call.body.get(name):
            raise NotSimulated(f"{operation_id}: {name} is not simulated")
