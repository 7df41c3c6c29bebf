"""The stack that the API server validates and runs has every setting of an application in it."""

from __future__ import annotations

from components.args.types import by_key
from stack.args import AppArgs
from tests.program.manifests import RICH_STACK, declared


def test_no_key_of_an_application_is_left_out() -> None:
    """But `nodepool`, which names one of a cluster that the stack makes: this one has another."""
    used = {key for app in RICH_STACK["apps"] for key in app}
    assert set(by_key(AppArgs)) - used == {"nodepool"}


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
