"""A client for requests to Exoscale's API that Exoscale's provider doesn't support.

It reads the endpoint and the API key from the same environment variables as the provider.
"""

from __future__ import annotations

import os
from typing import Any

TIMEOUT = 30
"""Timeout of a request in seconds."""

SHORT_TIMEOUT = 3
"""Timeout in seconds of a request whose answer is optional."""

FIRST_ENDPOINT = "https://api-ch-gva-2.exoscale.com/v2"
"""The default endpoint of the provider.

Source: exoscale/egoscale v3.1.27, v3/client.go, `NewClient`.
"""


class ExoscaleApiError(Exception):
    """The API returns an error or does not answer.

    Attributes:
        status: the HTTP status; 0 without an answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ExoscaleApi:
    """A client for the API of a zone.

    Args:
        zone: if given, the client reads the zone's own endpoint from the API at `endpoint`, as the
            provider does (exoscale/egoscale v3.1.27, `GetZoneAPIEndpoint`).
    """

    def __init__(self, endpoint: str, key: str, secret: str, zone: str | None = None) -> None:
        from exoscale_auth import ExoscaleV2Auth  # imported here: most previews send no request

        self._endpoint = endpoint
        self._zone = zone
        self._auth = ExoscaleV2Auth(key, secret)

    @classmethod
    def for_zone(cls, zone: str) -> ExoscaleApi | None:
        """Returns a client with the API key of the environment; None without a key."""
        if not (key := _key()):
            return None
        if endpoint := os.environ.get("EXOSCALE_API_ENDPOINT"):
            return cls(endpoint, *key, zone)
        return cls(f"https://api-{zone}.exoscale.com/v2", *key)

    @classmethod
    def for_any_zone(cls) -> ExoscaleApi | None:
        """Returns a client for data that is the same in each zone; None without a key.

        Without `EXOSCALE_API_ENDPOINT`, it uses the provider's first endpoint.
        """
        key = _key()
        return cls(os.environ.get("EXOSCALE_API_ENDPOINT") or FIRST_ENDPOINT, *key) if key else None

    def get(self, path: str, timeout: float = TIMEOUT) -> dict[str, Any]:
        """Returns the object or list at a path.

        Args:
            timeout: in seconds.

        Raises:
            ExoscaleApiError: the API returns an error or does not answer.
        """
        return self._request("GET", path, None, timeout)

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Sends a change and returns the API's operation.

        Raises:
            ExoscaleApiError: the API returns an error or does not answer.
        """
        return self._request("PUT", path, body, TIMEOUT)

    def delete(self, path: str) -> dict[str, Any]:
        """Deletes the object at a path and returns the API's operation.

        Raises:
            ExoscaleApiError: the API returns an error or does not answer.
        """
        return self._request("DELETE", path, None, TIMEOUT)

    def _request(self, method: str, path: str, body: Any, timeout: float) -> dict[str, Any]:
        if self._zone:
            zones = self._send("GET", "/zone", None, timeout)["zones"]
            endpoints = {zone["name"]: zone["api-endpoint"] for zone in zones}
            self._endpoint, self._zone = endpoints.get(self._zone, self._endpoint), None
        return self._send(method, path, body, timeout)

    def _send(self, method: str, path: str, body: Any, timeout: float) -> dict[str, Any]:
        import requests

        try:
            answer = requests.request(
                method, self._endpoint + path, json=body, auth=self._auth, timeout=timeout
            )
            document: dict[str, Any] = answer.json()
        except requests.RequestException as error:
            raise ExoscaleApiError(f"Exoscale's API does not answer: {error}") from None
        if not answer.ok:
            raise ExoscaleApiError(
                f"Exoscale's API answers {answer.status_code}: {document.get('message', document)}",
                answer.status_code,
            )
        return document


def _key() -> tuple[str, str] | None:
    key, secret = os.environ.get("EXOSCALE_API_KEY"), os.environ.get("EXOSCALE_API_SECRET")
    return (key, secret) if key and secret else None


def get_if_available(zone: str, path: str) -> dict[str, Any] | None:
    """Returns the object at a path in a zone; None without a key or if the request fails."""
    api = ExoscaleApi.for_zone(zone)
    try:
        return api.get(path, timeout=SHORT_TIMEOUT) if api else None
    except ExoscaleApiError:
        return None
