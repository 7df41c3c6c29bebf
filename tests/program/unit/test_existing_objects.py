"""Objects that exist are found before they are created, and refused, adopted or gone on with."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

import pulumi
import pytest

from components.lifecycle.cluster_access import ClusterAccess
from components.lifecycle.existing_objects import AlreadyExists, Creator, refuse_existing
from components.lifecycle.kubernetes_api import ApiError
from components.namespace.app_namespace import AppNamespace, require_namespace
from components.namespace.args import AppNamespaceArgs
from components.web_app.web_app import WebApp
from tests.program.unit.app import app_settings, declare_app
from tests.program.unit.engine import Engine, run
from tests.support.kubernetes_api import Pages, kubeconfig, kubernetes_api

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NAMESPACE = "kubernetes:core/v1:Namespace"
PATHS = {
    DEPLOYMENT: "/apis/apps/v1/namespaces/all/deployments/shop",
    NAMESPACE: "/api/v1/namespaces/shop",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": (
        "/apis/networking.k8s.io/v1/namespaces/all/networkpolicies/shop"
    ),
    "kubernetes:networking.k8s.io/v1:Ingress": (
        "/apis/networking.k8s.io/v1/namespaces/all/ingresses/shop"
    ),
}
PULUMI, KUBECTL = "pulumi-kubernetes-164fb49a", "kubectl-create"
OWN = "webapp/test"
"""What the engine's mocks are."""


def existing(kind: str, *managers: str, stack: str = "") -> dict[str, Any]:
    """An object that these have written, which names a stack or does not."""
    metadata: dict[str, Any] = {"name": "shop"}
    if kind != NAMESPACE:
        metadata["namespace"] = "all"
    if managers:
        metadata["managedFields"] = [{"manager": manager} for manager in managers]
    if stack:
        metadata["annotations"] = {"exoscale-webapp/stack": stack}
    return {"metadata": metadata}


def access_to(server: str) -> ClusterAccess:
    return ClusterAccess(pulumi.Output.secret(kubeconfig(server)))


def create(
    kind: str, pages: Pages, *, adopt: bool = False, own: bool = True, preview: bool = True
) -> list[str]:
    """Let the hook look before an object is created; return what it tells.

    Raises:
        AlreadyExists: the object is refused.
    """
    metadata = existing(kind)["metadata"]
    args = pulumi.ResourceHookArgs("urn", "", "shop", kind, new_inputs={"metadata": metadata})
    with kubernetes_api(pages) as client:
        return look(client.configuration.host, args, adopt=adopt, own=own, preview=preview)


def look(
    server: str, args: pulumi.ResourceHookArgs, *, adopt: bool, own: bool, preview: bool
) -> list[str]:
    raised: list[Exception] = []

    async def create(hook: pulumi.ResourceHook) -> None:
        try:
            await hook.callback(args)  # type: ignore[misc]
        except (AlreadyExists, ApiError) as error:
            raised.append(error)

    def program() -> pulumi.Output[None]:
        creator = Creator(access_to(server), own)
        binding = refuse_existing(
            "shop", creator, advice="rename it", adopt=adopt, adoption="adopt it"
        )
        (hook,) = binding.before_create or []
        assert isinstance(hook, pulumi.ResourceHook)
        return pulumi.Output.from_input(create(hook))

    with patch("pulumi.info") as told:
        run(program, preview=preview)
    if raised:
        raise raised[0]
    return [call.args[0] for call in told.call_args_list]


@pytest.mark.parametrize("kind", PATHS)
def test_an_object_is_looked_for_where_the_api_server_has_it(kind: str) -> None:
    assert create(kind, {}) == []
    with pytest.raises(AlreadyExists):
        create(kind, {PATHS[kind]: existing(kind, KUBECTL)})


@pytest.mark.parametrize("preview", [False, True])
def test_what_was_created_manually_is_refused_or_adopted(preview: bool) -> None:
    pages = {PATHS[DEPLOYMENT]: existing(DEPLOYMENT, KUBECTL)}
    found = "Deployment shop in the namespace all already exists (managed by kubectl-create)"
    with pytest.raises(AlreadyExists) as caught:
        create(DEPLOYMENT, pages, preview=preview)
    assert str(caught.value) == f"{found}: rename it, or adopt it"
    told = [f"{found}: it is adopted, and `pulumi destroy` will delete it"] if preview else []
    assert create(DEPLOYMENT, pages, adopt=True, preview=preview) == told


@pytest.mark.parametrize("adopt", [False, True])
@pytest.mark.parametrize("preview", [False, True])
def test_what_belongs_to_another_stack_is_refused_always(adopt: bool, preview: bool) -> None:
    pages = {PATHS[NAMESPACE]: existing(NAMESPACE, PULUMI, stack="webapp/first")}
    with pytest.raises(AlreadyExists) as caught:
        create(NAMESPACE, pages, adopt=adopt, preview=preview)
    assert str(caught.value) == (
        "Namespace shop belongs to the stack webapp/first: rename it; if that stack was deleted or "
        "renamed, run `kubectl annotate --overwrite namespace shop "
        f"exoscale-webapp/stack={OWN}`"
    )


