"""An application's Ingress: its host and path, and what the controller is told."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.ingress_controller.args import IngressControllerArgs
from components.ingress_controller.ingress_controller import IngressController
from components.web_app.context import Objects
from components.web_app.ingress.ingress import create_ingresses, url
from components.web_app.service.service import create_service
from stack.args import AppArgs
from tests.program.unit.engine import Engine, run
from tests.program.unit.stack_settings import changed, mistakes

NGINX = "nginx.ingress.kubernetes.io/"
APP: dict[str, Any] = {"name": "web", "image": "example/web:1"}


def served(**settings: Any) -> tuple[Engine, str]:
    """What is declared for these settings, and the application's URL."""
    app = AppArgs.model_validate(APP | {"namespace": "test"} | settings)

    def program() -> pulumi.Output[str]:
        objects = Objects("web", "test", {"app": "web"}, pulumi.ResourceOptions())
        controller = IngressController("ingress-nginx", IngressControllerArgs())
        create_ingresses(objects, app, controller)
        service = create_service(objects, 8080, app)
        return url(objects, app, service, controller)

    return run(program)


def ingress(**settings: Any) -> dict[str, Any]:
    """The inputs of the Ingress."""
    (inputs,) = served(**settings)[0].of_type("Ingress").values()
    return inputs


def told(**settings: Any) -> dict[str, str]:
    """The Ingress's annotations, without the program's own."""
    annotations: dict[str, str] = ingress(**settings)["metadata"]["annotations"]
    assert annotations.pop("pulumi.com/skipAwait") == "true"
    return annotations


def route(**settings: Any) -> tuple[str | None, str, str]:
    """Host, path and path type."""
    (rule,) = ingress(**settings)["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"] == {"service": {"name": "web", "port": {"number": 80}}}
    return rule.get("host"), path["path"], path["pathType"]


def test_a_path_is_taken_off_with_a_path_type_that_the_controller_accepts() -> None:
    assert ingress(path="/web")["spec"]["ingressClassName"] == "nginx"
    assert route(path="/web") == (None, "/web(/|$)(.*)", "ImplementationSpecific")
    assert told(path="/web") == {
        f"{NGINX}use-regex": "true",
        f"{NGINX}rewrite-target": "/$2",
        f"{NGINX}x-forwarded-prefix": "/web",
    }


def test_a_dot_in_a_path_is_a_dot() -> None:
    assert route(path="/v1.2")[1] == "/v1[.]2(/|$)(.*)"


def test_a_path_that_is_left_on() -> None:
    settings: dict[str, Any] = {"path": "/web", "ingress": {"rewrite": False}}
    assert route(**settings) == (None, "/web", "Prefix")
    assert told(**settings) == {}


def test_a_tilde_that_is_left_on_is_in_no_path_of_the_type_prefix() -> None:
    settings: dict[str, Any] = {"path": "/~web.1", "ingress": {"rewrite": False}}
    assert route(**settings) == (None, "/~web[.]1(/|$)", "ImplementationSpecific")
    assert told(**settings) == {f"{NGINX}use-regex": "true"}


def test_a_host_alone_and_the_root_need_no_rewriting() -> None:
    assert route(host="web.example.com") == ("web.example.com", "/", "Prefix")
    assert route(path="/") == (None, "/", "Prefix")
    assert told(path="/") == {}


def test_a_host_with_a_path() -> None:
    assert route(host="example.com", path="/web")[:2] == ("example.com", "/web(/|$)(.*)")


def test_a_regular_expression_is_given_as_it_is() -> None:
    how = {"regex": "/v[0-9]+/(.*)", "rewriteTarget": "/$1"}
    assert route(ingress=how) == (None, "/v[0-9]+/(.*)", "ImplementationSpecific")
    assert told(ingress=how) == {f"{NGINX}use-regex": "true", f"{NGINX}rewrite-target": "/$1"}
    assert told(ingress={"regex": "/v[0-9]+"}) == {f"{NGINX}use-regex": "true"}


