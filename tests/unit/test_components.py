"""Components that are called directly, with settings made in Python."""

from __future__ import annotations

import doctest
import inspect
from typing import Any

import pulumi
import pytest
from pydantic import SecretStr

from components.app_namespace import AppNamespace
from components.database import Database
from components.existing_cluster import ExistingCluster
from components.existing_controller import ExistingController
from components.ingress_controller import IngressController
from components.sks_cluster import SksCluster
from components.web_app import WebApp
from settings.app import AppSettings
from settings.apps.availability import AutoscalerSettings
from settings.apps.rollout import RolloutSettings
from settings.checks.check import WrongSettings
from settings.ingress import IngressSettings
from settings.stack import Settings
from tests.unit.engine import run
from tests.unit.stack_settings import changed, load
from tests.unit.test_settings_are_read import models

COMPONENTS = (
    AppNamespace,
    Database,
    ExistingCluster,
    ExistingController,
    IngressController,
    SksCluster,
    WebApp,
)


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_example_in_its_docstring(component: type[pulumi.ComponentResource]) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(component) or "")
    source = "".join(example.source for example in examples)
    names: dict[str, Any] = {each.__name__: each for each in (*models(Settings), component)}
    engine, _ = run(lambda: exec(source, names | {"SecretStr": SecretStr}))
    assert len(engine.of_type(component.__name__)) == 1
    assert len(engine.resources) > 1


def test_the_defaults_are_those_of_a_stacks_file() -> None:
    in_file = load(changed("apps[0].replicas", 2)).apps[0]
    in_python = AppSettings(name="web", image="example/web:1", replicas=2)
    assert in_file == in_python
    assert declared(in_file) == declared(in_python)


def declared(app: AppSettings) -> dict[tuple[str, str], Any]:
    """The inputs of all that an application declares."""
    engine, _ = run(lambda: WebApp("web", app))
    return {(each.typ, each.name): each.inputs for each in engine.resources}


def test_the_checks_are_those_of_a_stacks_file() -> None:
    app = AppSettings(
        name="web",
        image="example/web:1",
        replicas=2,
        autoscaler=AutoscalerSettings(min=5, max=2, cpu=80),
        rollout=RolloutSettings(drain_seconds=30),
    )
    with pytest.raises(WrongSettings) as caught:
        run(lambda: WebApp("web", app))
    assert str(caught.value).splitlines() == [
        "autoscaler.max: 2: must be 5 or more, as min is",
        "rollout.drainSeconds: 30: must be less than terminationGracePeriodSeconds, 30",
        "replicas: 2: must not be given with an autoscaler",
    ]
    ingress = IngressSettings(controller="traefik", admission_webhook=True)
    with pytest.raises(WrongSettings, match="admissionWebhook: true: must not be given"):
        run(lambda: IngressController("ingress-nginx", ingress))
