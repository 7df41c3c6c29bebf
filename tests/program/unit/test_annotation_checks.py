"""An Ingress has no annotation that the chosen controller does not heed."""

from __future__ import annotations

from typing import Any

import pytest

from components.ingress_controller.heeded_annotations import (
    HEEDED,
    TRAEFIK_SNIPPETS,
    TRAEFIK_VALUES,
)
from components.web_app.ingress import annotations as ingress_annotations
from components.web_app.ingress.annotations import NGINX
from tests.program.unit.stack_settings import VALID, changed, load, mistakes

ALLOW_SNIPPETS = "--providers.kubernetesIngressNGINX.allowSnippetAnnotations"


def stack(annotations: dict[str, Any], **ingress: Any) -> dict[str, Any]:
    values = changed("apps[1].path", "/api", changed("apps[1].ingress.annotations", annotations))
    return values | {"ingress": ingress}


def line(key: str, value: str, allowed: str) -> str:
    return f'apps[1].ingress.annotations["{NGINX}{key}"]: "{value}": {allowed}'


def test_a_switch_to_traefik_names_each_annotation_that_it_ignores() -> None:
    lost = {
        "denylist-source-range": "198.51.100.0/24",
        "enable-modsecurity": "true",
        "auth-tls-verify-depth": "1",
        "proxy-busy-buffers-size": "16k",
    }
    annotations = {f"{NGINX}{key}": value for key, value in lost.items()}
    annotations |= {f"{NGINX}limit-rps": "5", "external-dns.alpha.kubernetes.io/ttl": "60"}
    assert load(stack(annotations, controller="nginx"))
    assert mistakes(stack(annotations, controller="traefik")) == [
        line(key, value, "must not be given: Traefik ignores it") for key, value in lost.items()
    ]


@pytest.mark.parametrize("key", sorted(TRAEFIK_SNIPPETS))
def test_traefik_serves_no_ingress_with_a_snippet_unless_it_is_allowed_to(key: str) -> None:
    annotations = {f"{NGINX}{key}": "return 200;"}
    allowed = (
        "must not be given: Traefik does not serve an Ingress with it, unless ingress.values has "
        f'additionalArguments: ["{ALLOW_SNIPPETS.lower()}"]'
    )
    found = [line(key, "return 200;", allowed)]
    assert mistakes(stack(annotations, controller="traefik")) == found
    for argument, lines in (("", []), ("=true", []), ("=false", found)):
        values = {"additionalArguments": [f"{ALLOW_SNIPPETS}{argument}"]}
        told = stack(annotations, controller="traefik", values=values)
        assert mistakes(told) == lines if lines else load(told)


@pytest.mark.parametrize("key", TRAEFIK_VALUES)
def test_values_that_traefik_ignores(key: str) -> None:
    for value in TRAEFIK_VALUES[key]:
        assert load(stack({f"{NGINX}{key}": value}, controller="traefik"))
    (told,) = mistakes(stack({f"{NGINX}{key}": "other"}, controller="traefik"))
    allowed = f"must be {' or '.join(TRAEFIK_VALUES[key])}: Traefik ignores other values"
    assert told == line(key, "other", allowed)


def test_ingress_nginx_ignores_what_it_does_not_know() -> None:
    annotations = {f"{NGINX}global-rate-limit": "5", f"{NGINX}denylist-source-range": "192.0.2.1"}
    for ingress in ({}, {"controller": "nginx"}):
        assert mistakes(stack(annotations, **ingress)) == [
            line("global-rate-limit", "5", "must not be given: ingress-nginx ignores it")
        ]


@pytest.mark.parametrize(
    ("controller", "name"), [("nginx", "ingress-nginx"), ("traefik", "Traefik")]
)
def test_annotations_of_traefiks_other_provider(controller: str, name: str) -> None:
    key = "traefik.ingress.kubernetes.io/router.middlewares"
    assert mistakes(stack({key: "web-auth@kubernetescrd"}, controller=controller)) == [
        f'apps[1].ingress.annotations["{key}"]: "web-auth@kubernetescrd": must not be given: '
        f"{name} reads only annotations {NGINX}..."
    ]


def test_of_a_controller_that_exists_nothing_is_known() -> None:
    values = stack({f"{NGINX}global-rate-limit": "5"}, existing={"className": "traefik"})
    del values["cluster"]
    assert load(values | {"existingCluster": {"stack": "dev"}})


def test_both_controllers_heed_what_the_settings_write() -> None:
    written = {
        value.removeprefix(NGINX)
        for value in vars(ingress_annotations).values()
        if isinstance(value, str) and value.startswith(NGINX) and value != NGINX
    }
    assert "rewrite-target" in written
    for names in HEEDED.values():
        assert written <= names


def test_a_stack_without_ingress_has_nothing_to_heed() -> None:
    assert load(VALID)
