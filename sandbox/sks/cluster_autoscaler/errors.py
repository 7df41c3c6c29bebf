"""The errors of a loop, and their texts."""

import json

import requests
import urllib3
from exoscale.api.exceptions import ExoscaleAPIException
from kubernetes import client

from sandbox.sks.exoscale_client import message
from sandbox.sks.spec import CloudError


class CloudProviderError(Exception):
    """A failure that keeps the loop from going on, with its reason."""


class Failed(Exception):
    """Work on nodes that failed, or that was cut off, with its reason."""


CLOUD_ERRORS = (CloudError, ExoscaleAPIException, requests.RequestException)
ERRORS = (
    *CLOUD_ERRORS,
    CloudProviderError,
    Failed,
    client.ApiException,
    urllib3.exceptions.HTTPError,
    OSError,
)


def reason(error: Exception) -> str:
    """Returns the message of the API server or of Exoscale's API, the latter as in egoscale v2."""
    if isinstance(error, client.ApiException):
        try:
            return str(json.loads(error.body)["message"])
        except (TypeError, ValueError, KeyError):
            return f"{error.status} {error.reason}"
    response = getattr(error, "response", None)
    if response is None:
        return str(error)
    sent = f'{response.request.method.title()} "{response.request.url}"'
    if response.status_code == requests.codes.not_found:
        return f"{sent}: resource not found"
    kind = "invalid request" if response.status_code < 500 else "API error"
    return f"{sent}: {kind}: {message(error)}"
