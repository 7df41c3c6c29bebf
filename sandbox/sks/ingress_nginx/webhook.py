"""The server of the admission webhook, which the controller's pods run on a real cluster.

Source of its answers: kubernetes/ingress-nginx, internal/admission/controller.
"""

import json
import logging
import os
import socket
import ssl
from base64 import b64decode
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

import urllib3
from kubernetes import client

from sandbox.http_connect import RejectedRequest
from sandbox.sks.ingress_nginx.checks import Ingress, refusal, warnings
from sandbox.sks.ingress_nginx.settings import Settings, settings_of

_log = logging.getLogger(__name__)

PLAYED = "sandbox/admission-webhook"
"""Annotation of pods whose webhook the sandbox simulates: only those of its own chart."""
PORT = "webhook"
"""Name of the pods' port for the webhook."""
CERTIFICATES = "webhook-cert"
"""Name of the volume with the server certificate, which has the keys `cert` and `key`."""
_KIND = {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"}

Review = dict[str, Any]


def is_played(pod: Any) -> bool:
    """Returns whether the sandbox simulates the pod's webhook."""
    return PLAYED in (pod.metadata.annotations or {})


def answering(
    api_client: client.ApiClient, pod: Any, where: str
) -> Callable[[socket.socket], None]:
    """Returns a function that serves one connection to the pod's webhook.

    Args:
        api_client: a client of the cluster's API server.
        pod: the pod.
        where: the webhook's address, for error messages.

    Raises:
        RejectedRequest: if the pod's certificate doesn't exist. On a real cluster, its container
            wouldn't start.
    """
    context = _certificate(api_client, pod, where)
    settings = settings_of(api_client, pod)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            _Handler(secure, api_client, settings)

    return answer


def review(request: Review, others: list[Ingress], settings: Settings) -> Review:
    """Returns the AdmissionReview that answers `request`; `others` are all existing Ingresses."""
    ingress = request["object"]
    response: dict[str, Any] = {"uid": request["uid"], "allowed": True}
    if reason := refusal(ingress, others, settings):
        status = {"status": "Failure", "code": 400, "reason": "BadRequest", "message": reason}
        response |= {"allowed": False, "status": status}
    if found := warnings(ingress):
        response["warnings"] = found
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def _certificate(api_client: client.ApiClient, pod: Any, where: str) -> ssl.SSLContext:
    core, namespace = client.CoreV1Api(api_client), pod.metadata.namespace
    for volume in pod.spec.volumes or ():
        if volume.name == CERTIFICATES and volume.secret:
            break
    else:
        raise RejectedRequest("502", f"connection refused: no volume {CERTIFICATES} behind {where}")
    name = volume.secret.secret_name
    try:
        data = core.read_namespaced_secret(name, namespace).data or {}
        return _context(data)
    except (client.ApiException, KeyError, ValueError, ssl.SSLError) as error:
        raise RejectedRequest(
            "502", f"connection refused: no certificate in Secret {namespace}/{name}, for {where}"
        ) from error


def _context(data: Mapping[str, str]) -> ssl.SSLContext:
    """Returns the server's TLS context.

    `load_cert_chain` needs a file; one in memory keeps the key off the disk.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    descriptor = os.memfd_create("certificate")
    try:
        os.write(descriptor, b64decode(data["cert"]) + b"\n" + b64decode(data["key"]))
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
    return context


class _Handler(BaseHTTPRequestHandler):
    """Serves one request per connection, so that each request is routed to a pod that is ready."""

    def __init__(
        self, connection: ssl.SSLSocket, api_client: client.ApiClient, settings: Settings
    ) -> None:
        self._api_client = api_client
        self._settings = settings
        super().__init__(connection, ("", 0), cast(Any, None))

    def do_POST(self) -> None:
        try:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            if request["kind"] != _KIND:
                raise ValueError(f"no Ingress but {request['kind']}")
        except (KeyError, TypeError, ValueError) as error:
            self.send_error(HTTPStatus.BAD_REQUEST, str(error))
            return
        api = client.NetworkingV1Api(self._api_client)
        try:
            others = api.list_ingress_for_all_namespaces(_preload_content=False).json()["items"]
        except (client.ApiException, urllib3.exceptions.HTTPError) as error:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, f"Ingresses: {error}")
            return
        body = json.dumps(review(request, others, self._settings)).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        _log.debug(format, *arguments)
