"""Each rule catches what breaks it, and lets pass what only looks like it.

The resources are those that the program declares. What its settings can't say is put into them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.availability import BUDGET
from policies.clear_secrets import is_secret_name
from policies.cluster import CLUSTER, NAMESPACE, RELEASE
from policies.network import FIREWALL_RULE
from policies.rule import Finding, Resource, StackRule
from policies.rules import RULES
from tests.program.unit.recorded_resources import recorded, requests
from tests.program.unit.stack_settings import changed
from tests.program.unit.test_docs import STACK_FILES
from tests.support.resource_names import without_namespace

ALL = {rule.name: rule for rule in RULES}
DIGEST = f"@sha256:{'0a' * 32}"
NETWORK, WORLD = "192.0.2.0/24", "0.0.0.0/0"
KEPT: dict[str, Any] = {
    "owner": "web-team",
    "cluster": {
        "zone": "ch-gva-2",
        "version": "1.36.5",
        "protect": True,
        "allowOpenNetworks": True,
        "nodePortSources": [WORLD],
        "firewallRules": [
            {"name": "ssh", "ports": 22, "sources": [NETWORK]},
            {"name": "web", "ports": "23-10249", "sources": [WORLD]},
            {"name": "ping", "protocol": "ICMP", "sources": [WORLD]},
        ],
        "nodepools": [{"name": "workers", "instanceType": "standard.small", "size": 2}],
    },
    "ingress": {"controller": "traefik"},
    "namespaces": [{"name": "web", "podSecurity": "privileged"}],
    "apps": [
        {
            "name": "web",
            "image": "registry.example.com:5000/web:1.0.0",
            "replicas": 3,
            "port": 80,
            "path": "/web",
            "service": "LoadBalancer",
            "environment": {
                "DATABASE_PASSWORD_FILE": "/run/secrets/password",
                "PASSWORD": "/run/secrets/password",
                "REQUIRE_TOKEN": True,
                "TOKEN_URL": "https://login.example.com:443/token?to=me@example.com",
            },
            "config": {"environment": {"CACHE_KEY": "v2"}},
            "secrets": {"environment": {"API_TOKEN": "hidden"}},
        },
        {
            "name": "latest",
            "image": f"latest{DIGEST}",
            "beforeRollout": {"command": ["x"]},
            "schedules": [{"name": "x", "schedule": "@daily", "command": ["x"]}],
            "host": "example.com",
            "ingress": {"tls": {"secret": "example"}},
        },
    ],
}
"""Settings that come close to what the rules forbid."""

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
APP, CONTAINER = "apps[0]", "spec.template.spec.containers[0]"
POD_SECURITY, SECURITY = "spec.template.spec.securityContext", f"{CONTAINER}.securityContext"
WORKER: dict[str, Any] = {"name": "mail", "command": ["work"]}
UNBOUND = WORKER | {"resources": {"requests": {"cpu": "1"}}}
BY_SETTINGS = [
    (
        *("closed-ports", "cluster.firewallRules[0].sources", [WORLD], "cluster-ssh-0.0.0.0/0"),
        "port 22 (SSH) is open to 0.0.0.0/0: remove it from the rule's `ports`, or write your own "
        "network as its source",
    ),
    (
        *("no-public-node-port", f"{APP}.service", "NodePort", "web"),
        "type NodePort: open to 0.0.0.0/0 on every node: write `service: ClusterIP` or "
        "LoadBalancer, or restrict `cluster.nodePortSources`",
    ),
    (
        *("pinned-image", f"{APP}.image", "registry.example.com:5000/web", "web"),
        "container web: image registry.example.com:5000/web: can change at any time: write a "
        "version as its tag, or a digest",
    ),
    (
        *("pinned-image", f"{APP}.workers", [{"name": "mail", "image": "mail"}], "web-mail"),
        "container web-mail: image mail: can change at any time: write a version as its tag, or a "
        "digest",
    ),
    (
        *("requests-and-limits", f"{APP}.workers", [UNBOUND], "web-mail"),
        "container web-mail: has no requests.memory, limits.memory: set them in `resources`",
    ),
    (
        *("requests-and-limits", f"{APP}.resources", {"requests": {"cpu": "1"}}, "web"),
        "container web: has no requests.memory, limits.memory: set them in `resources`",
    ),
    (
        *("requests-and-limits", "apps[1].schedules[0].resources", {"requests": {"cpu": 1}}),
        *(
            "latest-x",
            "container latest: has no requests.memory, limits.memory: set them in `resources`",
        ),
    ),
    (
        *("non-root", f"{APP}.security", {"runAsUser": 0}, "web"),
        "container web: may run as root: set `security.runAsUser` to a user other than 0",
    ),
    (
        *("no-clear-secret", f"{APP}.environment.DB_PASSWORD", "hunter2", "web"),
        "container web: DB_PASSWORD: looks like an unencrypted secret: move it to "
        "`secrets.environment` and encrypt it with `pulumi config set --secret`",
    ),
    (
        *("no-clear-secret", f"{APP}.environment.DATABASE", "pg://me:hunter2@db/x", "web"),
        "container web: DATABASE: looks like an unencrypted secret: move it to "
        "`secrets.environment` and encrypt it with `pulumi config set --secret`",
    ),
    (
        *("no-clear-secret", f"{APP}.config.environment.SIGNING_KEY", "hunter2", "web-config"),
        "SIGNING_KEY: looks like an unencrypted secret: move it to `secrets.environment` and "
        "encrypt it with `pulumi config set --secret`",
    ),
    (
        *("https", "apps[1].ingress", {}, "example-com-73d986e0"),
        "example.com: served by HTTP: set `ingress.https`, or the application's `ingress.tls`",
    ),
    (
        *("protected-cluster", "cluster.protect", False, "cluster"),
        "can be deleted or replaced: write `cluster.protect: true`",
    ),
    (
        *("owner", "owner", "", "cluster"),
        "has no label owner or environment: set `owner` to the responsible team",
    ),
]
"""Rule, place in the settings, value there, name of the resource, message."""

BY_INPUTS = [
    (
        *("closed-ports", FIREWALL_RULE, "cluster-web-0.0.0.0/0", "endPort", 10250),
        "port 10250 (kubelet) is open to 0.0.0.0/0: remove it from the rule's `ports`, or write "
        "your own network as its source",
    ),
    (
        *("non-root", DEPLOYMENT, "web", POD_SECURITY, {"runAsUser": 1000}),
        "container web: may run as root: set `security.runAsUser` to a user other than 0",
    ),
    (
        *("no-privilege", DEPLOYMENT, "web", "spec.template.spec.hostNetwork", True),
        "hostNetwork: true: shares the namespace of the node: remove it",
    ),
    (
        *("no-privilege", DEPLOYMENT, "web", f"{SECURITY}.privileged", True),
        "container web: privileged: true: has root access to the node: remove it",
    ),
    (
        *("no-privilege", DEPLOYMENT, "web", SECURITY, {}),
        "container web: may escalate its privileges: write allowPrivilegeEscalation: false",
    ),
    (
        *("no-privilege", DEPLOYMENT, "web", f"{SECURITY}.capabilities.add", ["SYS_ADMIN"]),
        "container web: adds SYS_ADMIN: only NET_BIND_SERVICE is allowed",
    ),
    (
        *("disruption-budget", BUDGET, "web", "spec.selector.matchLabels.a", "b"),
        "has up to 3 pods and no PodDisruptionBudget: a drain may stop all pods at once: add a "
        "PodDisruptionBudget that selects them",
    ),
    (
        *("pinned-versions", CLUSTER, "cluster", "version", "1.36"),
        "Kubernetes: version 1.36: write MAJOR.MINOR.PATCH",
    ),
    (
        *("pinned-versions", RELEASE, "ingress-nginx", "version", ""),
        "chart traefik: version latest: write MAJOR.MINOR.PATCH",
    ),
    (
        *("owner", NAMESPACE, "web", "metadata.labels.environment", ""),
        "has no label environment: set `owner` to the responsible team",
    ),
]
"""Rule, type and name of a resource, place in its inputs, value there, message."""

STILL_KEPT = [
    ("no-privilege", DEPLOYMENT, "web", f"{SECURITY}.capabilities.add", ["NET_BIND_SERVICE"]),
    ("non-root", DEPLOYMENT, "web", POD_SECURITY, {"runAsNonRoot": True}),
    ("pinned-versions", RELEASE, "ingress-nginx", "chart", "./charts/traefik"),
]
"""The same, without a message."""


def declared(settings: Mapping[str, Any]) -> list[Resource]:
    """What the program declares with these settings."""
    return resources_of(requests(settings))


def resources_of(found: Mapping[str, Any]) -> list[Resource]:
    """What is declared by these requests; what they read is no rule's matter."""
    return [
        Resource(each["type"], each["name"], urn, each.get("object", {}), bool(each.get("protect")))
        for urn, each in found.items()
        if not urn.endswith(" read")
    ]


