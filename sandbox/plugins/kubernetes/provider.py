"""The plugin's side of the provider protocol: configuration, and which resource goes where."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins import wire
from sandbox.plugins.kubernetes import config_diff, naming
from sandbox.plugins.kubernetes import options as provider_options
from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.kubernetes.difference import parse_path
from sandbox.plugins.kubernetes.kinds import type_of
from sandbox.plugins.kubernetes.options import Options
from sandbox.plugins.kubernetes.resources import KubernetesResources
from sandbox.plugins.rpc import Engine, Provider, ProviderError, diff_response
from sandbox.plugins.wire import Unknown, decode, encode

if TYPE_CHECKING:
    from sandbox.plugins.kubernetes.helm_release import HelmReleases

_HELM_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
_DELETE_UNREACHABLE_HELP: Final = (
    "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the "
    'operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'
)


class KubernetesProvider(Provider):
    """Objects of any built-in or custom kind, and Helm releases."""

    name = "kubernetes"
    version = "4.34.2"

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._lock = threading.Lock()
        self._helm: HelmReleases | None = None
        self._warned = False

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: Any
    ) -> provider_pb2.CheckResponse:
        news = decode(request.news)
        if isinstance(wire.reveal(news.get("kubeconfig")), Unknown):
            self.engine.info(
                request.urn,
                "the kubeconfig is not known yet: the preview goes on without asking the cluster",
            )
        return _check_response(request.news, provider_options.check(news))

    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: Any
    ) -> provider_pb2.DiffResponse:
        changes, replaces = config_diff.compare(decode(request.olds), decode(request.news))
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changes else response.DIFF_NONE,
            diffs=changes,
            replaces=replaces,
        )

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Any
    ) -> provider_pb2.ConfigureResponse:
        self.configure(decode(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def configure(self, args: dict[str, Any]) -> None:
        self._options = Options.of(args)
        self._cluster = Cluster(self._options)
        # Connected beside what comes first: names and diffs, which ask no cluster.
        threading.Thread(target=self._cluster.unreachable_reason, daemon=True).start()
        self._resources = KubernetesResources(
            self._cluster, self._options, self.engine, self.cancelled
        )

    def Check(self, request: provider_pb2.CheckRequest, context: Any) -> provider_pb2.CheckResponse:
        olds, news = decode(request.olds), decode(request.news)
        if _is_release(request.urn):
            inputs, failures = self._releases().check(request.urn, olds, news)
            return _check_response(encode(inputs), failures)
        inputs = self._resources.check(
            request.urn, olds, news, request.randomSeed, _autonaming(request)
        )
        return _check_response(encode(inputs), [])

    def Diff(self, request: provider_pb2.DiffRequest, context: Any) -> provider_pb2.DiffResponse:
        olds, news = decode(request.olds), decode(request.news)
        ignored = [parse_path(path) for path in request.ignoreChanges]
        if _is_release(request.urn):
            changes, replaces, delete_first = self._releases().diff(
                request.urn, request.id, decode(request.old_inputs), olds, news
            )
            return diff_response(changes, replaces, delete_before_replace=delete_first)
        difference = self._resources.diff(request.urn, olds, news, ignored)
        return diff_response(
            difference.changes,
            difference.replaces,
            delete_before_replace=difference.delete_before_replace,
            input_diff=False,
        )

    def Create(
        self, request: provider_pb2.CreateRequest, context: Any
    ) -> provider_pb2.CreateResponse:
        properties, timeout = decode(request.properties), request.timeout or None
        if not self._reachable(request.urn, preview=request.preview):
            return provider_pb2.CreateResponse(properties=request.properties)
        if _is_release(request.urn):
            identifier, outputs = self._releases().create(
                request.urn, properties, timeout, request.preview
            )
        else:
            identifier, outputs = self._resources.create(
                request.urn, properties, timeout, preview=request.preview
            )
        return provider_pb2.CreateResponse(id=identifier, properties=encode(outputs))

    def Read(self, request: provider_pb2.ReadRequest, context: Any) -> provider_pb2.ReadResponse:
        if not self._may_touch(
            request.urn, "failed to read resource state due to unreachable cluster"
        ):
            return provider_pb2.ReadResponse()
        old_inputs, olds = decode(request.inputs), decode(request.properties)
        if _is_release(request.urn):
            release = self._releases().read(request.urn, request.id, old_inputs, olds)
            if release is None:
                return provider_pb2.ReadResponse()
            identifier, inputs, outputs = release
        else:
            found = self._resources.read(request.urn, request.id, old_inputs, olds)
            if found is None:
                return provider_pb2.ReadResponse()
            identifier, (inputs, outputs) = request.id, found
        return provider_pb2.ReadResponse(
            id=identifier, inputs=encode(inputs), properties=encode(outputs)
        )

    def Update(
        self, request: provider_pb2.UpdateRequest, context: Any
    ) -> provider_pb2.UpdateResponse:
        olds, news, timeout = decode(request.olds), decode(request.news), request.timeout or None
        if not self._reachable(request.urn, preview=request.preview):
            return provider_pb2.UpdateResponse(properties=request.news)
        if _is_release(request.urn):
            outputs = self._releases().update(
                request.urn,
                request.id,
                olds,
                decode(request.old_inputs),
                news,
                timeout,
                request.preview,
            )
        else:
            outputs = self._resources.update(
                request.urn,
                olds,
                news,
                timeout,
                [parse_path(path) for path in request.ignoreChanges],
                preview=request.preview,
            )
        return provider_pb2.UpdateResponse(properties=encode(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: Any) -> empty_pb2.Empty:
        olds, timeout = decode(request.properties), request.timeout or None
        if self._may_touch(request.urn, "configured Kubernetes cluster is unreachable"):
            if _is_release(request.urn):
                self._releases().delete(request.urn, request.id, olds, timeout)
            else:
                self._resources.delete(request.urn, olds, timeout)
        return empty_pb2.Empty()

    def GetSchema(self, request: provider_pb2.GetSchemaRequest, context: Any) -> None:
        raise ProviderError(
            "the sandbox has no schema of the package 'kubernetes', so no code can be generated "
            "(pulumi import: use --generate-code=false)"
        )

    def Invoke(self, request: provider_pb2.InvokeRequest, context: Any) -> None:
        raise ProviderError(f"the function {request.tok!r} is not supported by the sandbox")

    def Call(self, request: provider_pb2.CallRequest, context: Any) -> None:
        raise ProviderError(f"the method {request.tok!r} is not supported by the sandbox")

    def Construct(self, request: provider_pb2.ConstructRequest, context: Any) -> None:
        raise ProviderError(f"the resource type {request.type!r} is not supported by the sandbox")

    def _reachable(self, urn: str, *, preview: bool) -> bool:
        """Whether there is a cluster; without one, a preview goes on and anything else fails."""
        reason = self._cluster.unreachable_reason()
        if reason is None:
            return True
        if not preview:
            raise ProviderError(f"configured Kubernetes cluster is unreachable: {reason}")
        self._warn_once(urn, reason)
        return False

    def _may_touch(self, urn: str, failure: str) -> bool:
        """Whether there is a cluster; without one, the resource is forgotten if that is wanted."""
        reason = self._cluster.unreachable_reason()
        if reason is None:
            return True
        self.engine.warning(urn, f"configured Kubernetes cluster is unreachable: {reason}")
        if not self._options.delete_unreachable:
            raise ProviderError(f"{failure}. {_DELETE_UNREACHABLE_HELP}")
        self.engine.info(
            urn,
            "configured Kubernetes cluster is unreachable and the `deleteUnreachable` option is "
            "enabled. Deleting the unreachable resource from Pulumi state",
        )
        return False

    def _warn_once(self, urn: str, reason: str) -> None:
        with self._lock:
            first, self._warned = not self._warned, True
        if first:
            self.engine.warning(
                urn,
                f"configured Kubernetes cluster is unreachable: {reason}. The preview goes on "
                "without asking it",
            )

    def _releases(self) -> HelmReleases:
        from sandbox.plugins.kubernetes.helm_release import HelmReleases

        with self._lock:
            if self._helm is None:
                self._helm = HelmReleases(
                    self._cluster.kubeconfig_text(),
                    self._options.context,
                    self._cluster.namespace,
                    self.engine,
                    self.cancelled,
                )
            return self._helm


def _is_release(urn: str) -> bool:
    return type_of(urn) == _HELM_RELEASE


def _check_response(
    inputs: Any, failures: list[provider_options.Failure]
) -> provider_pb2.CheckResponse:
    return provider_pb2.CheckResponse(
        inputs=inputs,
        failures=[
            provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in failures
        ],
    )


def _autonaming(request: provider_pb2.CheckRequest) -> tuple[naming.Mode, str] | None:
    if not request.HasField("autonaming"):
        return None
    options = request.autonaming
    return provider_pb2.CheckRequest.AutonamingOptions.Mode.Name(
        options.mode
    ), options.proposed_name
