"""Applications that get another name, namespace or path: forward, back, and stopped in between.

On one stack with ingress-nginx, whose webhook refuses a second Ingress for a host and path. Each
test begins and ends with the same three applications in two namespaces.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import COMMAND_SECONDS, TUTORIAL, Stack, copy_project

pytestmark = [pytest.mark.integration, pytest.mark.slow]

WEB = {
    "image": "example/web:1",
    "rollout": {"progressDeadlineSeconds": 5, "timeoutSeconds": 30},
    "config": {"environment": {"COLOR": "red"}},
    "generatedSecrets": ["KEY"],
}
SHOP: dict[str, Any] = {"name": "shop", "namespace": "one", "path": "/shop", **WEB}
BLOG: dict[str, Any] = {"name": "blog", "namespace": "one", "path": "/blog", **WEB}
NEWS: dict[str, Any] = {"name": "news", "namespace": "two", "path": "/news", **WEB}
MISSING = {"image": "registry.invalid/web:2"}
PARTS = ("Deployment", "NetworkPolicy", "Service", "ServiceAccount")
"""What each of these applications has under its name, beside a ConfigMap and a Secret."""

OF_NAMESPACE = ("Namespace", "LimitRange", "ResourceQuota")
"""What each of their namespaces has."""


class Served(NamedTuple):
    """Where a path leads to: an Ingress's namespace, and the Service behind it."""

    namespace: str
    service: str


BEFORE = {
    "/shop": Served("one", "shop"),
    "/blog": Served("one", "blog"),
    "/news": Served("two", "news"),
}


@dataclass(frozen=True)
class Apps:
    """A stack of applications, and the cluster that they are on."""

    stack: Stack
    kube: Kube

    def configure(self, *apps: Mapping[str, Any]) -> None:
        """Ask for these applications."""
        self.stack.configure(
            {
                "existingCluster": {"kubeconfig": str(self.kube.kubeconfig)},
                "ingress": {"controller": "nginx", **TUTORIAL["ingress"]},
                "apps": [*apps],
            }
        )

    def preview(self) -> dict[str, set[str]]:
        """What a preview does with objects of applications: operation to kind and name.

        A name has the namespace that is in the name in the program. An Ingress's name is that of
        its path, without the digest.
        """
        found: dict[str, set[str]] = {}
        for step in self.stack.preview():
            kind, name = step.kind.rpartition(":")[2], step.name
            if step.kind.startswith("kubernetes:"):
                name = name.rpartition("-")[0] if kind == "Ingress" else name
                name = f"{step.namespace}/{name}" if step.namespace else name
                found.setdefault(step.operation, set()).add(f"{kind} {name}")
        return found

    def fails(self) -> str:
        """Run an `up` that does not succeed; return what it says."""
        answer = self.stack.run("up", "--yes", "--skip-preview")
        assert answer.returncode != 0
        return answer.stdout

    def back(self) -> None:
        """Return to the applications that there were, and find them all."""
        self.configure(SHOP, BLOG, NEWS)
        self.stack.up()
        assert self.served() == BEFORE
        assert self.deployments() == {"one/shop", "one/blog", "two/news"}

    def ingresses(self) -> dict[str, dict[str, Any]]:
        """The Ingresses by their paths."""
        found = {}
        for ingress in self.kube.list("ingresses"):
            (rule,) = ingress["spec"]["rules"]
            (path,) = rule["http"]["paths"]
            found[path["path"].partition("(")[0]] = ingress
        return found

    def served(self) -> dict[str, Served]:
        """Where paths lead to."""
        found = {}
        for path, ingress in self.ingresses().items():
            backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]
            service = backend["service"]["name"]
            namespace = ingress["metadata"]["namespace"]
            assert service in self.kube.names("services", namespace)
            found[path] = Served(namespace, service)
        return found

    def deployments(self) -> set[str]:
        """Applications with ready pods, and their namespaces."""
        return {
            f"{found['metadata']['namespace']}/{found['metadata']['name']}"
            for found in self.kube.list("deployments")
            if found["metadata"]["namespace"] != "kube-system"
            and found["status"].get("readyReplicas")
        }

    def key(self) -> str:
        """The generated secret of the application `shop` in the namespace `one`."""
        (found,) = (
            each["data"]["KEY"]
            for each in self.kube.list("secrets", "one")
            if each["metadata"]["name"].startswith("shop-key")
        )
        return str(found)


