"""Connections between applications are allowed at both ends, or refused before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.program.unit.stack_settings import changed, load, mistakes


def stack(web: dict[str, Any], api: dict[str, Any]) -> dict[str, Any]:
    """Two applications, each in a namespace of its own."""
    names = [{"name": name, "image": f"example/{name}:1"} for name in ("web", "api")]
    return changed("apps", [names[0] | web, names[1] | api])


def policy(**keys: Any) -> dict[str, Any]:
    return {"networkPolicy": keys}


API, WEB = {"app": "api", "namespace": "api"}, {"app": "web", "namespace": "web"}


def test_the_client_has_to_be_let_out() -> None:
    (line,) = mistakes(stack({}, policy(**{"from": [WEB]})))
    assert line.startswith("apps[1].networkPolicy.from[0]: ")
    assert line.endswith("must be in apps[0].networkPolicy.egress too: app api, namespace api")


def test_the_server_has_to_let_in() -> None:
    (line,) = mistakes(stack(policy(egress=[API]), {}))
    assert line.startswith("apps[0].networkPolicy.egress[0]: ")
    assert line.endswith("must be in apps[1].networkPolicy.from too: app web, namespace web")


@pytest.mark.parametrize(
    ("web", "api"),
    [
        (policy(egress=[API]), policy(**{"from": [WEB]})),
        (policy(egress=[{"namespace": "api"}]), policy(**{"from": [WEB]})),
        (policy(egress=[API]), policy(**{"from": [{"namespace": "web"}]})),
        (policy(egress=[API]), policy(enabled=False)),
        (policy(enabled=False), policy(**{"from": [WEB]})),
        (policy(egress=[API]), {"service": "NodePort"}),
        (policy(egress=[{"network": "192.168.0.0/16"}]), policy(**{"from": [WEB]})),
        ({}, policy(**{"from": [{"app": "cron", "namespace": "elsewhere"}]})),
        (policy(egress=[{"app": "api"}]), {}),
    ],
    ids=str,
)
def test_what_is_allowed(web: dict[str, Any], api: dict[str, Any]) -> None:
    load(stack(web, api))


def test_a_name_alone_is_of_the_same_namespace() -> None:
    shared = {"namespace": "shop"}
    (line,) = mistakes(stack(shared, shared | policy(**{"from": [{"app": "web"}]})))
    assert "apps[0].networkPolicy.egress" in line
    load(
        stack(
            shared | policy(egress=[{"app": "api"}]),
            shared | policy(**{"from": [{"app": "web"}]}),
        )
    )
