"""What of the ingress controller shows only beside the applications, or is seldom meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from settings.mistakes import Mistake

if TYPE_CHECKING:
    from settings import Settings

RETIRED = (
    "ingress.controller: ingress-nginx gets no fixes since March 2026, also none for security;"
    " choose traefik, which serves the same Ingresses, or nginx to read this no more"
)


def mistakes(settings: Settings) -> Iterator[Mistake]:
    """Lists of allowed clients where the controller can't see who the clients are."""
    controller = settings.controller
    if controller is None or controller.load_balancer.external_traffic_policy == "Local":
        return
    for index, app in enumerate(settings.apps):
        if app.ingress and app.ingress.allow_list:
            yield Mistake(
                ("apps", index, "ingress", "allowList"),
                app.ingress.allow_list,
                "must not be given with ingress.loadBalancer.externalTrafficPolicy Cluster, which"
                " hides the clients' addresses",
            )


def warnings(settings: Settings) -> Iterator[str]:
    """The controller's retirement, until a controller is chosen."""
    if settings.controller and settings.controller.controller is None:
        yield RETIRED
