"""Which nodes pods and load balancers get, where a cluster has several nodepools."""

from __future__ import annotations

from typing import Any

import pytest

from components.exoscale.load_balancer import LOAD_BALANCER
from components.exoscale.placement import NODEPOOL_LABEL
from tests.program.manifests import declare
from tests.program.unit.engine import Engine
from tests.program.unit.recorded_resources import recorded
from tests.program.unit.stack_settings import VALID, load, mistakes

GPU = {"gpu": "a100:NoSchedule", "spot": "yes:PreferNoSchedule"}
TOLERATION = {"key": "gpu", "operator": "Equal", "value": "a100", "effect": "NoSchedule"}
FRONT: dict[str, Any] = {"name": "front", "image": "example/front:1", "service": "LoadBalancer"}
POOLS = ("gpu", "workers", "dense")


def pool(name: str) -> dict[str, Any]:
    taints = {"taints": GPU} if name == "gpu" else {}
    return {"name": name, "instanceType": "standard.small", "size": 1} | taints


def stack(*apps: dict[str, Any], pools: tuple[str, ...] = POOLS, **ingress: Any) -> dict[str, Any]:
    """Settings with these nodepools, of which `gpu` is tainted."""
    cluster = {**VALID["cluster"], "nodepools": [pool(name) for name in pools]}
    return {"cluster": cluster, "ingress": {"controller": "nginx", **ingress}, "apps": [*apps]}


def pod(engine: Engine, app: str = "front") -> dict[str, Any]:
    spec: dict[str, Any] = engine.of_type("Deployment")[app]["spec"]["template"]["spec"]
    return {key: spec[key] for key in ("nodeSelector", "tolerations") if key in spec}


def on(name: str) -> dict[str, str]:
    return {NODEPOOL_LABEL: f"cluster-{name}-id"}


def sends_to(annotations: dict[str, str]) -> str:
    """The nodepool that the load balancer with these annotations sends to."""
    (name,) = (
        name
        for name in POOLS
        if annotations[f"{LOAD_BALANCER}service-instancepool-id"] == f"cluster-{name}-instances"
    )
    return name


def of_service(engine: Engine, app: str = "front") -> str:
    return sends_to(engine.of_type("Service")[app]["metadata"]["annotations"])


def of_controller(engine: Engine) -> dict[str, Any]:
    """The chart's values of the controller; Traefik has them at the top."""
    values: dict[str, Any] = engine.of_type("Release")["ingress-nginx"]["values"]
    return dict(values.get("controller", values))


def test_one_nodepool_needs_no_selector() -> None:
    engine = declare(stack(FRONT, pools=("workers",)))
    assert pod(engine) == {}
    assert of_service(engine) == "workers"
    assert "nodeSelector" not in of_controller(engine)


def test_a_load_balancer_with_local_has_its_pods_on_its_nodes() -> None:
    engine = declare(stack(FRONT))
    assert pod(engine) == {"nodeSelector": on("workers")}
    assert of_service(engine) == "workers"


def test_where_any_node_forwards_pods_are_anywhere() -> None:
    engine = declare(stack(FRONT | {"loadBalancer": {"externalTrafficPolicy": "Cluster"}}))
    assert pod(engine) == {}
    assert of_service(engine) == "workers"


def test_an_application_without_a_load_balancer_is_anywhere_unless_it_names_a_nodepool() -> None:
    assert pod(declare(stack(FRONT | {"service": "ClusterIP"}))) == {}
    named = FRONT | {"service": "ClusterIP", "nodepool": "dense"}
    assert pod(declare(stack(named))) == {"nodeSelector": on("dense")}


def test_a_named_nodepool_has_the_pods_and_the_load_balancer_and_its_taints_are_tolerated() -> None:
    engine = declare(stack(FRONT | {"nodepool": "gpu"}))
    assert pod(engine) == {"nodeSelector": on("gpu"), "tolerations": [TOLERATION]}
    assert of_service(engine) == "gpu"


@pytest.mark.parametrize("controller", ["nginx", "traefik"])
@pytest.mark.parametrize(("named", "expected"), [({}, "workers"), ({"nodepool": "gpu"}, "gpu")])
def test_the_controllers_pods(controller: str, named: dict[str, Any], expected: str) -> None:
    everywhere = of_controller(declare(stack(controller=controller, **named)))
    assert sends_to(everywhere["service"]["annotations"]) == expected
    assert "nodeSelector" not in everywhere
    some = of_controller(declare(stack(controller=controller, replicas=2, **named)))
    assert some["nodeSelector"] == on(expected)
    tolerated = [TOLERATION] if named else []
    assert everywhere.get("tolerations", []) == some.get("tolerations", []) == tolerated


def test_the_load_balancer_moves_after_the_pods() -> None:
    """As the stack `nodepools` is recorded."""
    (service,) = (
        request
        for urn, request in recorded()["nodepools"].items()
        if urn.endswith("Service::front.front")
    )
    assert [urn for urn in service["dependencies"] if urn.endswith("Stash::front-rollout")]


@pytest.mark.parametrize("place", ["ingress", "apps[0]"])
def test_an_unknown_nodepool_is_refused(place: str) -> None:
    named: dict[str, Any] = {"nodepool": "other"}
    values = stack(FRONT, **named) if place == "ingress" else stack(FRONT | named)
    assert mistakes(values) == [
        f'{place}.nodepool: "other": must be one of the cluster\'s nodepools: gpu, workers, dense'
    ]


def test_a_cluster_that_is_there_has_no_nodepools_to_name() -> None:
    values = stack(FRONT | {"nodepool": "workers"})
    values["existingCluster"] = {"kubeconfig": '{"kind": "Config"}'}
    del values["cluster"]
    message = 'apps[0].nodepool: "workers": must not be given without cluster'
    assert [line for line in mistakes(values) if line.startswith(message)]


def test_without_a_name_it_is_the_first_that_takes_any_pod() -> None:
    cluster = load(stack()).cluster
    assert cluster
    assert [cluster.nodepool(name).name for name in (None, "gpu", "dense")] == [
        "workers", "gpu", "dense",
    ]  # fmt: skip