@pytest.mark.parametrize(
    ("tls", "secret", "annotations"),
    [
        ({"secret": "wildcard"}, "wildcard", {}),
        ({"issuer": "ca"}, "example-com-73d986e0-tls", {"cert-manager.io/issuer": "ca"}),
        (
            {"clusterIssuer": "acme"},
            "example-com-73d986e0-tls",
            {"cert-manager.io/cluster-issuer": "acme"},
        ),
    ],
)
def test_tls(tls: dict[str, str], secret: str, annotations: dict[str, str]) -> None:
    settings = {"host": "example.com", "ingress": {"tls": tls}}
    assert ingress(**settings)["spec"]["tls"] == [{"hosts": ["example.com"], "secretName": secret}]
    assert told(**settings) == annotations


@pytest.mark.parametrize(
    ("tls", "secrets"),
    [
        ({"secret": "both"}, ["both", "both"]),
        ({"clusterIssuer": "acme"}, ["example-com-73d986e0-tls", "www-example-com-d59cc9d3-tls"]),
    ],
)
def test_each_host_has_an_ingress_of_its_own(tls: dict[str, str], secrets: list[str]) -> None:
    engine, address = served(
        host="example.com", additionalHosts=["www.example.com"], ingress={"tls": tls}
    )
    specs = (each["spec"] for each in engine.of_type("Ingress").values())
    assert {spec["rules"][0]["host"]: spec["tls"] for spec in specs} == {
        host: [{"hosts": [host], "secretName": secret}]
        for host, secret in zip(("example.com", "www.example.com"), secrets, strict=True)
    }
    assert address == "https://example.com/"


def test_sizes_times_networks_and_free_annotations() -> None:
    how = {
        "bodySize": "20m",
        "timeouts": {"connect": "5s", "read": "2m", "send": "1m30s"},
        "allowList": ["192.0.2.0/24", "198.51.100.7/32"],
        "annotations": {f"{NGINX}enable-cors": True},
    }
    assert told(host="example.com", ingress=how) == {
        f"{NGINX}proxy-body-size": "20m",
        f"{NGINX}proxy-connect-timeout": "5",
        f"{NGINX}proxy-read-timeout": "120",
        f"{NGINX}proxy-send-timeout": "90",
        f"{NGINX}allowlist-source-range": "192.0.2.0/24,198.51.100.7/32",
        f"{NGINX}enable-cors": "true",
    }


STICKY = {"annotations": {f"{NGINX}affinity": "cookie"}}


def cookie(**settings: Any) -> tuple[str, str]:
    """The name and path of the cookie."""
    annotations = told(**settings)
    assert annotations[f"{NGINX}affinity"] == "cookie"
    return annotations[f"{NGINX}session-cookie-name"], annotations[f"{NGINX}session-cookie-path"]


def test_a_cookie_is_that_of_one_application() -> None:
    assert cookie(path="/web", ingress=STICKY) == ("INGRESSCOOKIE-6f447bec", "/web")
    assert cookie(path="/web", ingress=STICKY | {"rewrite": False})[1] == "/web"
    assert cookie(host="example.com", ingress=STICKY)[1] == "/"
    assert cookie(ingress=STICKY | {"regex": "/v[0-9]+"})[1] == "/"
    served = [{"path": "/web"}, {"path": "/"}, {"host": "example.com", "path": "/web"}]
    names = {cookie(**where, ingress=STICKY)[0] for where in served}
    assert len(names) == 3


def test_a_cookie_as_it_is_given() -> None:
    own = {f"{NGINX}session-cookie-name": "pod", f"{NGINX}session-cookie-path": "/web/v1"}
    how = {"annotations": STICKY["annotations"] | own}
    assert cookie(path="/web", ingress=how) == ("pod", "/web/v1")


