"""Which updates of a cluster and its nodepools are refused, and in which words."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pulumi
import pytest

from components.exoscale.fixed_descriptions import check_description, refuse_description_change
from components.exoscale.load_balancer import LOAD_BALANCER
from components.lifecycle.before_update import RefusedUpdate
from components.sks_cluster.unsupported_updates import (
    NODEPOOL_EMPTYING_IGNORED,
    check_cluster,
    check_nodepool,
)
from tests.program.unit.engine import run


def update(
    before: dict[str, Any], after: dict[str, Any], **running: Any
) -> pulumi.ResourceHookArgs:
    return pulumi.ResourceHookArgs(
        urn="urn", id="id", name="web", type="type",
        old_inputs=before, new_inputs=after, old_outputs={**before, **running},
    )  # fmt: skip


@pytest.mark.parametrize("wanted", ["1.34.3", "1.34.4", "1.34.12", "1.35.0"])
def test_an_upgrade_within_the_minor_version_or_to_the_next(wanted: str) -> None:
    check_cluster(update({"version": "1.34.3"}, {"version": wanted}))


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("1.34.2", "a cluster can't be downgraded"),
        ("1.33.9", "a cluster can't be downgraded"),
        ("1.36.0", "upgrade by one minor version at a time"),
        ("2.0.0", "upgrade by one minor version at a time"),
    ],
)
def test_any_other_change_of_version_is_refused(wanted: str, reason: str) -> None:
    with pytest.raises(RefusedUpdate) as caught:
        check_cluster(update({"version": "1.34.3"}, {"version": wanted}))
    assert str(caught.value) == (
        f"web: version: {wanted}: the cluster runs 1.34.3: {reason}; "
        "allowed are 1.34.3 and newer up to 1.35.x"
    )


def test_what_runs_counts_rather_than_what_was_asked_for() -> None:
    with pytest.raises(
        RefusedUpdate, match=r"the cluster runs 1\.34\.4: a cluster can't be downgraded"
    ):
        check_cluster(update({"version": "1.34.3"}, {"version": "1.34.3"}, version="1.34.4"))


def test_the_storage_driver_stays() -> None:
    check_cluster(update({"exoscaleCsi": False}, {"exoscaleCsi": True}))
    with pytest.raises(RefusedUpdate, match="csi: can't be turned off"):
        check_cluster(update({"exoscaleCsi": True}, {"exoscaleCsi": False}))


def test_labels_of_a_cluster_can_be_changed_and_not_emptied() -> None:
    check_cluster(update({"labels": {"a": "1"}}, {"labels": {"b": "2"}}))
    with pytest.raises(RefusedUpdate, match="web: labels: can't be emptied"):
        check_cluster(update({"labels": {"a": "1"}}, {}))


@pytest.mark.parametrize("key", NODEPOOL_EMPTYING_IGNORED)
def test_what_a_nodepool_would_keep_is_not_emptied(key: str) -> None:
    check_nodepool(update({}, {key: ["x"]}))
    check_nodepool(update({key: ["x"]}, {key: ["y"]}))
    with pytest.raises(RefusedUpdate, match=f"web: {key}: can't be emptied"):
        check_nodepool(update({key: ["x"]}, {key: []}))


def described(text: str | None, kind: str = "LoadBalancer") -> dict[str, Any]:
    """A Service's inputs, with this description of its load balancer."""
    annotations = {f"{LOAD_BALANCER}description": text} if text else {}
    return {"metadata": {"annotations": annotations}, "spec": {"type": kind}}


def in_chart(text: str | None, controller: str) -> dict[str, Any]:
    """A release's inputs, of ingress-nginx or Traefik."""
    values = {"service": described(text)["metadata"]}
    return {"values": {"controller": values} if controller == "nginx" else values}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (described("a"), described("b")),
        (described(None), described("b")),
        (described("a"), described(None)),
        (in_chart("a", "nginx"), in_chart("b", "nginx")),
        (in_chart("a", "nginx"), in_chart("b", "traefik")),
        (in_chart("a", "traefik"), in_chart(None, "traefik")),
    ],
)
def test_the_description_of_a_load_balancer_stays(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    with pytest.raises(RefusedUpdate, match=r"web: loadBalancer\.description: can't be changed"):
        check_description(update(before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (described("a"), described("a")),
        (described(None, "ClusterIP"), described("b")),
        (described("a"), described(None, "ClusterIP")),
        (in_chart("a", "nginx"), in_chart("a", "traefik")),
    ],
)
def test_the_same_description_or_that_of_a_new_load_balancer(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    check_description(update(before, after))


def test_a_check_sees_through_secrets() -> None:
    """In a hook, what holds a secret, such as a chart's values, is an output."""
    bindings: list[pulumi.ResourceHookBinding] = []
    run(lambda: bindings.append(refuse_description_change("web")))
    (hook,) = bindings[0].before_update or []

    async def outcome(before: str, after: str) -> None:
        answer = hook(update(secret_values(before), secret_values(after)))
        assert inspect.isawaitable(answer)
        await answer

    def secret_values(text: str) -> dict[str, Any]:
        service = {"annotations": {f"{LOAD_BALANCER}description": text}}
        return {"values": pulumi.Output.secret({"controller": {"service": service}})}

    asyncio.run(outcome("one", "one"))
    with pytest.raises(RefusedUpdate, match=r'description: can\'t be changed: .* keeps "one"'):
        asyncio.run(outcome("one", "two"))
