"""The Exoscale plugin as the engine calls it, over an account in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import grpc
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins import wire
from sandbox.plugins.exoscale.provider import ExoscaleProvider
from sandbox.sks.kubeconfig import kubeconfig
from sandbox.sks.pki import Authority, new_authority
from tests.support.exoscale_account import MemoryRuntime

KINDS = {
    "AntiAffinityGroup": "exoscale:index/antiAffinityGroup:AntiAffinityGroup",
    "Dbaas": "exoscale:index/dbaas:Dbaas",
    "Domain": "exoscale:index/domain:Domain",
    "DomainRecord": "exoscale:index/domainRecord:DomainRecord",
    "IamApiKey": "exoscale:index/iamApiKey:IamApiKey",
    "IamRole": "exoscale:index/iamRole:IamRole",
    "Nlb": "exoscale:index/nlb:Nlb",
    "PrivateNetwork": "exoscale:index/privateNetwork:PrivateNetwork",
    "SecurityGroup": "exoscale:index/securityGroup:SecurityGroup",
    "SecurityGroupRule": "exoscale:index/securityGroupRule:SecurityGroupRule",
    "SksCluster": "exoscale:index/sksCluster:SksCluster",
    "SksKubeconfig": "exoscale:index/sksKubeconfig:SksKubeconfig",
    "SksNodepool": "exoscale:index/sksNodepool:SksNodepool",
}


class Refused(Exception):
    """The call ended with an error; `kept` is what a creation or update left, if anything."""

    def __init__(self, message: str, kept: provider_pb2.ErrorResourceInitFailed | None) -> None:
        super().__init__(message)
        self.kept = kept


class Context:
    """A gRPC context."""

    def __init__(self) -> None:
        self._details = b""

    def set_trailing_metadata(self, metadata: Sequence[tuple[str, bytes]]) -> None:
        self._details = dict(metadata)["grpc-status-details-bin"]

    def abort(self, code: grpc.StatusCode, message: str) -> None:
        kept = None
        if self._details:
            kept = provider_pb2.ErrorResourceInitFailed()
            status_pb2.Status.FromString(self._details).details[0].Unpack(kept)
        raise Refused(message, kept)


class QuietEngine:
    """Takes status lines and warnings, and remembers them."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def status(self, urn: str, message: str) -> None:
        self.lines.append(message)

    def warning(self, urn: str, message: str) -> None:
        self.lines.append(message)


class Plugin:
    """The plugin, by plain values: each method is one of the engine's calls."""

    def __init__(self) -> None:
        self.engine = QuietEngine()
        self.provider = ExoscaleProvider(self.engine)  # type: ignore[arg-type]
        self.provider.configure({"key": "EXOtest", "secret": "a-secret"})

    def call(self, method: str, request: Any) -> Any:
        """Call one method of the protocol; raises Refused if the answer is an error."""
        return getattr(self.provider, method)(request, Context())

    def check(
        self, kind: str, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """The checked inputs; fails if there is a failure."""
        answer = self._check(kind, news, olds or {}, **more)
        assert not answer.failures, answer.failures
        return wire.decode(answer.inputs)

    def failures(self, kind: str, news: Mapping[str, Any]) -> list[str]:
        return [failure.reason for failure in self._check(kind, news, {}).failures]

    def diff(
        self, kind: str, state: Mapping[str, Any], news: Mapping[str, Any]
    ) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            urn=_urn(kind), olds=wire.encode(state), news=wire.encode(news)
        )
        answer: provider_pb2.DiffResponse = self.call("Diff", request)
        return answer

    def preview(self, kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.CreateRequest(
            urn=_urn(kind), properties=wire.encode(inputs), preview=True
        )
        return wire.decode(self.call("Create", request).properties)

    def create(
        self, kind: str, news: Mapping[str, Any], timeout: float = 0
    ) -> tuple[str, dict[str, Any]]:
        """Check and create: the ID and the outputs."""
        inputs = wire.encode(self.check(kind, news))
        request = provider_pb2.CreateRequest(urn=_urn(kind), properties=inputs, timeout=timeout)
        answer = self.call("Create", request)
        return answer.id, wire.decode(answer.properties)

    def read(
        self,
        kind: str,
        object_id: str,
        state: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The ID, the outputs and the inputs."""
        request = provider_pb2.ReadRequest(
            urn=_urn(kind),
            id=object_id,
            properties=wire.encode(state or {}),
            inputs=wire.encode(inputs or {}),
        )
        answer = self.call("Read", request)
        return answer.id, wire.decode(answer.properties), wire.decode(answer.inputs)

    def update(
        self,
        kind: str,
        object_id: str,
        state: Mapping[str, Any],
        news: Mapping[str, Any],
        preview: bool = False,
    ) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            urn=_urn(kind),
            id=object_id,
            olds=wire.encode(state),
            news=wire.encode(news),
            preview=preview,
        )
        return wire.decode(self.call("Update", request).properties)

    def delete(self, kind: str, object_id: str, state: Mapping[str, Any]) -> None:
        request = provider_pb2.DeleteRequest(
            urn=_urn(kind), id=object_id, properties=wire.encode(state)
        )
        self.call("Delete", request)

    def invoke(self, function: str, **arguments: Any) -> dict[str, Any]:
        """What a function returns."""
        token = f"exoscale:index/{function}:{function}"
        request = provider_pb2.InvokeRequest(tok=token, args=wire.encode(arguments))
        answer = self.call("Invoke", request)
        return wire.decode(getattr(answer, "return"))

    def _check(
        self, kind: str, news: Mapping[str, Any], olds: Mapping[str, Any], **more: Any
    ) -> provider_pb2.CheckResponse:
        request = provider_pb2.CheckRequest(
            urn=_urn(kind),
            news=wire.encode(news),
            olds=wire.encode(olds),
            **{"randomSeed": b"seed", **more},
        )
        answer: provider_pb2.CheckResponse = self.call("Check", request)
        return answer


def _urn(kind: str) -> str:
    return f"urn:pulumi:dev::test::{KINDS.get(kind, kind)}::thing"


class CertifyingRuntime(MemoryRuntime):
    """Its kubeconfigs hold certificates of the lifetime asked for."""

    def kubeconfig(
        self, cluster_id: str, user: str, groups: Sequence[str], ttl_seconds: int
    ) -> str:
        authority = Authority(new_authority("test"))
        return kubeconfig(
            cluster=cluster_id,
            server="https://127.0.0.1:1",
            authority=authority.certificate,
            user=user,
            pair=authority.sign_client(user, groups, timedelta(seconds=ttl_seconds)),
        )