@pytest.fixture(scope="module")
def apps(
    sandbox: Sandbox, cluster_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Apps]:
    stack = Stack("moves", copy_project(tmp_path_factory.mktemp("moves")), sandbox.environment)
    apps = Apps(stack, Kube(cluster_kubeconfig, sandbox.environment))
    apps.configure(SHOP, BLOG, NEWS)
    stack("stack", "init")
    yield apps
    stack("destroy", "--yes", "--skip-preview")


def test_ingresses_that_were_named_after_their_applications_keep_their_names(apps: Apps) -> None:
    file = apps.stack.folder / "components" / "web_app" / "ingress" / "ingress.py"
    now = file.read_text()
    assert now.count("name = ingress_name(named)") == 1
    file.write_text(now.replace("name = ingress_name(named)", "name = app.name"))
    apps.stack.up()
    file.write_text(now)
    apps.stack("preview", "--expect-no-changes")
    apps.stack.up()
    names = {path: found["metadata"]["name"] for path, found in apps.ingresses().items()}
    assert names == {"/shop": "shop", "/blog": "blog", "/news": "news"}
    assert apps.served() == BEFORE


def parts(app: str) -> set[str]:
    """An application's objects, as a preview names them: of NAMESPACE/NAME."""
    generated = {f"ConfigMap {app}-config", f"Secret {app}-key"}
    return generated | {f"{kind} {app}" for kind in PARTS}


def test_a_renamed_application_takes_its_path_along(apps: Apps) -> None:
    before = apps.ingresses()["/shop"]["metadata"]["uid"]
    apps.configure({**SHOP, "name": "store"} | MISSING, BLOG, NEWS)
    assert apps.preview() == {
        "create": parts("one/store"),
        "update": {"Ingress shop"},
        "delete": parts("one/shop"),
    }
    assert "Deployment (store.one)" in apps.fails()
    assert apps.served() == BEFORE
    assert "one/shop" in apps.deployments()

    apps.configure({**SHOP, "name": "store"}, BLOG, NEWS)
    apps.stack.up()
    assert apps.served() == {**BEFORE, "/shop": Served("one", "store")}
    assert apps.deployments() == {"one/store", "one/blog", "two/news"}
    apps.stack("preview", "--refresh", "--expect-no-changes")
    apps.back()
    assert apps.ingresses()["/shop"]["metadata"]["uid"] == before


def test_one_of_several_hosts_goes_to_another_application(apps: Apps) -> None:
    def of_host(host: str) -> tuple[str, str]:
        (found,) = (
            each
            for each in apps.kube.list("ingresses")
            if each["spec"]["rules"][0].get("host") == host
        )
        backend = found["spec"]["rules"][0]["http"]["paths"][0]["backend"]
        return found["metadata"]["uid"], backend["service"]["name"]

    shop = {**SHOP, "host": "example.com"}
    blog = {**BLOG, "host": "blog.example.com", "path": "/shop"}
    www = {"additionalHosts": ["www.example.com"]}
    apps.configure(shop | www, blog, NEWS)
    apps.stack.up()
    uid, service = of_host("www.example.com")
    assert service == "shop"
    assert of_host("example.com")[1] == "shop"

    apps.configure(shop, blog | www, NEWS)
    assert apps.preview() == {"update": {"Ingress www-example-com-shop"}}
    apps.stack.up()
    assert of_host("www.example.com") == (uid, "blog")
    apps.stack("preview", "--refresh", "--expect-no-changes")
    apps.back()


def test_two_applications_swap_their_paths(apps: Apps) -> None:
    apps.configure({**SHOP, "path": "/blog"}, {**BLOG, "path": "/shop"}, NEWS)
    assert apps.preview() == {"update": {"Ingress shop", "Ingress blog"}}
    apps.stack.up()
    assert apps.served() == {
        **BEFORE,
        "/shop": Served("one", "blog"),
        "/blog": Served("one", "shop"),
    }
    apps.stack("preview", "--expect-no-changes")
    apps.back()