def findings(name: str, resources: Sequence[Resource]) -> list[Finding]:
    rule = ALL[name]
    if isinstance(rule, StackRule):
        return [*rule.check(resources)]
    return [Finding(each, message) for each in resources for message in rule.check(each)]


@pytest.fixture(scope="module")
def kept() -> list[Resource]:
    return declared(KEPT)


@pytest.mark.parametrize("name", ALL)
def test_a_rule_lets_pass_what_keeps_it(name: str, kept: list[Resource]) -> None:
    assert findings(name, kept) == []


def test_workers_and_applications_without_a_port_keep_the_rules() -> None:
    queue = {"name": "queue", "image": "example/queue:1", "port": "none"}
    web = KEPT["apps"][0] | {"workers": [WORKER, WORKER | {"name": "many", "replicas": 2}]}
    resources = declared(changed("apps", [web, queue], KEPT))
    assert {"web-mail", "web-many", "queue"} <= {name_of(each) for each in resources}
    assert [found for name in ALL for found in findings(name, resources)] == []


@pytest.mark.parametrize(
    ("name", "place", "value", "resource", "message"),
    BY_SETTINGS,
    ids=[case[0] for case in BY_SETTINGS],
)
def test_a_rule_catches_a_setting(
    name: str, place: str, value: Any, resource: str, message: str
) -> None:
    found = findings(name, declared(changed(place, value, KEPT)))
    assert (resource, message) in [(name_of(each.resource), each.message) for each in found]


