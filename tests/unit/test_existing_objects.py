"""Objects that are there are found by the API server's dry run, and refused or adopted."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pulumi
import pytest

from components.kubernetes.existing_objects import AlreadyThere, existing, look_for_existing
from tests.unit.app import declare_app
from tests.unit.engine import Engine, run

OWN = "pulumi-kubernetes-164fb49a"
MANAGER = {"__fieldManager": OWN}


def outputs(*managers: str, version: str | None = "15") -> dict[str, Any]:
    """What a dry run answers, of an object that these have written."""
    fields = [{"manager": manager} for manager in managers]
    metadata = {"name": "shop", "namespace": "all", "managedFields": fields}
    return {"metadata": metadata | ({"resourceVersion": version} if version else {}), **MANAGER}


THERE = "shop is there already in the namespace all, made by kubectl-create"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (outputs(OWN, "kubectl-create"), THERE),
        (outputs("kubectl-create"), THERE),
        ({"metadata": {"name": "shop", "resourceVersion": "15"}}, "shop is there already"),
        (outputs(OWN, version=None), None),
        (outputs(OWN, "pulumi-kubernetes-0", "kubectl-edit"), None),
        ({"metadata": pulumi.UNKNOWN}, None),
        (None, None),
    ],
)
def test_what_is_there_and_not_the_programs(answer: Any, words: str | None) -> None:
    assert existing(answer) == words


@pytest.mark.parametrize("adopt", [False, True])
def test_it_is_refused_or_said_to_be_adopted_in_the_preview(adopt: bool) -> None:
    bindings: list[pulumi.ResourceHookBinding] = []
    run(lambda: bindings.append(look_for_existing("shop", adopt=adopt, advice="mend it")))
    (hook,) = bindings[0].after_create or []
    args = pulumi.ResourceHookArgs(
        "urn", "id", "shop", "kubernetes:apps/v1:Deployment", new_outputs=outputs("kubectl-create")
    )
    assert isinstance(hook, pulumi.ResourceHook)
    with patch.object(pulumi.runtime, "is_dry_run", lambda: False):
        hook.callback(args)
    with patch.object(pulumi.runtime, "is_dry_run", lambda: True), patch("pulumi.info") as told:
        if adopt:
            hook.callback(args)
            (message,) = told.call_args.args
            assert message == (
                f"Deployment {THERE}: it is adopted, and `pulumi destroy` will remove it"
            )
        else:
            with pytest.raises(AlreadyThere, match=f"Deployment {THERE}: mend it"):
                hook.callback(args)


def test_what_another_manager_has_written_becomes_the_programs() -> None:
    named = {"Deployment", "PodDisruptionBudget", "Service", "Ingress"}
    named |= {"ServiceAccount", "NetworkPolicy"}
    assert forced(declare_app(adopt=True)[0]) == named
    assert forced(declare_app()[0]) == set()


def forced(engine: Engine) -> set[str]:
    """The kinds of objects with the annotation."""
    return {
        each.typ.rpartition(":")[2]
        for each in engine.resources
        if "pulumi.com/patchForce" in each.inputs.get("metadata", {}).get("annotations", {})
    }
