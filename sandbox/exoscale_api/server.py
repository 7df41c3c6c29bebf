"""The HTTP application: authenticates requests and calls the handlers of their operations."""

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.exoscale_api import iam
from sandbox.exoscale_api.auth import Credentials, signer, verify
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.connection import Dropped
from sandbox.exoscale_api.discovery import find_resources
from sandbox.exoscale_api.errors import ApiError, BadRequest, Forbidden, NotFound, NotSimulated
from sandbox.exoscale_api.fault import (
    Delay,
    Drop,
    DropAnswer,
    Fault,
    OperationFails,
    OperationHangs,
    Status,
)
from sandbox.exoscale_api.fault_routes import PATH as FAULTS, FaultRoutes
from sandbox.exoscale_api.faults import Faults
from sandbox.exoscale_api.jobs import Jobs
from sandbox.exoscale_api.openapi import Document, Operation, document
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.quotas import Quotas
from sandbox.exoscale_api.request_log import Entry
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.resume import resume
from sandbox.exoscale_api.sks_runtime import SksRuntime
from sandbox.exoscale_api.store import Json, Store
from sandbox.exoscale_api.traffic import Traffic
from sandbox.sks.spec import SksError

DEFAULT_ZONE = "ch-gva-2"

_log = logging.getLogger(__name__)

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]
_PATH = re.compile(r"(?:/(?P<zone>[^/]+))?/v2(?P<path>/.*)")
_HOST = re.compile(r"api-(?P<zone>[a-z0-9-]+)\.exoscale\.com(:\d+)?")


