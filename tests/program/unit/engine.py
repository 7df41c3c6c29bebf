"""Pulumi's engine, mocked: records what a program declares."""

from __future__ import annotations

import asyncio
import gc
from asyncio import Future
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, TypeVar
from unittest.mock import patch

import grpc
import pulumi
import pulumi.runtime.resource
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.stack import run_pulumi_func

from components.dns import zone
from tests.support.resource_names import without_namespace

T = TypeVar("T")
NODEPOOL = "exoscale:index/sksNodepool:SksNodepool"

COMPUTED: dict[str, dict[str, Any]] = {
    "exoscale:index/nlb:Nlb": {"ipAddress": "203.0.113.8"},
    "exoscale:index/sksKubeconfig:SksKubeconfig": {"kubeconfig": "kind: Config"},
    "kubernetes:helm.sh/v3:Release": {
        "status": {"name": "ingress-nginx", "namespace": "ingress-nginx"}
    },
    "kubernetes:core/v1:Service": {
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    },
    "pulumi:pulumi:StackReference": {
        "outputs": {"kubeconfig": "kind: Config"},
        "secretOutputNames": ["kubeconfig"],
    },
}

LOST = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2aff"
"""The ID of a load balancer that is not in the account."""

UNANSWERED = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2afe"
"""The ID of one that is asked for when the engine ends."""

ANSWERS: dict[str, dict[str, Any]] = {
    "exoscale:index/getNlb:getNlb": {"state": "running"},
    "exoscale:index/getDatabaseUri:getDatabaseUri": {
        "uri": "postgres://admin:hidden@db.example.com:21699/defaultdb?sslmode=require"
    },
    "exoscale:index/getInstancePoolList:getInstancePoolList": {
        "pools": [
            {
                "id": pool,
                "securityGroupIds": [group],
                "instances": [{"publicIpAddress": address} for address in addresses],
            }
            for pool, group, addresses in (
                ("cluster-workers-instances", "cluster-id", ["192.0.2.8", "192.0.2.6"]),
                ("somebody's", "another", ["192.0.2.9"]),
                ("replaced", "cluster-id", ["192.0.2.7"]),
            )
        ]
    },
}


ZONE, ZONE_ID = "example.com", "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a4f"
"""The DNS zone in the account, and its ID."""


class DnsApi:
    """Exoscale's API for DNS, in an account with one zone that has no records but its own."""

    def get(self, path: str) -> dict[str, Any]:
        if path == "/dns-domain":
            return {"dns-domains": [{"unicode-name": ZONE, "id": ZONE_ID}]}
        assert path.endswith("/record")
        server = {"name": "", "type": "NS", "content": "ns1.exoscale.ch"}
        return {"dns-domain-records": [server]}


class NotFound(grpc.RpcError):
    """A provider's answer that what is looked for is not there."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "invoking exoscale:index/getNlb:getNlb: 1 error occurred:\n\t* resource not found"


class Closing(grpc.RpcError):
    """What comes in place of an answer where the engine ends meanwhile."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.CANCELLED

    def details(self) -> str:
        return "rpc error: code = Canceled desc = grpc: the client connection is closing"


@dataclass
class Engine(Mocks):
    """Answers as providers would, and remembers every resource by its type and name."""

    resources: list[MockResourceArgs] = field(default_factory=list)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.resources.append(args)
        state = {"name": args.name, **args.inputs, **COMPUTED.get(args.typ, {})}
        if args.typ == NODEPOOL:
            state["instancePoolId"] = f"{args.name}-instances"
        if "metadata" in state:
            named = {"name": without_namespace(args.typ, args.name)}
            state["metadata"] = named | state["metadata"]
        return args.resource_id or f"{args.name}-id", state

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        """Take a hook as the callback server does; no operation here runs it."""

    def register_error_hook(self, hook: pulumi.ErrorHook) -> None:
        """Take a hook as the callback server does; no operation here fails."""

    def call(self, args: MockCallArgs) -> Any:
        if args.args.get("id") == LOST:
            raise NotFound
        if args.args.get("id") == UNANSWERED:
            raise Closing
        return ANSWERS[args.token] | args.args

    def of_type(self, typ: str) -> dict[str, dict[str, Any]]:
        """The inputs of the resources whose type ends with `typ`, by name without namespace."""
        found = [each for each in self.resources if each.typ.endswith(f":{typ}")]
        return {without_namespace(each.typ, each.name): each.inputs for each in found}


class Loop(asyncio.SelectorEventLoop):
    """An event loop that runs at once what others hand to a thread: here, nothing waits.

    The engine answers as if in a process of its own, which does not see the program's settings.
    """

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> Future[T]:  # type: ignore[override]
        done: Future[T] = self.create_future()
        try:
            done.set_result(Context().run(func, *args))
        except Exception as error:
            done.set_exception(error)
        return done


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waits for something")


def run(
    program: Callable[[], Any], stack: str = "test", *, preview: bool = False
) -> tuple[Engine, Any]:
    """Run a program against a new mocked engine; what it returns is resolved if an output.

    Most of a test's time is here, so garbage is looked for afterwards, no resource notes the stack
    that it comes from, which is deep below pytest, and the engine answers in the same thread.
    """
    engine = Engine()
    loop = Loop()
    asyncio.set_event_loop(loop)
    pulumi.runtime.set_mocks(
        engine, project="webapp", stack=stack, preview=preview, organization="organization"
    )
    settings = pulumi.runtime.settings.SETTINGS
    settings.callbacks = engine
    settings.rpc_manager.clear()
    settings.outputs.clear()
    root = pulumi.runtime.get_root_resource()
    assert root  # one for all tests
    root._transformations = []
    result: list[Any] = []

    def body() -> Any:
        returned = program()
        return pulumi.Output.from_input(returned).apply(result.append).future()

    gc.disable()
    try:
        with (
            patch.object(pulumi.runtime.resource, "_get_stack_trace", StackTrace),
            patch.object(pulumi.runtime.mocks, "_sync_await", at_once),
            patch.object(zone, "dns_api", DnsApi),
        ):
            loop.run_until_complete(run_pulumi_func(body))
    finally:
        gc.enable()
        loop.close()
    return engine, result[0]