def test_no_cookie_without_affinity() -> None:
    how = {"annotations": {f"{NGINX}enable-cors": "true"}}
    assert f"{NGINX}session-cookie-name" not in told(path="/web", ingress=how)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "http://web.test.svc/"),
        ({"path": "/web"}, "http://203.0.113.7/web/"),
        ({"path": "/"}, "http://203.0.113.7/"),
        ({"host": "example.com"}, "http://example.com/"),
        ({"host": "example.com", "path": "/web"}, "http://example.com/web/"),
        (
            {"host": "example.com", "ingress": {"tls": {"secret": "tls"}}},
            "https://example.com/",
        ),
        ({"ingress": {"regex": "/v[0-9]+"}}, "http://203.0.113.7/"),
    ],
)
def test_the_url(settings: dict[str, Any], expected: str) -> None:
    engine, found = served(**settings)
    assert found == expected
    assert bool(engine.of_type("Ingress")) == bool(settings)


@pytest.mark.parametrize(
    ("settings", "place", "message"),
    [
        ({"path": "web"}, "path", "must be a path"),
        ({"path": "/web/"}, "path", "must be a path"),
        ({"host": "Example.com"}, "host", "must be a host name in lower case"),
        ({"host": "localhost"}, "host", "must be a host name"),
        (
            {"path": "/a", "additionalHosts": ["www.example.com"]},
            "additionalHosts",
            "must not be given without host",
        ),
        (
            {"host": "a.example", "additionalHosts": ["b.example", "a.example"]},
            "additionalHosts[1]",
            "must differ from host and from the others",
        ),
        ({"ingress": {}}, "ingress", "nothing is served"),
        ({"path": "/a", "ingress": {"regex": "/b"}}, "ingress", "it takes its place"),
        ({"path": "/a", "ingress": {"tls": {"secret": "x"}}}, "ingress", "without host"),
        (
            {"host": "a.example", "ingress": {"tls": {"secret": "x", "issuer": "y"}}},
            "ingress.tls",
            "must have one of",
        ),
        ({"host": "a.example", "ingress": {"tls": {}}}, "ingress.tls", "must have one of"),
        ({"ingress": {"regex": "/a("}}, "ingress.regex", "must be a regular expression"),
        ({"ingress": {"regex": "a.*"}}, "ingress.regex", "starts with a slash"),
        (
            {"ingress": {"regex": "/a", "rewriteTarget": "/$1"}},
            "ingress.rewriteTarget",
            "the regex has 0 groups",
        ),
        (
            {"path": "/a", "ingress": {"rewriteTarget": "/b"}},
            "ingress.rewriteTarget",
            "must be given with regex",
        ),
        ({"path": "/a", "ingress": {"bodySize": "20MB"}}, "ingress.bodySize", "a size as nginx"),
        (
            {"path": "/a", "ingress": {"timeouts": {"connect": "2m"}}},
            "ingress.timeouts.connect",
            "must be from 1s to 75s",
        ),
        (
            {"path": "/a", "ingress": {"timeouts": {"read": 60}}},
            "ingress.timeouts.read",
            "must be a string",
        ),
        (
            {"path": "/a", "ingress": {"allowList": ["10.0.0.1/8"]}},
            "ingress.allowList[0]",
            "must be a network",
        ),
        (
            {"path": "/a", "ingress": {"annotations": {f"{NGINX}proxy-body-size": "1m"}}},
            "ingress.annotations",
            "ingress.bodySize sets it",
        ),
        (
            {"path": "/a", "ingress": {"annotations": {"pulumi.com/skipAwait": "false"}}},
            "ingress.annotations",
            "it is the program's",
        ),
        (
            {"path": "/a", "ingress": {"annotations": {"not a key": "x"}}},
            'ingress.annotations["not a key"]',
            "must be an annotation's key",
        ),
    ],
)
def test_a_mistake_names_its_place(settings: dict[str, Any], place: str, message: str) -> None:
    (line,) = mistakes(changed("apps", [APP | settings]))
    assert line.startswith(f"apps[0].{place}: ")
    assert message in line