def create_app(
    *,
    store_dir: Path,
    credentials: Credentials,
    base_url: str,
    runtime: SksRuntime,
    traffic: Traffic | None = None,
    quotas: Mapping[str, int] | None = None,
    check_answers: bool = False,
) -> Starlette:
    """Returns an ASGI application that serves the account in `store_dir`.

    `app.state.organization` and `app.state.jobs` are the served objects. `app.state.resume()`
    restarts stored clusters and interrupted tasks. It blocks, and the API must be served meanwhile,
    because the clusters' controllers need it.

    Args:
        store_dir: the folder of the store, which is created if it doesn't exist.
        credentials: the account's key.
        base_url: the URL that clients use, without a path.
        runtime: runs the clusters.
        traffic: forwards the traffic of load balancers; None if nodes are simulated.
        quotas: limits by name, in place of those that the resources declare.
        check_answers: whether an answer that violates Exoscale's OpenAPI document becomes an
            error 500.

    Raises:
        ValueError: if `base_url` has a path.
    """
    if urlsplit(base_url).path:
        raise ValueError(f"base_url has a path: {base_url}")
    resources = find_resources()
    declared = [resource.quota for resource in resources if resource.quota]
    if quotas is not None:
        declared = [replace(q, limit=quotas[q.name]) for q in declared if q.name in quotas]
    store = Store(store_dir)
    faults = Faults(store)
    organization = Organization(
        credentials=credentials,
        store=store,
        runtime=runtime,
        base_url=base_url,
        zones=tuple(document().zones),
        faults=faults,
        quotas=Quotas(store, faults, declared),
        traffic=traffic,
    )
    tasks = {name: task for resource in resources for name, task in resource.tasks.items()}
    jobs = Jobs(organization, tasks)
    server = _Server(organization, jobs, resources, document(), check_answers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        jobs.stop()

    app = Starlette(
        routes=[
            Route(FAULTS, server.serve_faults, methods=_METHODS),
            Route(FAULTS + "/{id}", server.serve_faults, methods=_METHODS),
            Route("/{path:path}", server.serve, methods=_METHODS),
        ],
        lifespan=lifespan,
    )
    app.state.organization = organization
    app.state.jobs = jobs
    app.state.resume = partial(resume, organization, jobs, resources)
    return app


class _Server:
    def __init__(
        self,
        organization: Organization,
        jobs: Jobs,
        resources: Sequence[Resource],
        document: Document,
        check_answers: bool,
    ) -> None:
        self._organization = organization
        self._jobs = jobs
        self._document = document
        self._check_answers = check_answers
        self._handlers = {
            id_: handler for resource in resources for id_, handler in resource.operations.items()
        }
        simulated = [found for found in document.operations if found.id in self._handlers]
        recover = [resource.recover for resource in resources if resource.recover]
        self._fault_routes = FaultRoutes(organization, jobs, simulated, recover)

    async def serve(self, request: Request) -> Response:
        """Answers a request to Exoscale's API and logs it."""
        entry = Entry(request)
        body = await request.body()
        response = await _answered(request, lambda: self._respond(request, body, entry))
        entry.write("dropped" if isinstance(response, Dropped) else response.status_code)
        return response

    async def serve_faults(self, request: Request) -> Response:
        """Answers a request about the account's faults."""
        body = await request.body()

        async def respond() -> Response:
            if await run_in_threadpool(self._authenticate, request, body):
                raise Forbidden("faults are for the account's own key")
            answer = self._fault_routes.answer
            path = request.scope["path"]
            return JSONResponse(await run_in_threadpool(answer, request.method, path, _json(body)))

        return await _answered(request, respond)

    async def _respond(self, request: Request, body: bytes, entry: Entry) -> Response:
        zone_name, path = _zone_and_path(request)
        policy = None
        if request.headers.get("authorization") or (request.method, path) != ("GET", "/zone"):
            # Zones are public: Exoscale's client doesn't sign the request.
            policy = await run_in_threadpool(self._authenticate, request, body)
        if zone_name not in self._organization.zones:
            raise NotFound(f"zone {zone_name} not found")
        operation, parameters = self._document.match(request.method, path)
        entry.operation = operation
        if policy:
            iam.authorize(policy, operation)
        entry.fault = await run_in_threadpool(self._organization.faults.strike, operation, path)
        effect = entry.fault.effect if entry.fault else None
        match effect:
            case Status():
                return _fault_status(effect)
            case Delay():
                await asyncio.sleep(effect.milliseconds / 1000)
            case Drop():
                return Dropped()
        query = dict(request.query_params)
        call = Call(self._organization, self._jobs, zone_name, parameters, query, {})
        answer = await run_in_threadpool(self._answer, operation, call, body, entry.fault)
        return Dropped() if isinstance(effect, DropAnswer) else JSONResponse(answer)

    def _answer(self, operation: Operation, call: Call, body: bytes, fault: Fault | None) -> Any:
        if operation.id not in self._handlers:
            raise NotSimulated(f"{operation.id} is not simulated")
        content = _json(body) if operation.body_pointer else None
        self._document.check_request(operation, {**call.query, **call.path}, content)
        request = partial(self._handlers[operation.id], replace(call, body=content or {}))
        match fault:
            case Fault(effect=OperationFails(message=message)):
                answer = self._jobs.fail(request, message)
            case Fault(effect=OperationHangs(), id=holder):
                answer = self._jobs.hold(request, holder)
            case _:
                answer = request()
        if self._check_answers:
            self._document.check_answer(operation, answer)
        return answer

    def _authenticate(self, request: Request, body: bytes) -> Json | None:
        """Checks the signature and returns the policy of the key, None for the account's own key.

        Raises:
            Forbidden: if the signature is not valid.
        """
        authorization = request.headers.get("authorization", "")
        key = self._organization.store.find(iam.KEY, signer(authorization))
        credentials = self._organization.credentials
        verify(
            credentials.of(key["key"]) if key else credentials,
            authorization,
            method=request.method,
            path=request.scope["raw_path"].decode("ascii"),
            query=request.scope["query_string"].decode("ascii"),
            body=body,
            now=time.time(),
        )
        return iam.policy_of(self._organization.store, key) if key else None


def _zone_and_path(request: Request) -> tuple[str, str]:
    path = _PATH.fullmatch(request.scope["path"])
    if path is None:
        return DEFAULT_ZONE, request.scope["path"]
    host = _HOST.fullmatch(request.headers.get("host", ""))
    return path["zone"] or (host["zone"] if host else DEFAULT_ZONE), path["path"]


async def _answered(request: Request, respond: Callable[[], Awaitable[Response]]) -> Response:
    """Returns the response of `respond`, or the response for the error that it raises."""
    try:
        return await respond()
    except ApiError as error:
        return _failure(error.status, str(error))
    except SksError as error:
        return _failure(503, str(error))
    except Exception:
        _log.exception("%s %s", request.method, request.scope["path"])
        return _failure(500, "Internal Server Error")


def _failure(status: int, message: str) -> JSONResponse:
    return JSONResponse({"message": message}, status_code=status)


def _fault_status(effect: Status) -> JSONResponse:
    response = _failure(effect.status, HTTPStatus(effect.status).phrase)
    if effect.retry_after is not None:
        response.headers["Retry-After"] = str(effect.retry_after)
    return response


def _json(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadRequest("Invalid request: the body is not JSON") from error
