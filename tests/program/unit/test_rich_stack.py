"""The stack that the API server validates and runs has every setting of an application in it."""

from __future__ import annotations

from components.args.types import by_key
from stack.args import AppArgs
from tests.program.integration.single_changes import CHANGES, ELSEWHERE
from tests.program.manifests import RICH_STACK, declared


def test_no_key_of_an_application_is_left_out() -> None:
    """But `nodepool`, which names one of a cluster that the stack makes: this one has another."""
    used = {key for app in RICH_STACK["apps"] for key in app}
    left_out = set(by_key(AppArgs)) - used - {"nodepool"}
    assert not left_out, "add a value to tests/program/rich_stack.yaml"


def test_every_key_of_an_application_is_changed_by_a_test() -> None:
    changed = {key.partition(".")[0].partition(":")[0].partition(",")[0] for key in CHANGES}
    keys = set(by_key(AppArgs))
    assert not keys - changed - ELSEWHERE.keys(), "add a row to single_changes.py"
    assert not changed - keys


def test_everything_in_it_is_declared() -> None:
    objects = declared(
        {**RICH_STACK, "existingCluster": {"kubeconfig": "{}"}, "ingress": {"controller": "nginx"}}
    )
    kinds = {manifest["kind"] for manifest in objects}
    assert {"CronJob", "HorizontalPodAutoscaler", "Job", "LimitRange", "StatefulSet"} <= kinds
    names = [
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for each in objects
    ]
    assert len(set(names)) == len(names)
