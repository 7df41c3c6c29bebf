"""Access to Exoscale's API with its official client: zones' endpoints, operations, errors.

Source: exoscale/terraform-provider-exoscale 0.66.0, `pkg/config/config.go`; exoscale 0.16 on PyPI.
"""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from sandbox.plugins.rpc import Cancelled, Engine, ProviderError

if TYPE_CHECKING:
    from exoscale.api.v2 import Client

DEFAULT_ZONE: Final = "ch-gva-2"
DEFAULT_ENVIRONMENT: Final = "api"
DEFAULT_TIMEOUT: Final = 3600.0
HTTP_TIMEOUT: Final = 60.0
FIRST_POLL_DELAY: Final = 0.05
MAX_POLL_DELAY: Final = 3.0
RETRIES: Final[dict[str, Any]] = {
    "total": 4,
    "backoff_factor": 1.0,
    "allowed_methods": None,
    "status_forcelist": {429, *range(500, 600)} - {HTTPStatus.NOT_IMPLEMENTED},
    "raise_on_status": False,
}
"""Retries all requests, also creations, as egoscale does (go-retryablehttp 0.7.8, client.go)."""


class OperationFailed(ProviderError):
    """An asynchronous operation ended in another state than success."""


class NotFoundByName(ProviderError):
    """A resource that is looked up by name doesn't exist."""


