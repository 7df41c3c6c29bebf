"""An Exoscale plugin, the sandbox's own or another, over an account without processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from exoscale.api.v2 import Client
from pulumi.runtime.proto import provider_pb2

from sandbox.daemon.fault_client import FaultClient
from sandbox.plugins.wire import decode, encode
from tests.sandbox.integration.plugin_process import InitializationFailed, PluginProcess
from tests.support.account import VERSION
from tests.support.exoscale_plugin import Plugin, Refused
from tests.support.served_account import served_account

OURS = (sys.executable, "-m", "sandbox.plugins.exoscale")
PROVIDER = "urn:pulumi:dev::test::pulumi:providers:exoscale::default"
BOOKKEEPING = ("__meta", "__pulumi_raw_state_delta")
"""What the bridge keeps for itself in states."""

ZONE = {"zone": "ch-gva-2"}
CLUSTER = ZONE | {"serviceLevel": "starter", "version": VERSION}
ABSENT = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
"""The id of nothing."""


@dataclass(frozen=True)
class World:
    """An account, reached under Exoscale's own name too."""

    api: Client
    faults: FaultClient
    environment: Mapping[str, str]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Serve an account until the block ends."""
    with served_account(folder / "api") as served:
        account = served.account
        api = Client(account.api_key, account.api_secret, url=account.endpoint)
        api.http_client.trust_env = False
        yield World(api, served.faults, served.variables)


class ExoscalePlugin(Plugin):
    """The plugin, by plain values, in a process of its own."""

    def __init__(self, process: PluginProcess) -> None:
        self._process = process

    def call(self, method: str, request: Any) -> Any:
        try:
            return self._process.call(method, request)
        except InitializationFailed as failure:
            kept = provider_pb2.ErrorResourceInitFailed(
                id=failure.object_id,
                properties=encode(failure.properties),
                reasons=failure.reasons,
            )
            raise Refused("; ".join(failure.reasons), kept) from failure
        except grpc.RpcError as error:
            raise Refused(error.details() or "", None) from error

    def configure(self) -> dict[str, Any]:
        """Configure it from its environment alone; returns the checked inputs."""
        inputs = self.call("CheckConfig", provider_pb2.CheckRequest(urn=PROVIDER)).inputs
        self.call("Configure", provider_pb2.ConfigureRequest(args=inputs, acceptSecrets=True))
        return decode(inputs)


@contextmanager
def running(program: tuple[str | Path, ...], environment: Mapping[str, str]) -> Iterator[Any]:
    """The plugin that `program` is, not configured yet."""
    process = PluginProcess(program, environment)
    try:
        yield ExoscalePlugin(process)
    finally:
        process.interrupt()
        process.end()


def given(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state without the bridge's bookkeeping, and without what is null."""
    return {
        key: given(value) if isinstance(value, Mapping) else value
        for key, value in state.items()
        if value is not None and key not in BOOKKEEPING
    }


def pool(cluster: str, name: str, **more: Any) -> dict[str, Any]:
    """The inputs of a nodepool of one node."""
    chosen = {"clusterId": cluster, "name": name, "instanceType": "standard.small", "size": 1}
    return ZONE | chosen | more
