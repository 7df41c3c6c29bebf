"""Exoscale's API, asked by the program itself for what Exoscale's provider can't do.

The address and the key are found as the provider finds them.
"""

from __future__ import annotations

import os
from typing import Any

SECONDS = 30
SHORT_TIMEOUT = 3
"""How long an answer is waited for that the program can do without."""

FIRST_ENDPOINT = "https://api-ch-gva-2.exoscale.com/v2"
"""Source: exoscale/egoscale v3.1.27, v3/client.go, `NewClient`."""


class ExoscaleApiError(Exception):
    """What the API answered, or that it did not.

    Attributes:
        status: the HTTP status; 0 without an answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ExoscaleApi:
    """The API of a zone, with a key.

    Args:
        zone: if given, the API at `endpoint` is asked for the zone's own endpoint, as the provider
            does (exoscale/egoscale v3.1.27, `GetZoneAPIEndpoint`).
    """

    def __init__(self, endpoint: str, key: str, secret: str, zone: str | None = None) -> None:
        from exoscale_auth import ExoscaleV2Auth  # here, as requests: most previews ask nothing

        self._endpoint = endpoint
        self._zone = zone
        self._auth = ExoscaleV2Auth(key, secret)

    @classmethod
    def for_zone(cls, zone: str) -> ExoscaleApi | None:
        """By the key in the environment; None without one."""
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

    def get(self, path: str, seconds: float = SECONDS) -> dict[str, Any]:
        """What is at a path.

        Raises:
            ExoscaleApiError: as `put`.
        """
        return self._request("GET", path, None, seconds)

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask for a change; return the operation."""
        return self._request("PUT", path, body, SECONDS)

    def _request(self, method: str, path: str, body: Any, seconds: float) -> dict[str, Any]:
        if self._zone:
            zones = self._answer("GET", "/zone", None, seconds)["zones"]
            endpoints = {zone["name"]: zone["api-endpoint"] for zone in zones}
            self._endpoint, self._zone = endpoints.get(self._zone, self._endpoint), None
        return self._answer(method, path, body, seconds)

    def _answer(self, method: str, path: str, body: Any, seconds: float) -> dict[str, Any]:
        import requests

        try:
            answer = requests.request(
                method, self._endpoint + path, json=body, auth=self._auth, timeout=seconds
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
    """What is at a path in a zone; None without a key, or where the API refuses or is silent."""
    api = ExoscaleApi.for_zone(zone)
    try:
        return api.get(path, seconds=SHORT_TIMEOUT) if api else None
    except ExoscaleApiError:
        return None
