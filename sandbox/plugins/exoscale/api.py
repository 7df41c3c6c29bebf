"""Exoscale's API through its official client: addresses by zone, operations, errors.

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
"""Any request is repeated, a creation too, as by egoscale (go-retryablehttp 0.7.8, client.go)."""


class OperationFailed(ProviderError):
    """An asynchronous operation ended in another state than success."""


class NotFoundByName(ProviderError):
    """What was looked up by name is not there."""


class V3Client:
    """Exoscale's client, whose errors name the operation, as those of egoscale v3 do."""

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
    short = ("dbaas", "pg", "sks")
    return "".join(word.upper() if word in short else word.title() for word in method.split("_"))


class Clients:
    """Clients for the API, one a zone.

    Args:
        key: the API key; `None` while it is not known.
        secret: the API secret; `None` while it is not known.
        endpoint: the API's address, of the form `https://.../v2`; `None` is Exoscale's own.
        environment: the first word in the name of Exoscale's own host.
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
        """The client for a zone's resources, or for those that belong to no zone.

        Raises:
            ProviderError: if the zone does not exist, or the credentials are not known yet.
        """
        with self._lock:
            url = self._endpoint if zone is None else self._zone_endpoint(zone)
            return self._client(url)

    def v3(self, zone: str) -> V3Client:
        """As `client`, for the resources that the official provider has moved to egoscale v3."""
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
    """One operation on one resource: what it may use, and how long it may take.

    Attributes:
        account: the API.
        engine: takes status lines.
        cancelled: set when the user interrupts.
        urn: the resource's.
        deadline: by `time.monotonic()`.
        object_id: the ID of the object made so far, so that a failure does not lose it.
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
        """Follow an operation to its end.

        Args:
            client: of the zone that the operation runs in.
            operation: as the API answered it.
            doing: for the status line, as in `creating the cluster`.

        Raises:
            OperationFailed: if it fails, in the API's words, or takes longer than it may.
            Cancelled: if the user interrupts.
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
        """Look again until it is no longer busy.

        Raises:
            OperationFailed: if it takes longer than it may.
            Cancelled: if the user interrupts.
        """
        pauses = self._pauses(doing)
        while busy():
            next(pauses)

    def _pauses(self, doing: str) -> Iterator[None]:
        """Pauses between looks at something that takes time: short ones first."""
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
    """The error in the API's own words, and in those of egoscale v2 or v3 around them."""
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
    """What a call of the client can raise, and what this plugin raises itself."""
    import requests
    from exoscale.api.exceptions import ExoscaleAPIException

    return ExoscaleAPIException, requests.RequestException, ProviderError