class V3Client:
    """Exoscale's client; as with egoscale v3, its errors contain the name of the operation."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        from exoscale.api.exceptions import ExoscaleAPIException

        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            try:
                return method(**arguments)
            except ExoscaleAPIException as error:
                error.operation = _operation_name(name)
                raise

        return call


def _operation_name(method: str) -> str:
    """
    >>> _operation_name("create_sks_cluster"), _operation_name("get_dbaas_service_pg")
    ('CreateSKSCluster', 'GetDBAASServicePG')
    """
    short = ("dbaas", "dns", "pg", "sks")
    return "".join(word.upper() if word in short else word.title() for word in method.split("_"))


class Clients:
    """Clients for the API, one for each zone.

    Args:
        key: the API key, `None` while it is unknown.
        secret: the API secret, `None` while it is unknown.
        endpoint: the API's URL, in the form `https://.../v2`; `None` means Exoscale's.
        environment: the first word in the name of Exoscale's host.
    """

    def __init__(
        self, key: str | None, secret: str | None, endpoint: str | None, environment: str
    ) -> None:
        self._key = key
        self._secret = secret
        self._endpoint = endpoint or f"https://{environment}-{DEFAULT_ZONE}.exoscale.com/v2"
        self._clients: dict[str, Client] = {}
        self._zones: dict[str, str] = {}
        self._lock = threading.Lock()

    def client(self, zone: str | None = None) -> Client:
        """Returns the client for the resources of a zone, or for those without a zone.

        Raises:
            ProviderError: if the zone doesn't exist, or if the credentials are still unknown.
        """
        with self._lock:
            url = self._endpoint if zone is None else self._zone_endpoint(zone)
            return self._client(url)

    def v3(self, zone: str) -> V3Client:
        """Returns the client for resources for which the official provider uses egoscale v3."""
        return V3Client(self.client(zone))

    def _zone_endpoint(self, zone: str) -> str:
        if zone not in self._zones:
            zones = self._client(self._endpoint).list_zones()["zones"]
            self._zones = {item["name"]: item["api-endpoint"] for item in zones}
        if zone not in self._zones:
            raise ProviderError(
                f'get zone api endpoint: find zone: "{zone}" not found in ListZonesResponse: '
                "Not Found"
            )
        return self._zones[zone]

    def _client(self, url: str) -> Client:
        from exoscale.api.v2 import Client
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry

        if self._key is None or self._secret is None:
            raise ProviderError("the provider's key and secret are not known yet")
        if url not in self._clients:
            client = Client(self._key, self._secret, url=url)
            session = client.http_client
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=Retry(**RETRIES)))
            session.request = functools.partial(session.request, timeout=HTTP_TIMEOUT)
            self._clients[url] = client
        return self._clients[url]


@dataclass
class ProviderCall:
    """The context of one operation on one resource.

    Attributes:
        account: the API's clients.
        engine: the engine, which shows status lines.
        cancelled: an event that is set when the user interrupts the operation.
        urn: the URN of the resource.
        deadline: the end of the operation's timeout, in seconds of `time.monotonic()`.
        object_id: the ID of the created object. It is set early, so that a failure keeps it.
    """

    account: Clients
    engine: Engine
    cancelled: threading.Event
    urn: str
    deadline: float
    object_id: str | None = None
    started: float = field(default_factory=time.monotonic)

    def wait(
        self, client: Client | V3Client, operation: dict[str, Any], doing: str
    ) -> dict[str, Any]:
        """Waits for the end of an operation and returns it.

        Args:
            client: the client of the operation's zone.
            operation: the operation, as in the API's answer.
            doing: the text of the status line, such as `creating the cluster`.

        Raises:
            OperationFailed: if it fails, with the API's message, or after the timeout.
            Cancelled: if the user interrupts it.
        """
        pauses = self._pauses(doing)
        while operation["state"] == "pending":
            next(pauses)
            operation = client.get_operation(id=operation["id"])
        if operation["state"] != "success":
            in_full = isinstance(client, V3Client)
            raise OperationFailed(_failure(operation) if in_full else f"job {_ended(operation)}")
        return operation

    def wait_while(self, busy: Callable[[], bool], doing: str) -> None:
        """Waits until `busy` returns False.

        Raises:
            OperationFailed: after the timeout.
            Cancelled: if the user interrupts it.
        """
        pauses = self._pauses(doing)
        while busy():
            next(pauses)

    def _pauses(self, doing: str) -> Iterator[None]:
        """Pauses between polls, at first for a short time."""
        delay = FIRST_POLL_DELAY
        while True:
            passed = time.monotonic() - self.started
            self.engine.status(self.urn, f"{doing} ({passed:.0f}s)")
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise OperationFailed(f"timed out after {passed:.0f}s {doing}")
            if self.cancelled.wait(min(delay, left)):
                raise Cancelled(f"interrupted while {doing}")
            yield
            delay = min(delay * 1.5, MAX_POLL_DELAY)


def _ended(operation: dict[str, Any]) -> str:
    return "failed" if operation["state"] == "failure" else "timed out"


def _failure(operation: dict[str, Any]) -> str:
    about = operation.get("reference", {})
    reference = " ".join(about.get(key, "") for key in ("command", "id", "link"))
    return (
        f'operation: "{operation["id"]}" {{{reference}}}, state: {operation["state"]}, '
        f'reason: "{operation.get("reason", "")}", message: "{operation.get("message", "")}"'
    )


def is_not_found(error: Exception) -> bool:
    response = getattr(error, "response", None)
    not_found = response is not None and response.status_code == HTTPStatus.NOT_FOUND
    return isinstance(error, NotFoundByName) or not_found


def describe(error: Exception) -> str:
    """Returns the API's error message, in the format of egoscale v2 or v3."""
    response = getattr(error, "response", None)
    if response is not None:
        try:
            message = json.loads(response.text)["message"]
        except (ValueError, KeyError, TypeError):
            message = response.text
        status = HTTPStatus(response.status_code)
        operation = getattr(error, "operation", None)
        if operation is not None:
            return f"{operation}: http response: {status.phrase}: {message}"
        sent = response.request
        request = f'{sent.method.title()} "{sent.url}"'
        if status == HTTPStatus.NOT_FOUND:
            return f"{request}: resource not found"
        return f"{request}: {'invalid request' if status < 500 else 'API error'}: {message}"
    unanswered = getattr(error, "request", None)
    if unanswered is not None:
        cause = getattr(error.args[0], "reason", error) if error.args else error
        return f"can't reach the Exoscale API at {unanswered.url}: {cause}"
    return str(error)


def api_errors() -> tuple[type[Exception], ...]:
    """Returns the classes of errors that calls of the client and this plugin raise."""
    import requests
    from exoscale.api.exceptions import ExoscaleAPIException

    return ExoscaleAPIException, requests.RequestException, ProviderError
