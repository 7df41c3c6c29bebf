"""The provider, which dispatches the engine's calls to the resources."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins import property_diff, rpc, wire
from sandbox.plugins.exoscale import api, check, configuration, framework, plan, schema
from sandbox.plugins.exoscale.anti_affinity_group import AntiAffinityGroup
from sandbox.plugins.exoscale.autonaming import automatic_name
from sandbox.plugins.exoscale.dbaas import Dbaas
from sandbox.plugins.exoscale.domain import Domain
from sandbox.plugins.exoscale.domain_record import DomainRecord
from sandbox.plugins.exoscale.fields import without_defaults_key
from sandbox.plugins.exoscale.functions import FUNCTIONS
from sandbox.plugins.exoscale.iam_api_key import IamApiKey
from sandbox.plugins.exoscale.iam_role import IamRole
from sandbox.plugins.exoscale.nlb import Nlb
from sandbox.plugins.exoscale.private_network import PrivateNetwork
from sandbox.plugins.exoscale.resource import UNFINISHED, ResourceType
from sandbox.plugins.exoscale.security_group import SecurityGroup
from sandbox.plugins.exoscale.security_group_rule import SecurityGroupRule
from sandbox.plugins.exoscale.sks_cluster import SksCluster
from sandbox.plugins.exoscale.sks_kubeconfig import SksKubeconfig
from sandbox.plugins.exoscale.sks_nodepool import SksNodepool
from sandbox.plugins.rpc import ProviderError

RESOURCES: Final[tuple[type[ResourceType], ...]] = (
    AntiAffinityGroup,
    Dbaas,
    Domain,
    DomainRecord,
    IamApiKey,
    IamRole,
    Nlb,
    PrivateNetwork,
    SecurityGroup,
    SecurityGroupRule,
    SksCluster,
    SksKubeconfig,
    SksNodepool,
)


class ExoscaleProvider(rpc.Provider):
    name = "exoscale"
    version = "0.66.1"

    def __init__(self, engine: rpc.Engine) -> None:
        super().__init__(engine)
        self._resources = {kind.token: kind() for kind in RESOURCES}
        self._account: api.Clients | None = None
        self._timeout = api.DEFAULT_TIMEOUT

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: Any
    ) -> provider_pb2.CheckResponse:
        """Adds the credentials in the environment to the provider's inputs."""
        failures = [
            provider_pb2.CheckFailure(
                reason=f"`exoscale:{key}` is not a valid configuration key for the exoscale "
                "provider. If the referenced key is not intended for the provider, please choose "
                "a different namespace from `exoscale:`."
            )
            for key in configuration.unknown_names(request.news.fields)
        ]
        given = wire.decode(request.news)
        inputs = {**given, **configuration.from_environment(given)}
        return provider_pb2.CheckResponse(inputs=wire.encode(inputs), failures=failures)

    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: Any
    ) -> provider_pb2.DiffResponse:
        olds, news = (wire.reveal(wire.decode(side)) for side in (request.olds, request.news))
        return rpc.diff_response(property_diff.diff(olds, news))

    def configure(self, args: dict[str, Any]) -> None:
        values = wire.reveal(args)
        self._account = configuration.account(values)
        self._timeout = configuration.timeout(values)

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: Any
    ) -> provider_pb2.GetSchemaResponse:
        document = schema.package(self.name, self.version, self._resources.values())
        return provider_pb2.GetSchemaResponse(schema=document)

    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: Any
    ) -> provider_pb2.InvokeResponse:
        function = FUNCTIONS.get(request.tok)
        if function is None:
            raise ProviderError(f"the function {request.tok} is not supported")
        arguments = wire.reveal(wire.decode(request.args))
        with _telling(f"invoking {request.tok}: "):
            answer = function(self._connected(), arguments)
        return provider_pb2.InvokeResponse(**{"return": wire.encode(answer)})

    def Check(self, request: provider_pb2.CheckRequest, context: Any) -> provider_pb2.CheckResponse:
        kind, name = self._kind(request.urn), _name(request.urn)
        given = wire.decode(request.news)
        news = wire.reveal(given)
        more = kind.problems(news)
        if kind.framework:
            more = [*more, *framework.type_problems(kind.fields, news)]
        problems = check.failures(kind.fields, news, name, more)
        if problems:
            return provider_pb2.CheckResponse(
                failures=[provider_pb2.CheckFailure(reason=text) for text in problems]
            )
        olds = wire.reveal(wire.decode(request.olds))
        inputs = check.with_defaults(kind.fields, olds, news, lambda: automatic_name(request, name))
        if kind.framework:
            inputs = framework.inputs(inputs)
        return provider_pb2.CheckResponse(inputs=_encoded(kind, inputs, given))

    def Diff(self, request: provider_pb2.DiffRequest, context: Any) -> provider_pb2.DiffResponse:
        kind = self._kind(request.urn)
        state, news = (wire.reveal(wire.decode(side)) for side in (request.olds, request.news))
        if kind.framework:
            news = framework.with_defaults(kind.fields, news)
            return framework.diff(kind.fields, state, news, settled_id=kind.settled_id)
        found = plan.changes(kind.fields, state, news)
        replaces = plan.forced_replacements(kind.fields, found)
        if found:
            found |= plan.told_maps(kind.fields, state, news)
        forced = kind.plan(state, plan.planned_update(kind.fields, state, news))
        properties = [rpc.top_level(path) for path in (*replaces, *forced)]
        stable = {field.name for field in kind.fields if field.force_new}
        answer = rpc.diff_response(
            {**found, **forced},
            replaces,
            delete_before_replace=bool(properties)
            and plan.delete_before_replace(kind.fields, news),
            stables=sorted(stable.difference(properties)),
        )
        answer.replaces[:] = properties
        return answer

    def Create(
        self, request: provider_pb2.CreateRequest, context: Any
    ) -> provider_pb2.CreateResponse:
        kind = self._kind(request.urn)
        inputs = wire.decode(request.properties)
        news = _wanted(kind, inputs)
        if request.preview:
            planned = (
                framework.planned(kind.fields, None, news)
                if kind.framework
                else plan.planned_creation(kind.fields, news)
            )
            kind.plan(None, planned)
            return provider_pb2.CreateResponse(properties=_encoded(kind, planned, inputs))
        call = self._call(request.urn, request.timeout)
        prior = dict(news)
        try:
            with _telling(""):
                prior.update(kind.create(call, news))
                outputs = _existing(kind, call, prior, created=True)
        except ProviderError as error:
            self._keep(kind, call, prior, inputs, error)
            raise
        return provider_pb2.CreateResponse(
            id=str(call.object_id), properties=_encoded(kind, outputs, inputs)
        )

    def Read(self, request: provider_pb2.ReadRequest, context: Any) -> provider_pb2.ReadResponse:
        kind = self._kind(request.urn)
        given, olds = wire.decode(request.properties), wire.decode(request.inputs)
        state, object_id = wire.reveal(given), request.id
        if not state:
            try:
                object_id, state = kind.parse_import_id(object_id)
            except framework.TitledError:
                raise
            except ProviderError as error:
                self.engine.warning(request.urn, str(error))
                return provider_pb2.ReadResponse()
        call = self._call(request.urn, request.timeout, object_id)
        with _telling(f"refreshing {request.urn}: "):
            outputs = _look(kind, call, state, read=True)
        if outputs is None:
            return provider_pb2.ReadResponse()
        planner = framework if kind.framework else plan
        inputs = (
            planner.refreshed_inputs(wire.reveal(olds), outputs)
            if given
            else planner.imported_inputs(kind.fields, outputs)
        )
        properties, inputs = _hidden(kind, outputs, {**olds, **given}), _hidden(kind, inputs, olds)
        if outputs.get("state") in UNFINISHED:
            reason = f"{_name(request.urn)} is in state {outputs['state']}"
            raise rpc.InitializationError(str(call.object_id), properties, [reason], inputs)
        return provider_pb2.ReadResponse(
            id=str(call.object_id),
            properties=wire.encode(properties),
            inputs=wire.encode(inputs),
        )

    def Update(
        self, request: provider_pb2.UpdateRequest, context: Any
    ) -> provider_pb2.UpdateResponse:
        kind = self._kind(request.urn)
        inputs = wire.decode(request.news)
        state = wire.reveal(wire.decode(request.olds))
        news = _wanted(kind, inputs)
        if kind.framework:
            planned = framework.planned(kind.fields, state, news)
            changed = framework.changed(kind.fields, state, planned)
        else:
            planned = plan.planned_update(kind.fields, state, news)
            changed = {rpc.top_level(path) for path in plan.changes(kind.fields, state, news)}
        if request.preview:
            return provider_pb2.UpdateResponse(properties=_encoded(kind, planned, inputs))
        call = self._call(request.urn, request.timeout, request.id)
        try:
            with _telling(f"updating {request.urn}: "):
                kind.update(call, request.id, state, news, changed)
                outputs = _existing(kind, call, planned)
        except ProviderError as error:
            self._keep(kind, call, state, inputs, error)
            raise
        return provider_pb2.UpdateResponse(properties=_encoded(kind, outputs, inputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: Any) -> empty_pb2.Empty:
        kind = self._kind(request.urn)
        state = wire.reveal(wire.decode(request.properties))
        call = self._call(request.urn, request.timeout, request.id)
        with _telling(f"deleting {request.urn}: "):
            try:
                kind.delete(call, request.id, state)
            except Exception as error:
                if not api.is_not_found(error):
                    raise
        return empty_pb2.Empty()

    def _keep(
        self,
        kind: ResourceType,
        call: api.ProviderCall,
        prior: Mapping[str, Any],
        inputs: Mapping[str, Any],
        error: ProviderError,
    ) -> None:
        """Reports an object that exists in spite of a failure to the engine.

        Raises:
            InitializationError: with the current outputs, if the object exists.
        """
        if call.object_id is None:
            return
        outputs: Mapping[str, Any] | None = prior
        with suppress(*api.api_errors()):
            outputs = _look(kind, call, prior)
        if outputs is not None:
            properties = _hidden(kind, outputs, inputs)
            raise rpc.InitializationError(call.object_id, properties, [str(error)]) from error

    def _kind(self, urn: str) -> ResourceType:
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        if token not in self._resources:
            raise ProviderError(f"the resource type {token} is not supported")
        return self._resources[token]

    def _connected(self) -> api.Clients:
        if self._account is None:
            raise ProviderError("the provider is not configured")
        return self._account

    def _call(self, urn: str, timeout: float, object_id: str | None = None) -> api.ProviderCall:
        deadline = time.monotonic() + (timeout or self._timeout)
        return api.ProviderCall(
            self._connected(), self.engine, self.cancelled, urn, deadline, object_id
        )


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _wanted(kind: ResourceType, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the plain inputs with all defaults."""
    news: dict[str, Any] = without_defaults_key(wire.reveal(inputs))
    return framework.with_defaults(kind.fields, news) if kind.framework else news


def _hidden(kind: ResourceType, values: Mapping[str, Any], template: Mapping[str, Any]) -> Any:
    """Returns the values with the secrets of the schema and of `template`."""
    return wire.conceal(plan.with_secrets(kind.fields, values), template)


def _encoded(kind: ResourceType, values: Mapping[str, Any], template: Mapping[str, Any]) -> Any:
    return wire.encode(_hidden(kind, values, template))


@contextmanager
def _telling(doing: str) -> Iterator[None]:
    """Adds the failed action to errors, as the bridge and Terraform's SDK do."""
    try:
        yield
    except framework.TitledError:
        raise
    except Exception as error:
        if not isinstance(error, api.api_errors()):
            raise
        problem = f"1 error occurred:\n\t* {api.describe(error)}\n\n"
        raise ProviderError(f"{doing}{problem}") from error


def _look(
    kind: ResourceType,
    call: api.ProviderCall,
    prior: Mapping[str, Any],
    *,
    read: bool = False,
    created: bool = False,
) -> dict[str, Any] | None:
    """Returns the current outputs of the call's object, `None` if it doesn't exist."""
    try:
        found = kind.read(call, str(call.object_id), prior)
    except Exception as error:
        if not api.is_not_found(error):
            raise
        return None
    if found is None:
        return None
    if kind.framework:
        return {**found, **kind.meta, "id": call.object_id}
    if read:
        found = {**found, **kind.refreshed(prior, found)}
    merged = plan.merged(kind.fields, prior, found, read=read, created=created)
    return {**merged, **kind.meta, "id": call.object_id}


def _existing(
    kind: ResourceType, call: api.ProviderCall, prior: Mapping[str, Any], *, created: bool = False
) -> dict[str, Any]:
    outputs = _look(kind, call, prior, created=created)
    if outputs is None:
        raise ProviderError("it is gone: run `pulumi refresh`")
    return outputs
