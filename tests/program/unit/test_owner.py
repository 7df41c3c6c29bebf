"""Whose a stack is: labels of its cluster and namespaces, and of nothing else."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from tests.program.manifests import declare
from tests.program.unit.stack_settings import VALID, changed, load, mistakes

BOTH = {"owner": "web-team", "environment": "test"}
OWNED = VALID | {"owner": "web-team", "ingress": {"controller": "traefik"}}


def labels(settings: dict[str, Any]) -> dict[str, Any]:
    """The labels of the cluster and of each namespace, but for those of Pod Security."""
    engine = declare(settings)
    (cluster,) = engine.of_type("SksCluster").values()
    return {"cluster": cluster.get("labels", {})} | {
        name: {key: value for key, value in each["metadata"]["labels"].items() if "/" not in key}
        for name, each in engine.of_type("Namespace").items()
    }


def test_the_cluster_and_its_namespaces_have_the_labels() -> None:
    assert labels(OWNED) == {"cluster": BOTH, "ingress-nginx": BOTH, "web": BOTH, "api": BOTH}


def test_without_an_owner_there_are_none() -> None:
    assert labels(changed("owner", "", OWNED)) == {
        "cluster": {},
        "ingress-nginx": {},
        "web": {},
        "api": {},
    }


def test_the_clusters_own_labels_go_before() -> None:
    own = {"environment": "production", "team": "shop"}
    assert labels(changed("cluster.labels", own, OWNED))["cluster"] == BOTH | own


def test_pods_and_what_selects_them_are_as_before() -> None:
    """Labels of pods would roll them, and a selector can't be changed."""
    deployments = declare(OWNED).of_type("Deployment")
    assert deployments == declare(VALID).of_type("Deployment")
    assert "web-team" not in json.dumps(deployments)


def test_an_owner_is_a_labels_value() -> None:
    (line,) = mistakes(VALID | {"owner": "Web team"})
    assert line.startswith('owner: "Web team": must be a Kubernetes label\'s value')


def test_the_stacks_name_is_a_labels_value_too() -> None:
    with pytest.raises(pulumi.RunError, match="with an owner it is the label environment"):
        load(OWNED, stack="a" * 64)
    load(VALID, stack="a" * 64)
