"""The Kubernetes plugin as a process, against a real API server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from kubernetes import config
from kubernetes.dynamic import DynamicClient
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.wire import UNKNOWN, Secret, decode, encode, reveal
from tests.integration.plugin_process import InitializationFailed, PluginProcess

pytestmark = pytest.mark.integration

Properties = dict[str, Any]
PROGRAM = (sys.executable, "-m", "sandbox.plugins.kubernetes")
DIFF_NONE = provider_pb2.DiffResponse.DIFF_NONE


class Resource:
    """One resource of a program, taken through its life as the engine would."""

    def __init__(self, plugin: PluginProcess, token: str, name: str = "app") -> None:
        self.plugin = plugin
        self.urn = f"urn:pulumi:dev::project::kubernetes:{token}::{name}"
        self.id = ""
        self.inputs: Properties = {}
        self.outputs: Properties = {}

    def check(self, news: Properties, olds: Properties | None = None) -> Properties:
        request = provider_pb2.CheckRequest(
            urn=self.urn, news=encode(news), olds=encode(olds or {}), randomSeed=uuid4().bytes
        )
        return decode(self.plugin.call("Check", request).inputs)

    def create(self, news: Properties, *, preview: bool = False, timeout: float = 0) -> Properties:
        self.inputs = self.check(news)
        request = provider_pb2.CreateRequest(
            urn=self.urn, properties=encode(self.inputs), preview=preview, timeout=timeout
        )
        response = self.plugin.call("Create", request)
        self.id, self.outputs = response.id, decode(response.properties)
        return self.outputs

    def diff(self, news: Properties, ignored: tuple[str, ...] = ()) -> Any:
        request = provider_pb2.DiffRequest(
            urn=self.urn,
            id=self.id,
            olds=encode(self.outputs),
            old_inputs=encode(self.inputs),
            news=encode(self.check(news, self.inputs)),
            ignoreChanges=ignored,
        )
        return self.plugin.call("Diff", request)

    def update(self, news: Properties, *, preview: bool = False, timeout: float = 0) -> Properties:
        inputs = self.check(news, self.inputs)
        request = provider_pb2.UpdateRequest(
            urn=self.urn,
            id=self.id,
            olds=encode(self.outputs),
            news=encode(inputs),
            preview=preview,
            timeout=timeout,
        )
        outputs = decode(self.plugin.call("Update", request).properties)
        if not preview:
            self.inputs, self.outputs = inputs, outputs
        return outputs

    def refresh(self) -> Any:
        request = provider_pb2.ReadRequest(
            urn=self.urn,
            id=self.id,
            properties=encode(self.outputs),
            inputs=encode(self.inputs),
        )
        response = self.plugin.call("Read", request)
        self.inputs, self.outputs = decode(response.inputs), decode(response.properties)
        return response

    def delete(self) -> None:
        request = provider_pb2.DeleteRequest(
            urn=self.urn, id=self.id, properties=encode(self.outputs)
        )
        self.plugin.call("Delete", request)


class Cluster:
    """A namespace of the test's own, seen without the plugin."""

    def __init__(self, client: DynamicClient) -> None:
        self.client = client
        self.namespace = f"plugin-{uuid4().hex[:8]}"

    def kind(self, api_version: str, kind: str) -> Any:
        return self.client.resources.get(api_version=api_version, kind=kind)

    def names(self, api_version: str, kind: str) -> list[str]:
        found = self.kind(api_version, kind).get(namespace=self.namespace)
        return [item.metadata.name for item in found.items]

    def patch(self, api_version: str, kind: str, name: str, body: Properties) -> None:
        self.kind(api_version, kind).patch(
            name=name,
            namespace=self.namespace,
            body=body,
            content_type="application/merge-patch+json",
            field_manager="somebody",
        )


@pytest.fixture(scope="module")
def client(cluster_kubeconfig: Path) -> DynamicClient:
    return DynamicClient(config.new_client_from_config(str(cluster_kubeconfig)))


@pytest.fixture
def cluster(client: DynamicClient) -> Iterator[Cluster]:
    cluster = Cluster(client)
    namespaces = cluster.kind("v1", "Namespace")
    namespaces.create(body={"metadata": {"name": cluster.namespace}})
    yield cluster
    namespaces.delete(name=cluster.namespace)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


@pytest.fixture
def process(temporary: Path) -> Iterator[PluginProcess]:
    process = PluginProcess(PROGRAM, {"TMPDIR": str(temporary)})
    yield process
    assert process.end() == 0


@pytest.fixture
def plugin(process: PluginProcess, cluster: Cluster, cluster_kubeconfig: Path) -> PluginProcess:
    process.configure(
        kubeconfig=Secret(cluster_kubeconfig.read_text()), namespace=cluster.namespace
    )
    return process


def config_map(**data: Any) -> Properties:
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": data}


