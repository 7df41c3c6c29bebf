"""A load balancer of the ingress controller that outlives the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from components.args.problem import Problems
from components.exoscale.load_balancer import LOAD_BALANCER
from components.exoscale.load_balancer_args import LoadBalancerArgs
from components.ingress_controller.args import IngressControllerArgs
from components.ingress_controller.ingress_controller import IngressController
from stack.args import StackArgs
from stack.compose import declare as declare_stack
from tests.program.manifests import declare
from tests.program.unit.engine import run
from tests.program.unit.recorded_resources import requests
from tests.program.unit.stack_settings import VALID, changed, mistakes

PATH = "ingress.loadBalancer"
ID = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
KEPT = changed(PATH, {"keep": True})


def notes(values: dict[str, Any]) -> dict[str, str]:
    """The cloud controller's annotations of the controller's Service, without their prefix."""
    (release,) = declare(values).of_type("Release").values()
    chart = release["values"]
    found: dict[str, str] = chart.get("controller", chart)["service"]["annotations"]
    return {key.removeprefix(LOAD_BALANCER): value for key, value in found.items()}


@pytest.mark.parametrize("controller", ["nginx", "traefik"])
def test_the_service_uses_it_as_an_existing_one(controller: str) -> None:
    found = notes(changed("ingress.controller", controller, KEPT))
    assert found["id"] == "ingress-nginx-id"
    assert found["external"] == "true"
    assert not {"name", "description"} & found.keys()


def test_it_has_the_name_and_the_description_itself() -> None:
    balancer = {"keep": True, "name": "front", "description": "the shop's"}
    (made,) = declare(changed(PATH, balancer)).of_type("Nlb").values()
    assert made == {"zone": "ch-gva-2", "name": "front", "description": "the shop's"}
    assert not {"name", "description"} & notes(changed(PATH, balancer)).keys()


def test_by_default_the_cloud_controller_creates_one() -> None:
    values = changed(PATH, {"keep": False})
    assert not declare(values).of_type("Nlb")
    assert "external" not in notes(values)


def test_a_change_replaces_the_release_and_the_service_with_it() -> None:
    def trigger(values: dict[str, Any]) -> Any:
        found = requests(values)
        (release,) = [each for urn, each in found.items() if ":Release::" in urn]
        assert release["deleteBeforeReplace"]
        return release["replacementTrigger"]

    assert trigger(KEPT) != trigger(changed(PATH, {}))


def test_it_is_deleted_after_the_service() -> None:
    """The namespace is gone only when its Service has released the load balancer."""
    found = requests(KEPT)
    (balancer,) = [urn for urn in found if urn.endswith(":Nlb::ingress-nginx")]
    namespace = next(each for urn, each in found.items() if ":Namespace::ingress-nginx" in urn)
    assert balancer in namespace["dependencies"]


def test_its_address_is_the_controller_s() -> None:
    settings = StackArgs.model_validate(KEPT)
    _, outputs = run(lambda: declare_stack(settings))
    assert outputs["load_balancer_address"] == "203.0.113.8"


def test_an_existing_one_is_kept_anyway() -> None:
    (line,) = mistakes(changed(PATH, {"keep": True, "existing": ID}))
    assert line == (
        "ingress.loadBalancer.keep: true: must not be true with existing: that load balancer is"
        " kept anyway"
    )


def test_it_needs_the_zone_of_the_cluster() -> None:
    existing = {"existingCluster": {"stack": "dev"}, "ingress": {"loadBalancer": {"keep": True}}}
    (line,) = mistakes({**existing, "apps": VALID["apps"]})
    assert line.startswith(
        "ingress.loadBalancer.keep: true: must not be true with existingCluster, whose zone is not"
        " known: create the load balancer with `exo compute load-balancer create`"
    )
    settings = IngressControllerArgs(load_balancer=LoadBalancerArgs(keep=True))
    with pytest.raises(Problems, match="without the zone of a cluster"):
        run(lambda: IngressController("ingress-nginx", settings))
