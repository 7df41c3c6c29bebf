"""An application, declared with the engine mocked."""

from __future__ import annotations

from typing import Any

import pulumi

from components.ingress_controller.args import IngressControllerArgs
from components.ingress_controller.ingress_controller import IngressController
from components.web_app.web_app import WebApp
from stack.args import AppArgs
from tests.program.unit.engine import Engine, run

APP: dict[str, Any] = {
    "name": "rickroller",
    "namespace": "test",
    "image": "derlin/rickroller:latest",
    "replicas": 3,
    "environment": {"BEHIND_PROXY": True},
    "generatedSecrets": ["APP_SECRET_KEY"],
    "path": "/rickroller",
}
BACKUP = {
    "zone": "de-fra-1",
    "bucket": "dumps",
    "accessKey": "EXOkey",
    "secretKey": "hidden",
}
"""The backup of a database."""


def app_settings(**changes: Any) -> AppArgs:
    """The tutorial's application, with other settings in some of its keys, or none (`...`)."""
    keys = {key: value for key, value in (APP | changes).items() if value is not ...}
    return AppArgs.model_validate(keys)


def declare_app(**changes: Any) -> tuple[Engine, str]:
    """What the component declares, and the application's URL."""

    def program() -> pulumi.Output[str]:
        controller = IngressController("ingress-nginx", IngressControllerArgs())
        return WebApp("rickroller", app_settings(**changes), controller=controller).url

    return run(program)


def declared_pod(**changes: Any) -> dict[str, Any]:
    """The pods' specification."""
    spec: dict[str, Any] = deployment(**changes)["spec"]["template"]["spec"]
    return spec


def deployment(**changes: Any) -> dict[str, Any]:
    """The application's Deployment."""
    return declare_app(**changes)[0].of_type("Deployment")["rickroller"]