def deployment(name: str, replicas: int = 1, **metadata: Any) -> Properties:
    labels = {"app": name}
    pod = {"containers": [{"name": "web", "image": "example.com/web:1"}], "hostNetwork": False}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **metadata},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def service(port: Any) -> Properties:
    spec = {"ports": [{"port": port}], "selector": {"app": "web"}}
    annotations = {"pulumi.com/skipAwait": "true"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"annotations": annotations},
        "spec": spec,
    }


def test_it_starts_in_a_second_is_small_and_leaves_no_file(
    plugin: PluginProcess, temporary: Path
) -> None:
    Resource(plugin, "core/v1:ConfigMap").create(config_map(a="1"))
    assert plugin.seconds_to_port <= 1.0
    assert plugin.resident_megabytes() <= 150
    assert list(temporary.iterdir()) == []


def test_it_ends_at_once_when_interrupted(capfd: pytest.CaptureFixture[str]) -> None:
    process = PluginProcess(PROGRAM, {})
    started = time.monotonic()
    assert process.interrupt() == 0
    assert time.monotonic() - started < 2
    assert capfd.readouterr().err == ""


def test_life_of_an_object(plugin: PluginProcess, cluster: Cluster) -> None:
    resource = Resource(plugin, "core/v1:ConfigMap", "settings")
    preview = resource.create(config_map(a="1"), preview=True)
    assert preview["metadata"]["namespace"] == cluster.namespace
    assert not [name for name in cluster.names("v1", "ConfigMap") if name.startswith("settings-")]

    resource.create(config_map(a="1"))
    name = resource.outputs["metadata"]["name"]
    assert resource.id == f"{cluster.namespace}/{name}"
    assert name.startswith("settings-")
    assert name in cluster.names("v1", "ConfigMap")
    assert resource.diff(config_map(a="1")).changes == DIFF_NONE

    replaced = resource.diff(config_map(a="2"))
    assert dict(replaced.detailedDiff).keys() == {"data.a"}
    assert list(replaced.replaces) == ["data.a"]
    assert not replaced.deleteBeforeReplace

    resource.delete()
    assert name not in cluster.names("v1", "ConfigMap")
    resource.delete()
    assert resource.refresh().id == ""


def test_what_the_api_server_refuses_is_refused_in_the_preview(plugin: PluginProcess) -> None:
    resource = Resource(plugin, "core/v1:Service")
    with pytest.raises(grpc.RpcError, match="must be between 1 and 65535"):
        resource.create(service(70000), preview=True)
    resource.create(service(80))
    with pytest.raises(InitializationFailed) as failure:
        resource.update(service(70000), preview=True)
    assert "must be between 1 and 65535" in failure.value.reasons[0]
    assert resource.create(service(UNKNOWN), preview=True)["spec"]["ports"][0]["port"] is UNKNOWN


def test_defaults_are_seen_in_the_preview_and_are_no_change(plugin: PluginProcess) -> None:
    resource = Resource(plugin, "apps/v1:Deployment")
    preview = resource.create(deployment("web"), preview=True)
    assert preview["spec"]["strategy"]["type"] == "RollingUpdate"
    assert "status" not in preview
    resource.create(deployment("web"))
    assert resource.diff(deployment("web")).changes == DIFF_NONE
    resource.refresh()
    assert resource.diff(deployment("web")).changes == DIFF_NONE


def test_drift_is_seen_by_a_refresh_and_undone(plugin: PluginProcess, cluster: Cluster) -> None:
    resource = Resource(plugin, "core/v1:ConfigMap")
    given = config_map(a="1") | {"metadata": {"name": "given", "labels": {"tier": "front"}}}
    resource.create(given)
    cluster.patch("v1", "ConfigMap", "given", {"data": {"a": "drifted", "b": "theirs"}})
    resource.refresh()
    assert resource.inputs["data"] == {"a": "drifted"}
    found = resource.diff(given)
    assert dict(found.detailedDiff).keys() == {"data.a"}
    assert found.deleteBeforeReplace
    assert resource.diff(given, ignored=("data",)).changes == DIFF_NONE


def test_conflict_of_field_managers_is_reported_and_can_be_forced(
    plugin: PluginProcess, cluster: Cluster
) -> None:
    resource = Resource(plugin, "apps/v1:Deployment")
    resource.create(deployment("web"))
    resource.update(deployment("web", 2))
    live = cluster.kind("apps/v1", "Deployment").get(name="web", namespace=cluster.namespace)
    managers = {(entry.manager, entry.operation) for entry in live.metadata.managedFields}
    assert (resource.outputs["__fieldManager"], "Apply") in managers
    assert ("pulumi-kubernetes", "Update") not in managers

    cluster.patch("apps/v1", "Deployment", "web", {"spec": {"replicas": 1}})
    with pytest.raises(InitializationFailed) as failure:
        resource.update(deployment("web", 3), preview=True)
    assert "server-side apply field conflict detected" in failure.value.reasons[0]
    assert 'conflict with "somebody"' in failure.value.reasons[0]
    forced = {"pulumi.com/patchForce": "true"}
    outputs = resource.update(deployment("web", 3, annotations=forced))
    assert outputs["spec"]["replicas"] == 3


