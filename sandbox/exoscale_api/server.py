"""The HTTP server: from a signed request to an operation of a service."""

import json
import logging
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.exoscale_api import (
    anti_affinity_group,
    instance,
    instance_pool,
    instance_type,
    load_balancer,
    load_balancer_service,
    operation,
    quota,
    security_group,
    security_group_rule,
    sks_cluster,
    sks_nodepool,
    zone,
)
from sandbox.exoscale_api.account import Account, Call, Handler
from sandbox.exoscale_api.auth import Credentials, verify
from sandbox.exoscale_api.errors import ApiError, BadRequest, NotFound, NotSimulated
from sandbox.exoscale_api.openapi import Document, document
from sandbox.exoscale_api.operations import Operations
from sandbox.exoscale_api.resume import resume
from sandbox.exoscale_api.sks_runtime import SksRuntime
from sandbox.exoscale_api.store import Store
from sandbox.sks.spec import SksError

DEFAULT_ZONE = "ch-gva-2"

_log = logging.getLogger(__name__)

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]
_PATH = re.compile(r"(?:/(?P<zone>[^/]+))?/v2(?P<path>/.*)")
_HOST = re.compile(r"api-(?P<zone>[a-z0-9-]+)\.exoscale\.com(:\d+)?")

_HANDLERS: Mapping[str, Handler] = {
    **anti_affinity_group.OPERATIONS,
    **instance.OPERATIONS,
    **instance_pool.OPERATIONS,
    **instance_type.OPERATIONS,
    **load_balancer.OPERATIONS,
    **load_balancer_service.OPERATIONS,
    **operation.OPERATIONS,
    **quota.OPERATIONS,
    **security_group.OPERATIONS,
    **security_group_rule.OPERATIONS,
    **sks_cluster.OPERATIONS,
    **sks_nodepool.OPERATIONS,
    **zone.OPERATIONS,
}


def create_app(
    *,
    store_dir: Path,
    credentials: Credentials,
    base_url: str,
    runtime: SksRuntime,
    quotas: Mapping[str, int] = quota.DEFAULT_QUOTAS,
    check_answers: bool = False,
) -> Starlette:
    """The account stored in `store_dir` (made if need be), as an ASGI application.

    `base_url` is the address that clients reach it at, without a path. `check_answers` makes an
    answer that Exoscale's OpenAPI document does not allow an error 500. `app.state.resume()` brings
    stored clusters and interrupted operations back; it blocks, and clusters' controllers need the
    API to be served meanwhile. `app.state.account` is the account.
    """
    if urlsplit(base_url).path:
        raise ValueError(f"base_url has a path: {base_url}")
    store = Store(store_dir)
    account = Account(
        store=store,
        operations=Operations(store, sks_cluster.TASKS | sks_nodepool.TASKS),
        runtime=runtime,
        base_url=base_url,
        zones=tuple(document().zones),
        quotas=quotas,
    )
    server = _Server(account, credentials, document(), check_answers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        account.operations.stop()

    app = Starlette(
        routes=[Route("/{path:path}", server.serve, methods=_METHODS)], lifespan=lifespan
    )
    app.state.account = account
    app.state.resume = partial(resume, account)
    return app


class _Server:
    def __init__(
        self, account: Account, credentials: Credentials, document: Document, check_answers: bool
    ) -> None:
        self._account = account
        self._credentials = credentials
        self._document = document
        self._check_answers = check_answers

    async def serve(self, request: Request) -> Response:
        """Answer a request, and log a line without anything of its body or signature."""
        started = time.monotonic()
        raw_path = request.scope["raw_path"].decode("ascii")
        body = await request.body()
        try:
            answer = await run_in_threadpool(self._answer, request, body)
            status = 200
        except ApiError as error:
            answer, status = {"message": str(error)}, error.status
        except SksError as error:
            answer, status = {"message": str(error)}, 503
        except Exception:
            _log.exception("%s %s", request.method, raw_path)
            answer, status = {"message": "Internal Server Error"}, 500
        milliseconds = (time.monotonic() - started) * 1000
        _log.info("%s %s %d %.0f ms", request.method, raw_path, status, milliseconds)
        return JSONResponse(answer, status_code=status)

    def _answer(self, request: Request, body: bytes) -> Any:
        zone_name, path = self._zone_and_path(request)
        self._authenticate(request, path, body)
        if zone_name not in self._account.zones:
            raise NotFound(f"zone {zone_name} not found")
        operation, path_parameters = self._document.match(request.method, path)
        handler = _HANDLERS.get(operation.id)
        if handler is None:
            raise NotSimulated(f"{operation.id} is not simulated")
        query = dict(request.query_params)
        content = _json(body) if operation.body_pointer else None
        self._document.check_request(operation, {**query, **path_parameters}, content)
        call = Call(self._account, zone_name, path_parameters, query, content or {})
        answer = handler(call)
        if self._check_answers:
            self._document.check_answer(operation, answer)
        return answer

    def _authenticate(self, request: Request, path: str, body: bytes) -> None:
        authorization = request.headers.get("authorization", "")
        if not authorization and (request.method, path) == ("GET", "/zone"):
            return  # public on Exoscale; the Python client does not sign it
        verify(
            self._credentials,
            authorization,
            method=request.method,
            path=request.scope["raw_path"].decode("ascii"),
            query=request.scope["query_string"].decode("ascii"),
            body=body,
            now=time.time(),
        )

    @staticmethod
    def _zone_and_path(request: Request) -> tuple[str, str]:
        path = _PATH.fullmatch(request.scope["path"])
        if path is None:
            return DEFAULT_ZONE, request.scope["path"]
        host = _HOST.fullmatch(request.headers.get("host", ""))
        return path["zone"] or (host["zone"] if host else DEFAULT_ZONE), path["path"]


def _json(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadRequest("Invalid request: the body is not JSON") from error