@pytest.mark.parametrize("adopt", [False, True])
def test_a_namespace_of_an_earlier_version_may_be_any_stacks(adopt: bool) -> None:
    pages = {PATHS[NAMESPACE]: existing(NAMESPACE, PULUMI, KUBECTL)}
    with pytest.raises(AlreadyExists) as caught:
        create(NAMESPACE, pages, adopt=adopt)
    assert str(caught.value) == (
        "Namespace shop already exists (managed by Pulumi): rename it; if it belongs to this "
        f"stack, run `kubectl annotate --overwrite namespace shop exoscale-webapp/stack={OWN}`"
    )


@pytest.mark.parametrize(
    ("kind", "stack", "own"),
    [
        (NAMESPACE, OWN, True),
        (DEPLOYMENT, OWN, False),
        (DEPLOYMENT, "", True),
    ],
)
def test_this_stacks_own_is_gone_on_with(kind: str, stack: str, own: bool) -> None:
    """After an interrupted `up`, and in the preview of a replacement."""
    assert create(kind, {PATHS[kind]: existing(kind, PULUMI, stack=stack)}, own=own) == []


@pytest.mark.parametrize(
    ("owner", "words"),
    [("webapp/first", "belongs to the stack webapp/first"), ("", "already exists (managed by")],
)
def test_in_the_namespace_of_another_stack_it_is_that_stacks(owner: str, words: str) -> None:
    namespace = {"/api/v1/namespaces/all": existing(NAMESPACE, PULUMI, stack=owner)}
    pages = {PATHS[DEPLOYMENT]: existing(DEPLOYMENT, PULUMI), **namespace}
    with pytest.raises(AlreadyExists) as caught:
        create(DEPLOYMENT, pages, own=False)
    said = str(caught.value)
    assert f"Deployment shop in the namespace all {words}" in said
    assert "`kubectl annotate --overwrite --namespace all deployment shop" in said


def test_a_guest_in_this_stacks_namespace_keeps_its_objects() -> None:
    pages = {PATHS[DEPLOYMENT]: existing(DEPLOYMENT, PULUMI, stack="webapp/guest")}
    with pytest.raises(AlreadyExists, match="belongs to the stack webapp/guest"):
        create(DEPLOYMENT, pages)


def test_a_cluster_that_does_not_answer() -> None:
    """The Kubernetes plugin previews what it can; an `up` creates nothing."""
    metadata = existing(DEPLOYMENT)["metadata"]
    args = pulumi.ResourceHookArgs("urn", "", "shop", DEPLOYMENT, new_inputs={"metadata": metadata})
    nobody = "http://127.0.0.1:1"
    assert look(nobody, args, adopt=False, own=True, preview=True) == []
    with pytest.raises(ApiError, match="does not answer"):
        look(nobody, args, adopt=False, own=True, preview=False)


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


def test_a_namespace_names_its_stack() -> None:
    engine, _ = run(lambda: AppNamespace("shop", AppNamespaceArgs()).own)
    (namespace,) = engine.of_type("Namespace").values()
    assert namespace["metadata"]["annotations"] == {"exoscale-webapp/stack": OWN}


def test_a_namespace_of_another_stack_is_only_read() -> None:
    settings = AppNamespaceArgs(existing=True)
    with kubernetes_api({PATHS[NAMESPACE]: existing(NAMESPACE, KUBECTL)}) as client:
        host = client.configuration.host
        engine, own = run(lambda: AppNamespace("shop", settings, access=access_to(host)).own)
    assert own is False
    (read,) = (each for each in engine.resources if each.typ.startswith("kubernetes:"))
    assert (read.typ, read.resource_id) == (NAMESPACE, "shop")
    assert read.inputs["metadata"] == {"name": "shop"}


def test_a_namespace_that_does_not_exist_can_not_be_used() -> None:
    with kubernetes_api({}) as client:
        text = kubeconfig(client.configuration.host)
        with pytest.raises(pulumi.RunError) as caught:
            asyncio.run(require_namespace("shop", text, None))
    assert str(caught.value) == (
        "namespaces: {name: shop, existing: true}: the namespace does not exist: create it "
        "(`kubectl create namespace shop`), or remove `existing` so that this stack creates it"
    )


def test_in_another_stacks_namespace_each_object_names_this_stack() -> None:
    settings = app_settings(adopt=True, database={"storageClass": "local-path"})

    def program() -> pulumi.Output[str]:
        namespace = AppNamespace("test", AppNamespaceArgs(existing=True))
        return WebApp("rickroller", settings, namespace=namespace).url

    engine, _ = run(program)
    notes = {
        (each.typ.rpartition(":")[2], each.name): each.inputs["metadata"].get("annotations", {})
        for each in engine.resources
        if each.typ.startswith("kubernetes:") and each.typ != NAMESPACE
    }
    kinds = {"Deployment", "Secret", "StatefulSet", "PersistentVolumeClaim", "Service"}
    assert {kind for kind, _ in notes} >= kinds
    assert {each.get("exoscale-webapp/stack") for each in notes.values()} == {OWN}
    forced = {"pulumi.com/patchForce": "true", "exoscale-webapp/stack": OWN}
    assert notes["Deployment", f"rickroller.{settings.namespace_name}"] == forced

    engine, _ = run(lambda: WebApp("rickroller", settings).url)
    assert "exoscale-webapp/stack" not in str(engine.resources)
