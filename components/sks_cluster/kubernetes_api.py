"""The API server of a cluster, asked by the program itself in the middle of an update."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

REQUEST_SECONDS = 30


class ApiError(Exception):
    """What the API server said, or that it did not answer.

    Attributes:
        status: HTTP status; 0 without an answer.
        causes: the reasons in detail, such as which disruption budget refuses an eviction.
    """

    def __init__(self, status: int, message: str, causes: tuple[str, ...] = ()) -> None:
        super().__init__("; ".join((message, *causes)))
        self.status = status
        self.causes = causes


class KubernetesApi:
    """A few requests need no client library: Kubernetes' own takes a second to import."""

    def __init__(self, server: str, context: ssl.SSLContext | None = None) -> None:
        self._server = server.rstrip("/")
        handlers = [urllib.request.HTTPSHandler(context=context)] if context else []
        self._opener = urllib.request.build_opener(*handlers)

    @classmethod
    def of(cls, kubeconfig: str) -> KubernetesApi:
        """By a kubeconfig as Exoscale issues it: YAML, with a client certificate."""
        import yaml

        config = yaml.safe_load(kubeconfig)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        # Not the default context: since Python 3.13 it asks more of an authority than kubectl does.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=_decoded(cluster["certificate-authority-data"]))
        with tempfile.NamedTemporaryFile("w") as pem:  # only its owner reads it; ssl takes no text
            pem.write(_decoded(user["client-certificate-data"]) + "\n")
            pem.write(_decoded(user["client-key-data"]))
            pem.flush()
            context.load_cert_chain(pem.name)
        return cls(cluster["server"], context)

    def list(self, path: str, **query: str) -> list[dict[str, Any]]:
        """The objects of a collection such as `/api/v1/nodes`.

        Args:
            query: `labelSelector`, `fieldSelector`.

        Raises:
            ApiError: as every method here.
        """
        question = f"?{urllib.parse.urlencode(query)}" if query else ""
        items: list[dict[str, Any]] = self._request("GET", path + question)["items"]
        return items

    def patch(self, path: str, document: Mapping[str, Any]) -> None:
        """Merge `document` into an object."""
        self._request("PATCH", path, document, "application/merge-patch+json")

    def create(self, path: str, document: Mapping[str, Any]) -> None:
        """Make an object."""
        self._request("POST", path, document)

    def _request(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        request = urllib.request.Request(
            self._server + path,
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Content-Type": content_type, "Accept": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise ApiError(0, f"{self._server} does not answer: {reason}") from None


def _refusal(error: urllib.error.HTTPError) -> ApiError:
    text = error.read().decode(errors="replace")
    try:
        status = json.loads(text)
    except ValueError:
        return ApiError(error.code, f"HTTP {error.code}: {text.strip()[:200]}")
    causes = (status.get("details") or {}).get("causes") or ()
    messages = tuple(cause["message"] for cause in causes if cause.get("message"))
    return ApiError(error.code, status.get("message") or f"HTTP {error.code}", messages)


def _decoded(data: str) -> str:
    return base64.b64decode(data).decode()
