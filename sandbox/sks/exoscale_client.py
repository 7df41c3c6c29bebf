"""The cloud controller's client of the Exoscale API."""

import time
from threading import Event
from typing import Any

import requests
from exoscale.api.exceptions import ExoscaleAPIException
from exoscale.api.v2 import Client

from sandbox.sks.spec import CloudError

__all__ = ["Client", "is_not_found", "message", "wait", "zone_client"]

_OPERATION_DEADLINE = 300.0
_POLL = 0.2


def zone_client(api_url: str, key: str, secret: str, zone: str) -> Client:
    """Returns a client of the zone's endpoint, which it looks up with the API at `api_url`.

    Raises:
        CloudError: if the zone doesn't exist.
    """
    zones = Client(key, secret, url=api_url).list_zones()["zones"]
    for found in zones:
        if found["name"] == zone:
            return Client(key, secret, url=found["api-endpoint"])
    raise CloudError(f"zone {zone} does not exist")


def wait(client: Client, operation: dict[str, Any]) -> dict[str, Any]:
    """Waits for an operation and returns its final state.

    `Client.wait` is not used, because it polls at most every three seconds.

    Raises:
        CloudError: with the operation's message, if it fails, or if it takes too long.
    """
    deadline = time.monotonic() + _OPERATION_DEADLINE
    pause = Event()
    while operation["state"] == "pending":
        if time.monotonic() > deadline:
            raise CloudError(f"operation {operation['id']} is pending for too long")
        pause.wait(_POLL)
        operation = client.get_operation(id=operation["id"])
    if operation["state"] != "success":
        raise CloudError(operation.get("message") or operation.get("reason", operation["state"]))
    return operation


def is_not_found(error: ExoscaleAPIException) -> bool:
    """Returns whether the API answered with 404."""
    return error.response is not None and error.response.status_code == requests.codes.not_found


def message(error: Exception) -> str:
    """Returns the error message of the API, or else the text of the exception."""
    response = getattr(error, "response", None)
    if response is not None:
        try:
            return str(response.json()["message"])
        except (ValueError, KeyError, TypeError):
            return f"{response.status_code} {response.reason}"
    return str(error)
