"""Answers of the API server that refuse a request, in its own words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.plugins.rpc import ProviderError


class ApiError(ProviderError):
    """The API server refused. The message is the one of its `Status` object.

    Attributes:
        code: the HTTP status, 0 if the connection failed.
        reason: for example `AlreadyExists`.
        details: the `Status` object's details.
    """

    def __init__(self, code: int, reason: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details

    @property
    def not_found(self) -> bool:
        return self.code == 404

    @property
    def namespace_missing(self) -> bool:
        return self.not_found and self.details.get("kind") == "namespaces"

    @property
    def forbidden(self) -> bool:
        return self.code == 403

    @property
    def already_exists(self) -> bool:
        return self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        return self.reason == "Conflict"

    @property
    def says_nothing_of_creation(self) -> bool:
        """Whether a dry run failed for what may well be different when the object is created."""
        no_dry_run = self.code == 400 and "dry run" in str(self)
        return self.forbidden or self.namespace_missing or self.already_exists or no_dry_run


class UnknownKind(ProviderError):
    """The API server has no such kind: probably its CustomResourceDefinition is missing."""


def call(request: Callable[..., Any], *args: Any, **parameters: Any) -> dict[str, Any]:
    """Make a request of the dynamic client and read its JSON answer.

    Raises:
        ApiError: if the API server refuses or can't be reached.
    """
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        response = request(*args, serialize=False, **parameters)
        answer: dict[str, Any] = json.loads(response.data)
    except ApiException as error:
        raise _refusal(error) from None
    except HTTPError as error:
        reason = getattr(error, "reason", None) or error
        raise ApiError(0, "Unreachable", f"the API server can't be reached: {reason}", {}) from None
    return answer


def _refusal(error: Any) -> ApiError:
    try:
        status = json.loads(error.body)
    except (TypeError, ValueError):
        status = {}
    if not isinstance(status, dict) or "message" not in status:
        status = {"message": f"{error.status} {error.reason}"}
    reason = str(status.get("reason", ""))
    return ApiError(error.status, reason, status["message"], status.get("details") or {})
