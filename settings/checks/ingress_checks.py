"""What of the ingress controller shows only beside the applications, or is seldom meant."""

from __future__ import annotations

from collections.abc import Iterator

from settings.checks.re2 import not_in_re2
from settings.ingress import IngressSettings
from settings.mistakes import Mistake, rules
from settings.stack import Settings

FIRST_TRAEFIK_CHART = 40
"""The first with Traefik 3.7, which has the annotation `x-forwarded-prefix` (traefik#12697)."""

RETIRED = (
    "ingress.controller: ingress-nginx gets no fixes since March 2026, also none for security;"
    " choose traefik, which serves the same Ingresses, or nginx to read this no more"
)


def traefik(settings: IngressSettings) -> Iterator[Mistake]:
    """What Traefik does not have."""
    if settings.controller != "traefik":
        return
    if settings.admission_webhook is not None:
        allowed = "must not be given with controller traefik, which has none"
        yield Mistake(("admissionWebhook",), settings.admission_webhook, allowed)
    if settings.version and int(settings.version.partition(".")[0]) < FIRST_TRAEFIK_CHART:
        allowed = f"must be {FIRST_TRAEFIK_CHART}.0.0 or later, the first with Traefik 3.7"
        yield Mistake(("version",), settings.version, allowed)


def clients(settings: Settings) -> Iterator[Mistake]:
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


def expressions(settings: Settings) -> Iterator[Mistake]:
    """Traefik's are Go's, which are RE2's; nginx's are PCRE's."""
    if not settings.controller or settings.controller.controller != "traefik":
        return
    for index, app in enumerate(settings.apps):
        regex = app.ingress and app.ingress.regex
        if regex and (found := not_in_re2(regex)):
            allowed = f"must not have {found}, with ingress.controller traefik: it is not in RE2"
            yield Mistake(("apps", index, "ingress", "regex"), regex, allowed)


def warnings(settings: Settings) -> Iterator[str]:
    """The controller's retirement, until a controller is chosen."""
    if settings.controller and settings.controller.controller is None:
        yield RETIRED


RULES = (*rules(IngressSettings, traefik), *rules(Settings, clients, expressions))
