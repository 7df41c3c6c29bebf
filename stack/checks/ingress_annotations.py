"""Rejects annotations of an Ingress that its controller ignores.

A controller at most logs that it ignores one. If it ignores a deny list, an application is open to
all clients.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Problem
from components.ingress_controller.args import IngressControllerArgs
from components.ingress_controller.heeded_annotations import (
    HEEDED,
    TRAEFIK_SNIPPETS,
    TRAEFIK_VALUES,
)
from components.web_app.ingress.annotations import NGINX, TRAEFIK
from stack.args import StackArgs

ALLOW_SNIPPETS = "--providers.kubernetesingressnginx.allowsnippetannotations"
"""Option of Traefik, which is not case-sensitive."""

SNIPPETS_ARE_OFF = (
    "must not be given: Traefik does not serve an Ingress with it, unless ingress.values has "
    f'additionalArguments: ["{ALLOW_SNIPPETS}"]'
)

NAMES = {"nginx": "ingress-nginx", "traefik": "Traefik"}


def check_annotations(settings: StackArgs) -> Iterator[Problem]:
    """Rejects annotations that the stack's own controller ignores.

    The type of an existing controller is unknown.
    """
    controller = settings.controller
    if controller is None or controller.existing:
        return
    for index, app in enumerate(settings.apps):
        for key, value in (app.ingress.annotations if app.ingress else {}).items():
            if allowed := _allowed(key, value, controller):
                yield Problem(("apps", index, "ingress", "annotations", key), value, allowed)


def _allowed(key: str, value: str, settings: IngressControllerArgs) -> str:
    """Returns what is allowed instead of an annotation, or "" if the controller implements it."""
    controller = settings.controller or "nginx"
    if key.startswith(TRAEFIK):
        return f"must not be given: {NAMES[controller]} reads only annotations {NGINX}..."
    name = key.removeprefix(NGINX)
    if name == key or name in HEEDED[controller]:
        return ""
    if controller == "traefik":
        if name in TRAEFIK_VALUES:
            return _another_value(value, TRAEFIK_VALUES[name])
        if name in TRAEFIK_SNIPPETS:
            return "" if _allows_snippets(settings) else SNIPPETS_ARE_OFF
    return f"must not be given: {NAMES[controller]} ignores it"


def _another_value(value: str, heeded: tuple[str, ...]) -> str:
    if value.lower() in map(str.lower, heeded):
        return ""
    return f"must be {' or '.join(heeded)}: Traefik ignores other values"


def _allows_snippets(settings: IngressControllerArgs) -> bool:
    given = settings.values.get("additionalArguments")
    arguments = [str(each).lower() for each in given] if isinstance(given, list) else []
    return ALLOW_SNIPPETS in arguments or f"{ALLOW_SNIPPETS}=true" in arguments


CHECKS = (check_annotations,)
