"""What of the ingress controller shows only beside the applications, or is seldom meant."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Problem
from components.ingress_controller.re2 import not_in_re2
from stack.args import StackArgs

OPEN = ("CVE-2026-42945", "CVE-2026-9256", "CVE-2026-42533")
"""Those of nginx up to 1.30.3 that the one in the last release of ingress-nginx, 1.27.1, has.

Source: nginx.org/en/security_advisories.html.
"""

RETIRED = (
    "ingress.controller: ingress-nginx gets no fixes since March 2026, also none for security"
    f" ({', '.join(OPEN)} are open); choose traefik, which serves the same Ingresses, or nginx to"
    " read this no more"
)


def installer(settings: StackArgs) -> Iterator[Problem]:
    """Who installs the controller is said where somebody may have done so."""
    given = settings.ingress
    if settings.cluster and given and given.existing:
        allowed = "must not be given with cluster: the cluster is new, and nothing is on it"
        yield Problem(("ingress", "existing"), given.existing, allowed)
    if settings.existing_cluster and settings.controller and not given:
        yield Problem(
            ("ingress",),
            None,
            "must be given with existingCluster: existing, for a controller that is there, or "
            "controller, to install one",
        )


def clients(settings: StackArgs) -> Iterator[Problem]:
    """Lists of allowed clients where the controller can't see who the clients are."""
    controller = settings.controller
    if controller is None or controller.existing:
        return
    if controller.load_balancer.external_traffic_policy == "Local":
        return
    for index, app in enumerate(settings.apps):
        if app.ingress and app.ingress.allow_list:
            yield Problem(
                ("apps", index, "ingress", "allowList"),
                app.ingress.allow_list,
                "must not be given with ingress.loadBalancer.externalTrafficPolicy Cluster, which"
                " hides the clients' addresses",
            )


def chosen(settings: StackArgs) -> Iterator[Problem]:
    """In production a controller is no default: it is named, by those who know."""
    controller = settings.controller
    if not settings.production or not controller or controller.existing:
        return
    if controller.controller is None:
        allowed = "must be given in production: traefik, or nginx, which gets no fixes any more"
        yield Problem(("ingress", "controller"), None, allowed)


def expressions(settings: StackArgs) -> Iterator[Problem]:
    """Traefik's are Go's, which are RE2's; nginx's are PCRE's."""
    if not settings.controller or settings.controller.controller != "traefik":
        return
    for index, app in enumerate(settings.apps):
        regex = app.ingress and app.ingress.regex
        if regex and (found := not_in_re2(regex)):
            allowed = f"must not have {found}, with ingress.controller traefik: it is not in RE2"
            yield Problem(("apps", index, "ingress", "regex"), regex, allowed)


def warnings(settings: StackArgs) -> Iterator[str]:
    """The controller's retirement, until a controller is chosen, as in production it has to be."""
    controller = None if settings.production else settings.controller
    if controller and not controller.existing and controller.controller is None:
        yield RETIRED


CHECKS = (installer, clients, chosen, expressions)
