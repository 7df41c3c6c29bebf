"""Checks the ingress controller together with the cluster and the applications."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Problem
from components.ingress_controller.re2 import unsupported_in_re2
from stack.args import StackArgs

OPEN_CVES = ("CVE-2026-42945", "CVE-2026-9256", "CVE-2026-42533")
"""Vulnerabilities of nginx up to 1.30.3 that also affect 1.27.1, the version in the last release of
ingress-nginx.

Source: nginx.org/en/security_advisories.html.
"""

RETIRED = (
    "ingress.controller: ingress-nginx has had no fixes since March 2026, including security fixes"
    f" ({', '.join(OPEN_CVES)} are open); set traefik, which serves the same Ingresses, or nginx to"
    " hide this warning"
)


def check_installer(settings: StackArgs) -> Iterator[Problem]:
    """Requires `ingress` on an existing cluster, and rejects `ingress.existing` on a new one."""
    given = settings.ingress
    if settings.cluster and given and given.existing:
        allowed = "must not be given with cluster: a new cluster has no controller"
        yield Problem(("ingress", "existing"), given.existing, allowed)
    if settings.existing_cluster and settings.controller and not given:
        yield Problem(
            ("ingress",),
            None,
            "must be given with existingCluster: existing to use an installed controller, or "
            "controller to install one",
        )


def check_allow_lists(settings: StackArgs) -> Iterator[Problem]:
    """Rejects `allowList` if the controller can't see the addresses of its clients."""
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


def check_production_controller(settings: StackArgs) -> Iterator[Problem]:
    """Requires an explicit controller in production."""
    controller = settings.controller
    if not settings.production or not controller or controller.existing:
        return
    if controller.controller is None:
        allowed = "must be given in production: traefik, or nginx, which no longer gets fixes"
        yield Problem(("ingress", "controller"), None, allowed)


def check_regular_expressions(settings: StackArgs) -> Iterator[Problem]:
    """Rejects regular expressions that RE2 can't parse: Traefik uses Go's, which are RE2's.

    nginx uses PCRE.
    """
    if not settings.controller or settings.controller.controller != "traefik":
        return
    for index, app in enumerate(settings.apps):
        regex = app.ingress and app.ingress.regex
        if regex and (found := unsupported_in_re2(regex)):
            allowed = f"must not have {found}, with ingress.controller traefik: it is not in RE2"
            yield Problem(("apps", index, "ingress", "regex"), regex, allowed)


def warnings(settings: StackArgs) -> Iterator[str]:
    """Yields a warning that ingress-nginx is retired, unless the settings name a controller.

    In production, `check_production_controller` requires one.
    """
    controller = None if settings.production else settings.controller
    if controller and not controller.existing and controller.controller is None:
        yield RETIRED


CHECKS = (
    check_installer,
    check_allow_lists,
    check_production_controller,
    check_regular_expressions,
)
