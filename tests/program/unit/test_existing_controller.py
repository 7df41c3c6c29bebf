"""A cluster that is there may have an ingress controller, which the stack then uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stack.compose import declare
from tests.program.unit.engine import run
from tests.program.unit.stack_settings import VALID, load, mistakes

EXISTING = {"existingCluster": {"kubeconfig": str(Path(__file__).parents[3] / "Pulumi.yaml")}}
WEB = {"name": "web", "image": "example/web:1", "path": "/web"}


def test_a_controller_that_is_there_is_used_and_nothing_of_it_is_made() -> None:
    existing = {"className": "other", "namespace": "front", "service": "proxy"}
    settings = load(EXISTING | {"ingress": {"existing": existing}, "apps": [WEB]})
    engine, outputs = run(lambda: declare(settings))
    kinds = {each.typ.rpartition(":")[2] for each in engine.resources}
    assert "Release" not in kinds
    (read,) = [each.resource_id for each in engine.resources if each.resource_id]
    assert read == "front/proxy"
    assert outputs["web_url"] == "http://203.0.113.7/web/"
    (ingress,) = engine.of_type("Ingress").values()
    assert ingress["spec"]["ingressClassName"] == "other"
    (source,) = engine.of_type("NetworkPolicy")["web"]["spec"]["ingress"][0]["from"]
    assert source["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "front"}


def test_its_address_can_be_given() -> None:
    settings = load(EXISTING | {"ingress": {"existing": {"address": "web.example"}}, "apps": [WEB]})
    engine, outputs = run(lambda: declare(settings))
    assert not [each for each in engine.resources if each.resource_id]
    assert outputs["web_url"] == "http://web.example/web/"


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            EXISTING | {"apps": [WEB]},
            "ingress: null: must be given with existingCluster: existing to use an installed "
            "controller, or controller to install one",
        ),
        (
            EXISTING | {"ingress": {"existing": {}, "replicas": 2}},
            "ingress.existing: {}: must be the only key of ingress: the stack does not manage an "
            "existing controller",
        ),
        (
            VALID | {"ingress": {"existing": {}}},
            "ingress.existing: {}: must not be given with cluster: a new cluster has no controller",
        ),
    ],
)
def test_who_installs_the_controller_is_said(values: dict[str, Any], line: str) -> None:
    assert mistakes(values) == [line]