def test_applications_of_two_namespaces_swap_their_paths(apps: Apps) -> None:
    apps.configure({**SHOP, "path": "/news"}, BLOG, {**NEWS, "path": "/shop"})
    assert apps.preview() == {"replace": {"Ingress shop", "Ingress news"}}
    apps.stack.up()
    assert apps.served() == {
        **BEFORE,
        "/shop": Served("two", "news"),
        "/news": Served("one", "shop"),
    }
    apps.stack("preview", "--expect-no-changes")
    apps.back()


def test_a_new_application_takes_over_the_path_of_one_that_goes(apps: Apps) -> None:
    apps.configure(BLOG, NEWS, {"name": "store", "path": "/shop", **WEB})
    assert apps.preview() == {
        "create": {*(f"{kind} store" for kind in OF_NAMESPACE), *parts("store/store")},
        "replace": {"Ingress shop"},
        "delete": parts("one/shop"),
    }
    apps.stack.up()
    assert apps.served() == {**BEFORE, "/shop": Served("store", "store")}
    apps.stack("preview", "--expect-no-changes")
    apps.back()
    assert "store" not in apps.kube.names("namespaces")


def test_a_path_that_somebody_else_has(apps: Apps) -> None:
    """The application goes on being served where it was."""
    taken = apps.ingresses()["/shop"]
    taken["metadata"] = {"name": "taken", "annotations": taken["metadata"]["annotations"]}
    taken["spec"]["rules"][0]["http"]["paths"][0]["path"] = "/taken(/|$)(.*)"
    apps.kube.run("kubectl", "apply", "--filename=-", stdin=json.dumps(taken))
    apps.configure({**SHOP, "path": "/taken"}, BLOG, NEWS)
    assert apps.preview() == {"create": {"Ingress taken"}, "delete": {"Ingress shop"}}
    assert "is already defined in ingress default/taken" in apps.fails()
    apps.kube.run("kubectl", "delete", "ingress", "taken")
    assert apps.served() == BEFORE
    apps.stack.up()
    assert apps.served().keys() == {"/taken", "/blog", "/news"}
    apps.back()


def test_an_application_moves_to_another_namespace_without_an_outage(apps: Apps) -> None:
    before = apps.kube.get("deployment", "shop", "one")["metadata"]["uid"], apps.key()
    apps.configure({**SHOP, "namespace": "two"} | MISSING, BLOG, NEWS)
    assert apps.preview() == {
        "create": parts("two/shop"),
        "replace": {"Ingress shop"},
        "delete": parts("one/shop"),
    }
    assert "Deployment (shop.two)" in apps.fails()
    assert apps.served() == BEFORE
    assert "one/shop" in apps.deployments()
    apps.back()
    after = apps.kube.get("deployment", "shop", "one")["metadata"]["uid"], apps.key()
    assert after == before

    apps.configure({**SHOP, "namespace": "two"}, BLOG, NEWS)
    up = apps.stack.start("up", "--yes", "--skip-preview")
    while up.poll() is None:
        assert apps.deployments() & {"one/shop", "two/shop"}
    assert up.returncode == 0, up.communicate()[0]
    assert apps.served() == {**BEFORE, "/shop": Served("two", "shop")}
    assert apps.deployments() == {"two/shop", "one/blog", "two/news"}
    apps.stack("preview", "--refresh", "--expect-no-changes")
    apps.back()


def test_a_move_that_is_killed(apps: Apps, sandbox: Sandbox) -> None:
    apps.configure({**SHOP, "namespace": "two"} | MISSING, BLOG, NEWS)
    process = apps.stack.start("up", "--yes", "--skip-preview")
    eventually(lambda: "shop" in apps.kube.names("deployments", "two"), within=COMMAND_SECONDS)
    for identity, command in sandbox.processes().items():
        if "pulumi" in command:  # the engine, the program, and the plugins
            os.kill(identity, signal.SIGKILL)
    process.communicate(timeout=COMMAND_SECONDS)
    apps.stack("cancel", "--yes")
    apps.back()

    # What was being made is not in the state, and is another one's.
    apps.configure({**SHOP, "namespace": "two"}, BLOG, NEWS)
    apps.stack.with_force.up()
    assert apps.deployments() == {"two/shop", "one/blog", "two/news"}
    apps.back()
    assert "shop" not in apps.kube.names("deployments", "two")
