"""Requests to a cluster's API server, whose answers stay as the server writes them.

The client's own methods read an answer into classes, and drop fields that these do not have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from kubernetes.client import ApiClient
from urllib3 import HTTPResponse

from tools.pulumi_command import ToolError

MERGE_PATCH = "application/merge-patch+json"

CONNECT_SECONDS, ANSWER_SECONDS = 10, 15
"""Timeouts of a request, which the client sends four times. A stream may be silent for any time."""


class ApiServerError(ToolError):
    """The API server rejects a request: its own message.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Api:
    """The API server of a cluster. All methods raise ApiServerError."""

    client: ApiClient

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Returns an object, or a list of objects."""
        return dict(json.loads(self._send("GET", path, query).data))

    def find(self, path: str) -> dict[str, Any] | None:
        """Returns an object, or None if it does not exist."""
        try:
            return self.get(path)
        except ApiServerError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Returns the objects of a list."""
        return list(self.get(path, **query)["items"])

    def text(self, path: str, **query: str) -> str:
        """Returns an answer that is no JSON."""
        return self._send("GET", path, query).data.decode(errors="replace")

    def stream(self, path: str, **query: str) -> HTTPResponse:
        """Returns an answer that is read while it arrives."""
        return self._send("GET", path, query, is_stream=True)

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Creates an object and returns it."""
        return dict(json.loads(self._send("POST", path, {}, body).data))

    def patch(self, path: str, body: Mapping[str, Any]) -> None:
        """Merges fields into an object."""
        self._send("PATCH", path, {}, body, MERGE_PATCH).drain_conn()

    def delete(self, path: str) -> None:
        """Deletes an object and what it owns. It may not exist."""
        try:
            self._send("DELETE", path, {}, {"propagationPolicy": "Background"}).drain_conn()
        except ApiServerError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        *,
        is_stream: bool = False,
    ) -> HTTPResponse:
        headers = {"Accept": "*/*"} | ({"Content-Type": content_type} if body is not None else {})
        request = self.client.param_serialize(
            method,
            path,
            query_params=[*query.items()],
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        timeouts = (CONNECT_SECONDS, None if is_stream else ANSWER_SECONDS)
        answer = self.client.call_api(*request, _request_timeout=timeouts).response
        if answer.status >= HTTPStatus.BAD_REQUEST:
            text = message(answer.data) or str(answer.reason)
            if answer.status == HTTPStatus.UNAUTHORIZED:
                text += ": if the kubeconfig has expired, run make renew"
            raise ApiServerError(answer.status, text)
        return answer  # type: ignore[no-any-return]


def message(body: bytes) -> str:
    """Returns the message of a Kubernetes `Status`, or the first line of another answer."""
    text = body.decode(errors="replace").strip()
    try:
        return str(json.loads(text).get("message", ""))
    except (ValueError, AttributeError):
        return text.partition("\n")[0][:300]
