"""Applications that would take each other's requests are refused before anything is created."""

from __future__ import annotations

from typing import Any

import pytest

from stack.checks.routes import route_conflicts
from stack.checks.whole_stack import warnings
from tests.program.unit.stack_settings import changed, load, mistakes

KEPT = {"ingress": {"rewrite": False}}
REGEX = {"ingress": {"regex": "/v[0-9]+/.*"}}


@pytest.mark.parametrize(
    ("one", "other", "line"),
    [
        ({"path": "/a"}, {"path": "/a"}, 'apps[1].path: "/a": is apps[0]\'s too'),
        ({"path": "/A"}, {"path": "/a"}, 'apps[1].path: "/a": is apps[0]\'s too'),
        (
            {"path": "/a"},
            {"path": "/a/b"} | KEPT,
            'apps[1].path: "/a/b": is matched by apps[0]\'s /a',
        ),
        (
            {"path": "/a/b"} | KEPT,
            {"path": "/a"},
            'apps[1].path: "/a": would also match apps[0]\'s',
        ),
        (
            {"path": "/~"} | KEPT,
            {"path": "/~/b"} | KEPT,
            'apps[1].path: "/~/b": is matched by apps[0]\'s',
        ),
        ({"host": "x.example"}, {"host": "x.example"}, 'apps[1].host: "x.example": is apps[0]\'s'),
        (
            {"host": "x.example"},
            {"host": "x.example", "path": "/"},
            'apps[1].path: "/": is apps[0]\'s on x.example too',
        ),
        (
            {"host": "x.example"},
            {"host": "y.example", "additionalHosts": ["z.example", "x.example"]},
            'apps[1].additionalHosts[1]: "x.example": is apps[0]\'s on x.example too',
        ),
        (
            {"host": "x.example", "additionalHosts": ["y.example"], "path": "/a"},
            {"host": "y.example", "additionalHosts": ["x.example"], "path": "/a"},
            'apps[1].path: "/a": is apps[0]\'s on x.example too',
        ),
        (REGEX, REGEX, "apps[1].ingress.regex: "),
        (REGEX, {"path": "/v1"}, 'apps[1].path: "/v1": is matched by apps[0]\'s /v[0-9]+/.*'),
        (
            {"path": "/v1"},
            REGEX,
            'apps[1].ingress.regex: "/v[0-9]+/.*": would also match apps[0]\'s',
        ),
    ],
)
def test_conflicts(one: dict[str, Any], other: dict[str, Any], line: str) -> None:
    (found,) = route_conflicts([one, other])
    assert found.startswith(line)
    assert "another path or host" in found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"path": "/a"}, {"path": "/b"}),
        ({"path": "/shop"}, {"path": "/shopping"}),
        ({"path": "/"}, {"path": "/api"}),
        ({"path": "/api"}, {"path": "/api/auth"}),
        ({"path": "/api/auth"}, {"path": "/api"}),
        ({"path": "/api"} | KEPT, {"path": "/api/auth"}),
        ({"path": "/api"} | KEPT, {"path": "/api/auth"} | KEPT),
        ({"host": "x.example"}, {"host": "x.example", "path": "/api"}),
        ({"host": "x.example"}, {"host": "y.example"}),
        ({"host": "x.example", "path": "/a"}, {"path": "/a"}),
        (
            {"host": "x.example", "additionalHosts": ["y.example"]},
            {"host": "x.example", "additionalHosts": ["y.example"], "path": "/api"},
        ),
        (REGEX, {"path": "/api"}),
        ({}, {}),
    ],
)
def test_what_goes_together(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert route_conflicts([one, other]) == []


def test_a_longer_path_that_is_left_on_is_confused_beside_a_regular_expression() -> None:
    apps = [{"path": "/api"} | KEPT, {"path": "/api/auth"} | KEPT]
    assert route_conflicts([*apps, {"path": "/web", "host": "x.example"}]) == []
    (line,) = route_conflicts([*apps, {"path": "/web"}])
    assert line == (
        'apps[1].path: "/api/auth": is matched by apps[0]\'s /api; set ingress.rewrite to true for'
        " the longer path, or give one of them another path or host"
    )


def test_what_is_wrong_in_another_way_is_reported_there() -> None:
    assert route_conflicts("x") == []
    assert route_conflicts([1, {"path": 1}, {"ingress": {"regex": "("}}, {"ingress": 2}]) == []
    assert route_conflicts([{"additionalHosts": 1}, {"additionalHosts": [1]}]) == []


def test_a_conflict_stops_the_preview() -> None:
    app = {"name": "web", "image": "example/web:1", "path": "/a"}
    (line,) = mistakes(changed("apps", [app, app | {"name": "api"}]))
    assert line.startswith("apps[1].path: ")


def test_a_controller_only_where_it_is_needed_or_asked_for() -> None:
    def controller(path: str, value: Any) -> Any:
        return load(changed(path, value)).controller

    assert controller("ingress", {}) is None
    assert controller("ingress.controller", "traefik").controller == "traefik"
    for key, value in {"path": "/a", "host": "a.example", "ingress": {"regex": "/a"}}.items():
        assert controller(f"apps[0].{key}", value) is not None


def test_the_retirement_is_told_until_a_controller_is_chosen() -> None:
    def told(**ingress: Any) -> bool:
        settings = load(changed("apps[0].path", "/a") | {"ingress": ingress})
        return any(
            line.startswith("ingress.controller: ingress-nginx has") for line in warnings(settings)
        )

    assert told()
    assert told(chart="./chart")
    assert not told(controller="nginx")
    assert not told(controller="traefik")
    assert not any("ingress-nginx" in line for line in warnings(load(changed("ingress", {}))))


def test_a_list_of_clients_needs_their_addresses() -> None:
    app = {"name": "web", "image": "example/web:1", "path": "/a"}
    values = changed("apps", [app | {"ingress": {"allowList": ["192.0.2.0/24"]}}])
    load(values)
    values["ingress"] = {"loadBalancer": {"externalTrafficPolicy": "Cluster"}}
    (line,) = mistakes(values)
    assert line.startswith("apps[0].ingress.allowList: ")
    assert "hides the clients' addresses" in line
