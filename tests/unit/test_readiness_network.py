"""When Services, Ingresses, claims and objects with conditions of the user's own are ready."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.plugins.kubernetes.readiness.events import Event
from sandbox.plugins.kubernetes.readiness.ingress import IngressAwaiter
from sandbox.plugins.kubernetes.readiness.persistent_volume import PersistentVolumeClaimAwaiter
from sandbox.plugins.kubernetes.readiness.service import ServiceAwaiter
from sandbox.plugins.kubernetes.readiness.wait_for import parse

ADDRESS = {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}


def service(**spec: Any) -> dict[str, Any]:
    return {
        "kind": "Service",
        "metadata": {"name": "web", "uid": "s"},
        "spec": {"type": "ClusterIP", "selector": {"app": "web"}, **spec},
    }


def endpoints(name: str = "web", **subset: Any) -> Event:
    item = {"kind": "Endpoints", "metadata": {"name": name, "uid": "e"}, "subsets": [subset]}
    return Event("MODIFIED", "Endpoints", item)


def changed(item: dict[str, Any]) -> Event:
    return Event("MODIFIED", item["kind"], item)


def test_a_service_is_ready_10_seconds_after_its_endpoints() -> None:
    awaiter = ServiceAwaiter(service(), lambda line: None)
    awaiter.observe(changed(service()), 0.0)
    awaiter.observe(endpoints(addresses=[{"ip": "10.0.0.1"}]), 100.0)
    awaiter.tick(109.9)
    assert not awaiter.ready()
    awaiter.tick(110.0)
    assert awaiter.ready()


def test_a_service_waits_for_pods_that_are_not_ready() -> None:
    awaiter = ServiceAwaiter(service(), lambda line: None)
    awaiter.observe(changed(service()), 0.0)
    awaiter.observe(endpoints(notReadyAddresses=[{"ip": "10.0.0.1"}]), 0.0)
    awaiter.tick(20.0)
    assert not awaiter.ready()
    assert not awaiter.ready_at_last()
    assert awaiter.reasons()[0].startswith("Service does not target any Pods.")


@pytest.mark.parametrize(
    "spec", [{"clusterIP": "None"}, {"type": "ExternalName"}, {"selector": None}]
)
def test_a_service_without_pods_of_its_own_is_ready_at_once(spec: dict[str, Any]) -> None:
    awaiter = ServiceAwaiter(service(**spec), lambda line: None)
    awaiter.observe(changed(service(**spec)), 0.0)
    assert awaiter.ready()


def test_a_load_balancer_waits_for_its_address() -> None:
    lines: list[str] = []
    balancer = service(type="LoadBalancer")
    awaiter = ServiceAwaiter(balancer, lines.append)
    awaiter.observe(changed(balancer), 0.0)
    awaiter.observe(endpoints(addresses=[{"ip": "10.0.0.1"}]), 0.0)
    awaiter.tick(10.0)
    assert not awaiter.ready()
    assert lines[-1] == "[2/3] Attempting to allocate IP address to Service"
    assert awaiter.reasons() == [
        "Service was not allocated an IP address; does your cloud provider support this?"
    ]
    awaiter.observe(changed(balancer | {"status": ADDRESS}), 11.0)
    assert awaiter.ready()
    assert awaiter.live["status"] == ADDRESS


def ingress(status: dict[str, Any] | None = None) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    path = {"path": "/app", "pathType": "Prefix", "backend": backend}
    return {
        "kind": "Ingress",
        "metadata": {"name": "i", "uid": "i"},
        "spec": {"rules": [{"host": "example.com", "http": {"paths": [path]}}]},
        "status": status or {},
    }


def test_an_ingress_waits_for_endpoints_and_an_address() -> None:
    lines: list[str] = []
    awaiter = IngressAwaiter(ingress(), lines.append)
    awaiter.observe(changed(ingress(ADDRESS)), 0.0)
    assert not awaiter.ready()
    assert awaiter.reasons() == [
        "Ingress has at least one rule with an unavailable target endpoint."
    ]
    awaiter.observe(endpoints(addresses=[]), 1.0)
    assert awaiter.ready()
    awaiter.observe(changed(ingress()), 2.0)
    assert not awaiter.ready()
    assert lines[-1] == "[2/3] Waiting for update of .status.loadBalancer with hostname/IP"


def test_an_ingress_gives_up_on_a_missing_service_after_a_minute() -> None:
    lines: list[str] = []
    awaiter = IngressAwaiter(ingress(), lines.append)
    awaiter.observe(changed(ingress(ADDRESS)), 0.0)
    for now in (0.0, 59.0):
        awaiter.tick(now)
        assert not awaiter.ready()
    awaiter.tick(60.0)
    assert awaiter.ready()
    missing = 'No matching service found for ingress rule: "example.com/app" -> "web"'
    assert missing in lines


def test_a_claim_of_a_class_that_waits_for_a_pod_is_not_waited_for() -> None:
    claim: dict[str, Any] = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "uid": "c"},
        "spec": {"storageClassName": "local"},
        "status": {"phase": "Pending"},
    }
    awaiter = PersistentVolumeClaimAwaiter(claim, lambda line: None)
    awaiter.observe(changed(claim), 0.0)
    assert not awaiter.ready()
    storage_class: dict[str, Any] = {"kind": "StorageClass", "metadata": {"name": "local"}}
    awaiter.observe(changed(storage_class | {"volumeBindingMode": "Immediate"}), 0.0)
    assert not awaiter.ready()
    awaiter.observe(changed(storage_class | {"volumeBindingMode": "WaitForFirstConsumer"}), 0.0)
    assert awaiter.ready()


OBJECT: dict[str, Any] = {
    "metadata": {"generation": 2},
    "data": {"a.b": "1"},
    "status": {"phase": "On", "conditions": [{"type": "Ready", "status": "True"}], "list": [7]},
}


@pytest.mark.parametrize(
    ("annotation", "holds"),
    [
        ("condition=ready", True),
        ("condition=Ready=False", False),
        ("condition=Other", False),
        ("jsonpath={.status.phase}", True),
        ("jsonpath={.status.phase}=On", True),
        ("jsonpath={$.status.phase}=Off", False),
        ("jsonpath={.status.list[0]}=7", True),
        ("jsonpath={.status.none}", False),
        ("jsonpath={.data['a.b']}=1", True),
        ('["condition=Ready", "jsonpath={.status.phase}=Off"]', False),
    ],
)
def test_conditions_of_the_users_own(annotation: str, holds: bool) -> None:
    assert all(item.holds(OBJECT) for item in parse(annotation)) is holds


def test_a_condition_of_an_older_generation_does_not_count() -> None:
    stale = {"type": "Ready", "status": "True", "observedGeneration": 1}
    [condition] = parse("condition=Ready")
    assert not condition.holds(OBJECT | {"status": {"conditions": [stale]}})


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("ready", 'expected a "jsonpath=" or "condition=" prefix, got "ready"'),
        ("[]", "at least one condition must be specified"),
        ("jsonpath=.status", "should be wrapped in brackets"),
        ("jsonpath={.items[?(@.a==1)]}", "is not supported by the sandbox"),
    ],
)
def test_a_condition_that_cant_be_understood_is_named(annotation: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("[", r"\[").replace("?", r"\?")):
        parse(annotation)
