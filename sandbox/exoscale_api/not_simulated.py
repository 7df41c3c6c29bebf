"""Rejects fields of requests that this server doesn't simulate."""

from collections.abc import Iterable

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import NotSimulated


def refuse(call: Call, operation_id: str, fields: Iterable[str]) -> None:
    """Rejects a request that has one of `fields`, unless its value is empty.

    Raises:
        NotSimulated: with the name of the field.
    """
    for name in fields:
        if call.body.get(name):
            raise NotSimulated(f"{operation_id}: {name} is not simulated")
