"""Namespaces, and what their Pod Security level refuses in the applications in them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.program.unit.stack_settings import APP, SIDECAR, VALID, changed, load, mistakes


def test_applications_may_share_a_namespace() -> None:
    values = changed("apps[1].namespace", "web")
    assert [each.name for each in load(values).app_namespaces] == ["web"]
    values["namespaces"] = [{"name": "web", "podSecurity": "baseline"}]
    (namespace,) = load(values).app_namespaces
    assert namespace.pod_security == "baseline"


@pytest.mark.parametrize(
    ("namespace", "key", "message"),
    [
        ({"name": "shop"}, "namespaces[0].name", '"shop": has no application'),
        ({"name": "kube-system"}, "namespaces[0].name", '"kube-system": must not be one of'),
        ({"name": "web", "podSecurity": "strict"}, "namespaces[0].podSecurity", "must be one of"),
        ({"name": "web", "quota": {"pods": -1}}, "namespaces[0].quota.pods", "-1: must be 0"),
    ],
)
def test_mistakes_in_a_namespace(namespace: dict[str, Any], key: str, message: str) -> None:
    (line,) = mistakes(VALID | {"namespaces": [namespace]})
    assert line.startswith(f"{key}: ")
    assert message in line


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"security": {"runAsUser": 0}}, "security.runAsUser"),
        (
            {"sidecars": [SIDECAR | {"security": {"runAsUser": 0}}]},
            "sidecars[0].security.runAsUser",
        ),
        (
            {"initContainers": [SIDECAR | {"security": {"runAsUser": 0}}]},
            "initContainers[0].security.runAsUser",
        ),
    ],
)
def test_root_takes_another_level_of_its_namespace(settings: dict[str, Any], place: str) -> None:
    values = changed("apps", [APP | {"namespace": "shop"} | settings])
    assert mistakes(values) == [
        f"apps[0].{place}: 0: must not be root, because its namespace is restricted: to change the"
        " level, add {name: shop, podSecurity: baseline} to namespaces"
    ]
    assert mistakes(values | {"namespaces": [{"name": "shop"}]}) == [
        f"apps[0].{place}: 0: must not be root, because namespaces[0].podSecurity is restricted:"
        " set it to baseline"
    ]
    assert load(values | {"namespaces": [{"name": "shop", "podSecurity": "baseline"}]})


def test_a_namespace_of_another_stack_is_only_named() -> None:
    """Its level is not known: the API server says what it refuses."""
    key = "container.apparmor.security.beta.kubernetes.io/web"
    app = APP | {"security": {"runAsUser": 0}, "annotations": {key: "unconfined"}}
    values = changed("apps", [app]) | {"namespaces": [{"name": "web", "existing": True}]}
    (namespace,) = load(values).app_namespaces
    assert namespace.existing
    more = {"podSecurity": "restricted", "adopt": False, "quota": {"pods": 1}, "defaults": {}}
    values["namespaces"][0] |= more
    told = "must not be given with existing: true: the namespace is not this stack's"
    assert mistakes(values) == [
        f'namespaces[0].podSecurity: "restricted": {told}',
        f'namespaces[0].quota: {{"pods": 1}}: {told}',
        f"namespaces[0].defaults: {{}}: {told}",
        f"namespaces[0].adopt: false: {told}",
    ]


def test_app_armor_is_turned_off_at_the_level_privileged_alone() -> None:
    key = "container.apparmor.security.beta.kubernetes.io/web"
    values = changed("apps", [APP | {"annotations": {key: "unconfined"}}])
    baseline = [{"name": "web", "podSecurity": "baseline"}]
    (line,) = mistakes(values | {"namespaces": baseline})
    assert line.startswith(f'apps[0].annotations["{key}"]: "unconfined": must be runtime/default')
    assert line.endswith("because namespaces[0].podSecurity is baseline: set it to privileged")
    assert load(values | {"namespaces": [{"name": "web", "podSecurity": "privileged"}]})
    values["apps"][0]["annotations"][key] = "localhost/web"
    assert load(values)
