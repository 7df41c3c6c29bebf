"""Components that are called directly, with settings made in Python."""

from __future__ import annotations

import doctest
import inspect
import re
from typing import Any

import pulumi
import pytest
from pydantic import SecretStr, ValidationError

from components.database.args import DatabaseArgs
from components.database.database import Database
from components.dns.dns import Dns
from components.existing_cluster.existing_cluster import ExistingCluster
from components.ingress_controller.args import IngressControllerArgs
from components.ingress_controller.existing_controller import ExistingController
from components.ingress_controller.ingress_controller import IngressController
from components.namespace.app_namespace import AppNamespace
from components.namespace.args import AppNamespaceArgs
from components.sks_cluster.sks_cluster import SksCluster
from components.web_app.args import WebAppArgs
from components.web_app.availability.args import AutoscalerArgs
from components.web_app.rollout.args import BeforeRolloutArgs
from components.web_app.web_app import WebApp
from stack.args import StackArgs
from tests.program.unit.args_classes import args_classes
from tests.program.unit.engine import run
from tests.program.unit.stack_settings import SIDECAR, changed, load

COMPONENTS = (
    AppNamespace,
    Database,
    Dns,
    ExistingCluster,
    ExistingController,
    IngressController,
    SksCluster,
    WebApp,
)


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_example_in_its_docstring(component: type[pulumi.ComponentResource]) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(component) or "")
    *first, last = (example.source for example in examples)
    classes: tuple[type, ...] = (
        AppNamespaceArgs,
        WebAppArgs,
        *args_classes(StackArgs),
        *COMPONENTS,
    )
    names: dict[str, Any] = {each.__name__: each for each in classes}
    names["SecretStr"] = SecretStr
    made: list[pulumi.ComponentResource] = []

    def program() -> None:
        exec("".join(first), names)
        made.append(eval(last, names))

    engine, _ = run(program)
    assert len(engine.of_type(component.__name__)) == 1
    assert len(engine.resources) > 1
    _, _, told = (inspect.getdoc(component) or "").partition("Attributes:\n")
    documented = re.findall(r"^    (\w+): ", told, re.MULTILINE)
    assert {*component.__annotations__} <= {*documented}
    assert [name for name in documented if not hasattr(made[0], name)] == []


def test_what_a_component_creates_is_among_its_attributes() -> None:
    app = WebAppArgs(
        image="example/shop:1",
        host="shop.example.com",
        autoscaler=AutoscalerArgs(min=2, max=4, cpu=80),
        before_rollout=BeforeRolloutArgs(command=("true",)),
        database=DatabaseArgs(),
    )
    children: dict[str, pulumi.Resource] = {}

    def program() -> None:
        controller = IngressController("ingress-nginx", IngressControllerArgs())
        web = WebApp("shop", app, controller=controller)
        (children["Ingress"],) = web.ingresses
        found = (
            controller.release,
            web.service_account,
            web.deployment,
            web.service,
            web.autoscaler,
            web.disruption_budget,
            web.job,
            web.database,
            AppNamespace("shop", AppNamespaceArgs()).namespace,
        )
        children.update({type(each).__name__: each for each in found if each})
        assert web.database
        assert web.database.stateful_set
        assert web.database.claim
        assert web.database.service
        assert web.database.dbaas is None

    run(program)
    assert children.keys() == {
        "Database",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "Job",
        "Namespace",
        "PodDisruptionBudget",
        "Release",
        "Service",
        "ServiceAccount",
    }


def test_the_defaults_are_those_of_a_stacks_file() -> None:
    in_file = load(changed("apps[0].replicas", 2)).apps[0]
    in_python = WebAppArgs(image="example/web:1", replicas=2)
    assert in_file.model_dump(exclude={"name"}) == in_python.model_dump()
    assert declared(in_file) == declared(in_python)


def declared(app: WebAppArgs) -> dict[tuple[str, str], Any]:
    """The inputs of all that an application declares."""
    engine, _ = run(lambda: WebApp("web", app))
    return {(each.typ, each.name): each.inputs for each in engine.resources}


def test_the_checks_are_those_of_a_stacks_file() -> None:
    with pytest.raises(ValidationError, match="max: 2: must be 5 or more, as min is"):
        AutoscalerArgs(min=5, max=2, cpu=80)
    with pytest.raises(ValidationError, match="admissionWebhook: true: must not be given"):
        IngressControllerArgs(controller="traefik", admission_webhook=True)
    scaled = AutoscalerArgs(min=2, max=5, cpu=80)
    with pytest.raises(ValidationError) as caught:
        WebAppArgs(image="example/web:1", replicas=2, autoscaler=scaled)
    (error,) = caught.value.errors()
    assert error["msg"] == "Value error, replicas: 2: must not be given with an autoscaler"


def test_maps_of_texts_alone_are_maps_of_texts_or_outputs() -> None:
    """mypy rejects this if the fields are `dict`, whose values can be set."""
    texts: dict[str, str] = {"tier": "front"}
    args = WebAppArgs(image="example/web:1", environment=texts, labels=texts, annotations=texts)
    assert args.environment == args.labels == args.annotations == texts


def test_errors_show_no_secret() -> None:
    pull = {"registry": "ghcr.io", "username": "robot", "password": "s3cret"}
    with pytest.raises(ValidationError) as caught:
        WebAppArgs.model_validate({"pullSecret": pull})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "settings", "problem"),
    [
        ("Shop", {}, 'name: "Shop": must be a DNS label'),
        ("default", {}, 'name: "default": must not be one of default, '),
        ("web", {"sidecars": [SIDECAR | {"name": "web"}]}, "sidecars[0].name: "),
        ("a" * 50, {"database": {}}, "must have 49 characters at most, with a database"),
        ("a" * 40, {"beforeRollout": {"command": ["true"]}}, "at most, with beforeRollout"),
    ],
)
def test_the_name_of_an_application_is_its_components(
    name: str, settings: dict[str, Any], problem: str
) -> None:
    args = WebAppArgs.model_validate({"image": "example/web:1"} | settings)
    with pytest.raises(ValueError, match=re.escape(problem)):
        run(lambda: WebApp(name, args).url)


def test_the_name_of_a_namespace_is_its_components() -> None:
    with pytest.raises(ValueError, match='name: "Shop": must be a DNS label'):
        run(lambda: AppNamespace("Shop", AppNamespaceArgs()).own)
    with pytest.raises(ValueError, match='name: "kube-system": must not be one of'):
        run(lambda: AppNamespace("kube-system", AppNamespaceArgs()).own)


def test_an_application_in_the_namespace_that_it_is_given() -> None:
    found: list[str] = []

    def program() -> pulumi.Output[str]:
        namespace = AppNamespace("shop", AppNamespaceArgs())
        web = WebApp("web", WebAppArgs(image="example/web:1"), namespace=namespace)
        found.append(web.namespace)
        return web.url

    engine, _ = run(program)
    assert found == ["shop"]
    (deployment,) = engine.of_type("Deployment").values()
    assert deployment["metadata"]["namespace"] == "shop"


def test_the_args_can_not_have_another_namespace_than_the_one_given() -> None:
    def program() -> pulumi.Output[str]:
        namespace = AppNamespace("shop", AppNamespaceArgs())
        args = WebAppArgs(image="example/web:1", namespace="other")
        return WebApp("web", args, namespace=namespace).url

    with pytest.raises(ValueError, match='namespace: "other": must be shop, the namespace that '):
        run(program)