@pytest.mark.parametrize(
    ("name", "type_", "resource", "place", "value", "message"),
    BY_INPUTS,
    ids=[case[0] for case in BY_INPUTS],
)
def test_a_rule_catches_what_no_setting_says(
    name: str, type_: str, resource: str, place: str, value: Any, message: str, kept: list[Resource]
) -> None:
    (found,) = findings(name, with_input(kept, type_, resource, place, value))
    assert found.message == message


@pytest.mark.parametrize(
    ("name", "type_", "resource", "place", "value"),
    STILL_KEPT,
    ids=[case[0] for case in STILL_KEPT],
)
def test_a_rule_lets_pass_what_comes_close(
    name: str, type_: str, resource: str, place: str, value: Any, kept: list[Resource]
) -> None:
    assert findings(name, with_input(kept, type_, resource, place, value)) == []


def test_each_rule_is_shown_to_catch() -> None:
    assert {case[0] for case in (*BY_SETTINGS, *BY_INPUTS)} == set(ALL)


def name_of(resource: Resource) -> str:
    return without_namespace(resource.type, resource.name)


def with_input(
    resources: Sequence[Resource], type_: str, name: str, place: str, value: Any
) -> list[Resource]:
    """The resources, one of them with another input."""
    (meant,) = (each for each in resources if (each.type, name_of(each)) == (type_, name))
    other = replace(meant, inputs=changed(place, value, meant.inputs))
    return [other if each is meant else each for each in resources]


def test_a_node_port_behind_a_closed_firewall_is_not_public() -> None:
    closed = changed("cluster.nodePortSources", [], changed(f"{APP}.service", "NodePort", KEPT))
    for key in ("ingress", f"{APP}.path"):
        closed = changed(key, ..., closed)
    assert findings("no-public-node-port", declared(closed)) == []


def test_a_worker_and_a_single_scheduler_keep_all_rules() -> None:
    off = {"type": "none"}
    worker = {"name": "worker", "image": f"worker{DIGEST}", "replicas": 2}
    scheduler = {"name": "scheduler", "image": f"scheduler{DIGEST}"}
    apps = [
        worker | {"probes": {"startup": off, "readiness": off, "liveness": off}},
        scheduler | {"rollout": {"type": "Recreate"}},
    ]
    resources = declared(changed("apps", [*KEPT["apps"], *apps], KEPT))
    assert [name for name in ALL if findings(name, resources)] == []


def test_an_autoscaler_says_how_many_pods_there_are() -> None:
    scaled = changed(f"{APP}.autoscaler", {"min": 1, "max": 4, "cpu": 80}, KEPT)
    del scaled["apps"][0]["replicas"]
    resources = declared(scaled)
    assert findings("disruption-budget", resources) == []
    alone = [each for each in resources if each.type != BUDGET]
    (found,) = findings("disruption-budget", alone)
    assert found.message.startswith("has up to 4 pods and no PodDisruptionBudget")


@pytest.mark.parametrize(
    "name", "PASSWORD DB_PASSWORD dbPassword db.passwd API_TOKEN APP_SECRET SECRET_KEY".split()
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", "KEY MONKEY PUBLIC_KEY TOKEN_URL SECRET_NAME PASSWORD_FILE TOKENS_PER_DAY _".split()
)
def test_names_that_only_look_like_it(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("file", STACK_FILES, ids=lambda file: file.name)
def test_the_stacks_keep_all_rules(file: Path) -> None:
    """But for protection, which only production needs."""
    config = yaml.safe_load(file.read_text())["config"]
    settings = {key.removeprefix("webapp:"): value for key, value in config.items()}
    for app in settings["apps"]:
        if "@" not in app["image"]:
            app["image"] += DIGEST
    resources = declared(settings)
    broken = {name for name in ALL if findings(name, resources)}
    assert broken <= (set() if settings.get("production") else {"protected-cluster"})


def test_a_stack_with_every_setting_breaks_no_rule_but_one() -> None:
    """It has a Service of the type NodePort, behind an open firewall."""
    resources = resources_of(recorded()["rich"])
    assert {name for name in ALL if findings(name, resources)} == {"no-public-node-port"}