def test_inputs_for_an_import_have_nothing_of_the_server(
    plugin: PluginProcess, cluster: Cluster
) -> None:
    given = deployment("web")
    Resource(plugin, "apps/v1:Deployment").create(given)
    imported = Resource(plugin, "apps/v1:Deployment")
    imported.id = f"{cluster.namespace}/web"
    imported.refresh()
    assert "status" not in imported.inputs
    assert imported.inputs["metadata"] == {"name": "web", "namespace": cluster.namespace}
    assert imported.inputs["spec"]["replicas"] == 1
    assert imported.diff(imported.inputs).changes == DIFF_NONE
    imported.id = f"{cluster.namespace}/missing"
    assert imported.refresh().id == ""


def test_data_of_a_secret_stay_secret(plugin: PluginProcess) -> None:
    resource = Resource(plugin, "core/v1:Secret")
    given = {"apiVersion": "v1", "kind": "Secret", "stringData": {"key": Secret("text")}}
    resource.create(given)
    assert reveal(resource.outputs["data"]) == {"key": "dGV4dA=="}
    for properties in (resource.inputs, resource.outputs, resource.outputs["__inputs"]):
        assert isinstance(properties["data"], Secret)
    assert resource.diff(given).changes == DIFF_NONE
    resource.refresh()
    assert isinstance(resource.inputs["data"], Secret)
    assert resource.diff(given).changes == DIFF_NONE


def test_object_that_does_not_become_ready_is_kept_and_waited_for_again(
    plugin: PluginProcess,
) -> None:
    resource = Resource(plugin, "apps/v1:Deployment")
    given = deployment("web")
    given["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such"}
    with pytest.raises(InitializationFailed) as failure:
        resource.create(given, timeout=2)
    assert "failed to fully initialize or become live" in failure.value.reasons[0]
    resource.id, resource.outputs = failure.value.object_id, failure.value.properties
    resource.inputs = resource.check(given)
    assert resource.id.endswith("/web")
    with pytest.raises(InitializationFailed):
        resource.refresh()
    outputs = resource.update(deployment("web"))
    assert outputs["status"]["availableReplicas"] == 1


def test_object_that_exists_is_not_taken_over(plugin: PluginProcess, cluster: Cluster) -> None:
    given = config_map(a="1") | {"metadata": {"name": "taken"}}
    Resource(plugin, "core/v1:ConfigMap").create(given)
    second = Resource(plugin, "core/v1:ConfigMap", "second")
    second.create(given, preview=True)
    with pytest.raises(grpc.RpcError, match='configmaps "taken" already exists'):
        second.create(given)


def test_custom_kind_right_after_its_definition(plugin: PluginProcess) -> None:
    group = f"{uuid4().hex[:8]}.example.com"
    schema = {"openAPIV3Schema": {"type": "object", "x_kubernetes_preserve_unknown_fields": True}}
    definition = Resource(plugin, "apiextensions.k8s.io/v1:CustomResourceDefinition")
    definition.create(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"widgets.{group}"},
            "spec": {
                "group": group,
                "scope": "Cluster",
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
            },
        }
    )
    widget = Resource(plugin, f"{group}/v1:Widget")
    given = {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"annotations": {"pulumi.com/deletionPropagationPolicy": "background"}},
        "spec": {"size": 1},
    }
    widget.create(given, preview=True)
    widget.create(given)
    assert "/" not in widget.id
    assert dict(widget.diff(given | {"spec": {"size": 2}}).detailedDiff).keys() == {"spec.size"}
    widget.delete()
    definition.delete()


def test_preview_goes_on_without_a_cluster_and_says_so(process: PluginProcess) -> None:
    process.configure(kubeconfig="https://127.0.0.1:9")
    resource = Resource(process, "core/v1:ConfigMap")
    resource.create(config_map(a="1"), preview=True)
    assert resource.outputs["data"] == {"a": "1"}
    assert "configured Kubernetes cluster is unreachable" in process.messages[0]
    with pytest.raises(grpc.RpcError, match="configured Kubernetes cluster is unreachable"):
        resource.create(config_map(a="1"))
    with pytest.raises(grpc.RpcError, match="PULUMI_K8S_DELETE_UNREACHABLE"):
        resource.refresh()
    process.configure(kubeconfig="https://127.0.0.1:9", deleteUnreachable="true")
    assert resource.refresh().id == ""


@pytest.mark.parametrize(
    "token", ["core/v1:ConfigMapPatch", "core/v1:ConfigMapList", "yaml/v2:ConfigGroup"]
)
def test_type_without_support_is_an_error_that_names_it(plugin: PluginProcess, token: str) -> None:
    with pytest.raises(grpc.RpcError, match=token):
        Resource(plugin, token).create({"metadata": {"name": "a"}}, preview=True)


def test_function_without_support_is_an_error_that_names_it(plugin: PluginProcess) -> None:
    request = provider_pb2.InvokeRequest(tok="kubernetes:yaml:decode")
    with pytest.raises(grpc.RpcError, match="kubernetes:yaml:decode"):
        plugin.call("Invoke", request)
