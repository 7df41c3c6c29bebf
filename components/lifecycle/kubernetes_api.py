"""A client with which the program itself uses a cluster's API server during an update."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi

from ..args.yaml_text import NotYaml, load

if TYPE_CHECKING:
    import urllib3
    from kubernetes.client import Configuration

Result = TypeVar("Result")

REQUEST_SECONDS = 30

_THREADS = ThreadPoolExecutor(8, thread_name_prefix="kubernetes-api")
"""A separate pool, to prevent a deadlock: registrations of resources may occupy all threads of
asyncio's pool while they wait for a hook that sends requests."""

_CLIENT_LOCK = threading.Lock()
"""Two threads can't import Kubernetes' client at the same time. It also writes keys to temporary
files for `ssl`, and one call removes the files of all threads."""


class ApiError(Exception):
    """The API server returns an error or does not answer.

    Attributes:
        status: HTTP status; 0 without an answer.
        causes: detailed reasons, such as the disruption budget that prevents an eviction.
    """

    def __init__(self, status: int, message: str, causes: tuple[str, ...] = ()) -> None:
        super().__init__("; ".join((message, *causes)))
        self.status = status
        self.causes = causes


class KubernetesApi:
    """A minimal client. It uses Kubernetes' own client only to read kubeconfigs.

    Each request raises `ApiError` if it fails.
    """

    def __init__(
        self, server: str, http: urllib3.PoolManager | None = None, token: str = ""
    ) -> None:
        from urllib3 import PoolManager  # imported here, because most previews send no request

        self._server = server.rstrip("/")
        self._http = http or PoolManager()
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = token

    @classmethod
    async def from_kubeconfig(
        cls, kubeconfig: pulumi.Input[str], context: str | None = None
    ) -> KubernetesApi:
        """Returns a client for a context of a kubeconfig. Default: its current context.

        Raises:
            ApiError: the kubeconfig can't be used.
        """
        known = await pulumi.Output.from_input(kubeconfig).future()
        return await in_thread(cls._from_kubeconfig, known or "", context)

    @classmethod
    def _from_kubeconfig(cls, kubeconfig: str, context: str | None) -> KubernetesApi:
        document = mapping(kubeconfig)
        with _CLIENT_LOCK:
            # imported here, because the import takes half a second and few updates need it
            from kubernetes.client import Configuration, rest
            from kubernetes.config import ConfigException, kube_config

            found = Configuration()
            try:
                kube_config.load_kube_config_from_dict(
                    document, context, found, persist_config=False
                )
                ssl_context = _ssl_context(found)
            except (ConfigException, OSError, ValueError) as error:
                raise ApiError(0, f"the kubeconfig can't be used: {error}") from None
            finally:
                kube_config._cleanup_temp_files()
        http = rest.RESTClientObject(found).pool_manager
        for file in ("ca_certs", "cert_file", "key_file"):
            http.connection_pool_kw.pop(file)
        http.connection_pool_kw["ssl_context"] = ssl_context
        return cls(found.host, http, found.get_api_key_with_prefix("BearerToken") or "")

    async def list(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Returns the objects of a collection such as `/api/v1/nodes`.

        Args:
            query: parameters such as `labelSelector` and `fieldSelector`.
        """
        parameters = f"?{urllib.parse.urlencode(query)}" if query else ""
        found = await self._request("GET", path + parameters)
        items: list[dict[str, Any]] = found["items"]
        return items

    async def get(self, path: str) -> dict[str, Any]:
        """Returns an object."""
        found: dict[str, Any] = await self._request("GET", path)
        return found

    async def patch(self, path: str, document: Mapping[str, Any]) -> None:
        """Merges `document` into an object."""
        await self._request("PATCH", path, document, "application/merge-patch+json")

    async def create(self, path: str, document: Mapping[str, Any]) -> None:
        """Creates an object."""
        await self._request("POST", path, document)

    async def delete(self, path: str) -> None:
        """Deletes an object."""
        await self._request("DELETE", path)

    async def _request(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        from urllib3.exceptions import HTTPError

        send = partial(
            self._http.request,
            method,
            self._server + path,
            body=None if document is None else json.dumps(document),
            headers={**self._headers, "Content-Type": content_type},
            timeout=REQUEST_SECONDS,
            retries=False,
        )
        try:
            answer = await in_thread(send)
        except HTTPError as error:
            raise ApiError(0, f"{self._server} does not answer: {error}") from None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _refusal(answer.status, answer.data.decode(errors="replace"))
        return json.loads(answer.data)


async def in_thread(function: Callable[..., Result], *arguments: Any) -> Result:
    """Calls a blocking function in a thread and returns its result."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, function, *arguments)


def mapping(kubeconfig: str) -> dict[str, Any]:
    """Returns the content of a kubeconfig.

    Raises:
        ApiError: it is not a mapping in YAML. The message does not quote it, because kubeconfigs
            contain secrets.
    """
    try:
        document = load(kubeconfig)
    except NotYaml as error:
        raise ApiError(0, f"the kubeconfig can't be used: {error}") from None
    if not isinstance(document, dict):
        raise ApiError(0, "the kubeconfig can't be used: it is not a mapping in YAML")
    return document


def _ssl_context(found: Configuration) -> ssl.SSLContext:
    # Not the default context: since Python 3.13, it is stricter with authorities than kubectl.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not found.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif found.ssl_ca_cert:
        context.load_verify_locations(found.ssl_ca_cert)
    else:
        context.load_default_certs()
    if found.cert_file:
        context.load_cert_chain(found.cert_file, found.key_file)
    return context


def _refusal(http_status: int, text: str) -> ApiError:
    try:
        status = json.loads(text)
    except ValueError:
        return ApiError(http_status, f"HTTP {http_status}: {text.strip()[:200]}")
    causes = (status.get("details") or {}).get("causes") or ()
    messages = tuple(cause["message"] for cause in causes if cause.get("message"))
    return ApiError(http_status, status.get("message") or f"HTTP {http_status}", messages)
