"""Waiting for objects of a real API server, with its controllers at work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kubernetes import config
from kubernetes.dynamic import DynamicClient

from sandbox.plugins.kubernetes.readiness import NotReady, check_ready, wait_deleted, wait_ready

pytestmark = pytest.mark.integration

MERGE = "application/merge-patch+json"
POD: dict[str, Any] = {"containers": [{"name": "web", "image": "example.com/web:1"}]}


class Namespace:
    """A namespace of its own, and waiting for what is in it."""

    def __init__(self, client: DynamicClient) -> None:
        self.client = client
        self.name = f"readiness-{uuid4().hex[:8]}"
        self.lines: list[str] = []
        self.cancelled = threading.Event()

    def create(self, api_version: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
        body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}
        if "annotations" in fields:
            body["metadata"]["annotations"] = body.pop("annotations")
        resource = self.client.resources.get(api_version=api_version, kind=kind)
        return dict(resource.create(body=body, namespace=self.name).to_dict())

    def patch(self, live: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        resource = self.client.resources.get(api_version=live["apiVersion"], kind=live["kind"])
        name = live["metadata"]["name"]
        patched = resource.patch(body=body, name=name, namespace=self.name, content_type=MERGE)
        return dict(patched.to_dict())

    def delete(self, live: dict[str, Any]) -> None:
        resource = self.client.resources.get(api_version=live["apiVersion"], kind=live["kind"])
        resource.delete(name=live["metadata"]["name"], namespace=self.name)

    def wait(self, live: dict[str, Any], timeout: float = 60) -> dict[str, Any]:
        return wait_ready(
            self.client, live, timeout=timeout, status=self.lines.append, cancelled=self.cancelled
        )

    def wait_gone(self, live: dict[str, Any], timeout: float = 60) -> None:
        wait_deleted(
            self.client, live, timeout=timeout, status=self.lines.append, cancelled=self.cancelled
        )

    def deployment(self, name: str, replicas: int, **spec: Any) -> dict[str, Any]:
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": POD | spec}
        selector = {"matchLabels": labels}
        body = {"replicas": replicas, "selector": selector, "template": template}
        return self.create("apps/v1", "Deployment", name, spec=body)


@pytest.fixture(scope="module")
def client(cluster_kubeconfig: Path) -> DynamicClient:
    return DynamicClient(config.new_client_from_config(str(cluster_kubeconfig)))


@pytest.fixture
def namespace(client: DynamicClient) -> Iterator[Namespace]:
    namespace = Namespace(client)
    resource = client.resources.get(api_version="v1", kind="Namespace")
    resource.create(body={"metadata": {"name": namespace.name}})
    yield namespace
    resource.delete(name=namespace.name)


def test_a_deployment_through_its_life(namespace: Namespace) -> None:
    live = namespace.wait(namespace.deployment("web", 30))  # so many that there is a wait to see
    assert live["status"]["availableReplicas"] >= 20
    assert namespace.lines[-1] == "✅ Deployment initialization complete"
    assert any(line.startswith("Waiting for app ReplicaSet") for line in namespace.lines)

    live = namespace.wait(namespace.patch(live, {"spec": {"replicas": 5}}))
    assert live["spec"]["replicas"] == 5
    containers = [POD["containers"][0] | {"env": [{"name": "NEW", "value": "1"}]}]
    upgrade = {"spec": {"template": {"spec": {"containers": containers}}}}
    live = namespace.wait(namespace.patch(live, upgrade))
    assert live["status"]["updatedReplicas"] == live["status"]["availableReplicas"] == 5
    check_ready(namespace.client, live, status=namespace.lines.append)

    namespace.delete(live)
    namespace.wait_gone(live)
    namespace.wait_gone(live)


def test_a_deployment_that_no_node_can_hold_says_so(namespace: Namespace) -> None:
    live = namespace.deployment("big", 1, nodeSelector={"no": "such-node"})
    with pytest.raises(NotReady) as failure:
        namespace.wait(live, timeout=5)
    first, *others = failure.value.reasons
    assert first == "'big' timed out waiting to be Ready"
    assert "Minimum number of live Pods was not attained" in others
    assert any("nodes are available" in reason for reason in others)
    with pytest.raises(NotReady, match="Resource 'big' was created but failed to initialize"):
        check_ready(namespace.client, live, status=namespace.lines.append)


def test_a_quota_that_forbids_pods_is_named(namespace: Namespace) -> None:
    namespace.wait(namespace.create("v1", "ResourceQuota", "q", spec={"hard": {"pods": "0"}}))
    with pytest.raises(NotReady, match="exceeded quota: q"):
        namespace.wait(namespace.deployment("web", 1), timeout=5)


def test_an_interruption_ends_the_wait_at_once(namespace: Namespace) -> None:
    live = namespace.deployment("big", 1, nodeSelector={"no": "such-node"})
    threading.Timer(0.5, namespace.cancelled.set).start()
    started = time.monotonic()
    with pytest.raises(NotReady, match='Resource operation was cancelled for "big"'):
        namespace.wait(live)
    assert time.monotonic() - started < 5


def test_workloads_and_jobs(namespace: Namespace) -> None:
    labels = {"app": "db"}
    template = {"metadata": {"labels": labels}, "spec": POD}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    sets = spec | {"replicas": 2, "serviceName": "db"}
    live = namespace.wait(namespace.create("apps/v1", "StatefulSet", "db", spec=sets))
    assert live["status"]["readyReplicas"] == 2
    live = namespace.wait(namespace.create("apps/v1", "DaemonSet", "agent", spec=spec))
    assert live["status"]["numberReady"] == live["status"]["desiredNumberScheduled"] > 0
    once = {"template": {"spec": POD | {"restartPolicy": "Never"}}}
    live = namespace.wait(namespace.create("batch/v1", "Job", "once", spec=once))
    assert live["status"]["succeeded"] == 1
    live = namespace.wait(namespace.create("v1", "Pod", "alone", spec=POD))
    assert live["status"]["phase"] == "Running"


def test_a_service_settles_and_an_ingress_finds_it(namespace: Namespace) -> None:
    namespace.wait(namespace.deployment("web", 1))
    spec: dict[str, Any] = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    service = namespace.create("v1", "Service", "web", spec=spec)
    namespace.wait(service)
    assert namespace.lines[-1] == "✅ Service initialization complete"
    check_ready(namespace.client, service, status=namespace.lines.append)

    backend = {"service": {"name": "web", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    rules = {"ingressClassName": "none", "rules": [{"http": {"paths": [path]}}]}
    ingress = namespace.create("networking.k8s.io/v1", "Ingress", "web", spec=rules)
    with pytest.raises(NotReady) as failure:
        namespace.wait(ingress, timeout=2)
    assert len(failure.value.reasons) == 2
    assert ".status.loadBalancer field was not updated" in failure.value.reasons[1]
    address = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}}
    resource = namespace.client.resources.get(
        api_version="networking.k8s.io/v1", kind="Ingress"
    ).status
    resource.patch(body=address, name="web", namespace=namespace.name, content_type=MERGE)
    live = namespace.wait(ingress)
    assert live["status"] == address["status"]


def test_annotations_decide(namespace: Namespace) -> None:
    skipped = {"pulumi.com/skipAwait": "true"}
    spec = {"type": "LoadBalancer", "selector": {"app": "none"}, "ports": [{"port": 80}]}
    namespace.wait(namespace.create("v1", "Service", "lb", annotations=skipped, spec=spec))
    assert namespace.lines == ["Skipping await logic"]
    waited = {"pulumi.com/waitFor": "jsonpath={.data.ready}=yes"}
    live = namespace.create("v1", "ConfigMap", "c", annotations=waited, data={"ready": "no"})
    with pytest.raises(NotReady, match="was not met"):
        namespace.wait(live, timeout=1)
    threading.Timer(0.5, namespace.patch, (live, {"data": {"ready": "yes"}})).start()
    assert namespace.wait(live)["data"] == {"ready": "yes"}


def test_a_finalizer_that_holds_an_object_is_named(namespace: Namespace) -> None:
    live = namespace.create("v1", "ConfigMap", "held")
    namespace.patch(live, {"metadata": {"finalizers": ["example.com/hold"]}})
    namespace.delete(live)
    with pytest.raises(NotReady) as failure:
        namespace.wait_gone(live, timeout=1)
    assert failure.value.reasons == [
        "'held' timed out waiting to be deleted",
        "finalizers might be preventing deletion (example.com/hold)",
    ]
    namespace.patch(live, {"metadata": {"finalizers": None}})
    namespace.wait_gone(live)
