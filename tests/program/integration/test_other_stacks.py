"""Stacks that share a cluster, and what they must not take from each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.stack import APP, Stack, copy_project

pytestmark = [pytest.mark.integration, pytest.mark.slow]

WEB = {
    **{key: value for key, value in APP.items() if key not in ("path", "generatedSecrets")},
    "replicas": 1,
}
OWNER = "exoscale-webapp/stack"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("stacks"))


@pytest.fixture
def kube(sandbox: Sandbox, cluster_kubeconfig: Path) -> Kube:
    return Kube(cluster_kubeconfig, sandbox.environment)


@pytest.fixture
def stacks(sandbox: Sandbox, cluster_kubeconfig: Path, folder: Path) -> Iterator[Stacks]:
    stacks = Stacks(folder, cluster_kubeconfig, sandbox.environment)
    yield stacks
    stacks.remove()


class Stacks:
    """Stacks on one cluster, which are removed in the end."""

    def __init__(self, folder: Path, kubeconfig: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._cluster = {"existingCluster": {"kubeconfig": str(kubeconfig)}}
        self._environment = environment
        self._made: list[Stack] = []

    def new(self, name: str, *apps: Mapping[str, Any], **settings: Any) -> Stack:
        """A new stack with these applications."""
        stack = Stack(name, self._folder, self._environment)
        self.configure(stack, *apps, **settings)
        stack("stack", "init")
        self._made.append(stack)
        return stack

    def configure(self, stack: Stack, *apps: Mapping[str, Any], **settings: Any) -> None:
        """Give a stack these settings instead of its own."""
        stack.configure({**self._cluster, "apps": [*apps], **settings})

    def renamed(self, stack: Stack, name: str) -> Stack:
        """The stack, which has another name by now."""
        self._made.remove(stack)
        self._made.append(replace(stack, name=name))
        return self._made[-1]

    def remove(self) -> None:
        """Destroy all that are left."""
        for stack in self._made:
            stack("destroy", "--yes", "--skip-preview")
            stack("stack", "rm", "--yes")


def test_a_namespace_of_another_stack(stacks: Stacks, kube: Kube) -> None:
    first = stacks.new("first", {**WEB, "namespace": "owned"})
    first.up()
    before = kube.get("namespace", "owned")
    assert before["metadata"]["annotations"][OWNER] == "webapp/first"

    web = {**WEB, "name": "other", "namespace": "owned"}
    second = stacks.new("second", web)
    belongs = "Namespace owned belongs to the stack webapp/first: use another namespace, or share"
    assert belongs in second.refused("preview")
    assert belongs in second.refused("up", "--yes", "--skip-preview")
    stacks.configure(second, {**web, "adopt": True})
    assert belongs in second.refused("preview")
    assert belongs in second.refused("up", "--yes", "--skip-preview")
    second("destroy", "--yes", "--skip-preview")
    assert kube.get("namespace", "owned") == before
    first("preview", "--refresh", "--expect-no-changes")

    # as an earlier version of the program has left it
    kube.run("kubectl", "annotate", "namespace", "owned", f"{OWNER}-")
    said = second.refused("preview")
    assert "Namespace owned already exists (managed by Pulumi): use another namespace" in said
    mine = f"`kubectl annotate --overwrite namespace owned {OWNER}=webapp/second`"
    assert mine in said


def test_two_stacks_in_a_namespace_of_neither(stacks: Stacks, kube: Kube) -> None:
    shared = [{"name": "shared", "existing": True}]
    web = {**WEB, "name": "web", "namespace": "shared"}
    first = stacks.new("one", web, namespaces=shared)
    said = first.refused("preview")
    assert "namespaces: {name: shared, existing: true}: the namespace does not exist" in said

    kube.run("kubectl", "create", "namespace", "shared")
    kube.run("kubectl", "create", "quota", "all", "--namespace=shared", "--hard=pods=20")
    kube.run("kubectl", "label", "namespace", "shared", "team=platform")
    namespace = kube.get("namespace", "shared")
    first.up()
    first("preview", "--refresh", "--expect-no-changes")
    second = stacks.new("two", web, namespaces=shared)
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        said = second.refused(*command)
        assert "belongs to the stack webapp/one: give the application another name" in said
    stacks.configure(second, {**web, "name": "api"}, namespaces=shared)
    second.up()
    second("preview", "--refresh", "--expect-no-changes")
    assert kube.names("deployments", "shared") == {"web", "api"}
    assert kube.get("namespace", "shared") == namespace
    assert kube.names("quota", "shared") == {"all"}
    assert kube.names("limitrange", "shared") == set()

    second("destroy", "--yes", "--skip-preview")
    assert kube.names("deployments", "shared") == {"web"}
    assert kube.get("deployment", "web", "shared")["status"]["readyReplicas"] == 1
    first("preview", "--refresh", "--expect-no-changes")
    first("destroy", "--yes", "--skip-preview")
    assert kube.get("namespace", "shared") == namespace


def test_a_namespace_that_its_stack_lets_go_of(stacks: Stacks, kube: Kube) -> None:
    web = {**WEB, "namespace": "given"}
    existing = [{"name": "given", "existing": True}]
    first = stacks.new("giver", web)
    first.up()
    before = kube.get("deployment", "rickroller", "given")["metadata"]["uid"]

    # a guest in the namespace of another stack
    guest = stacks.new("guest", {**web, "adopt": True}, namespaces=existing)
    said = guest.refused("preview")
    assert "rickroller in the namespace given belongs to the stack webapp/giver" in said
    stacks.configure(guest, {**web, "name": "api"}, namespaces=existing)
    guest.up()

    stacks.configure(first, web, namespaces=existing)
    deleted = {step.kind for step in first.preview() if step.operation == "delete"}
    assert deleted == {"kubernetes:core/v1:ResourceQuota", "kubernetes:core/v1:LimitRange"}
    first.up()
    first("preview", "--refresh", "--expect-no-changes")
    assert kube.get("deployment", "rickroller", "given")["metadata"]["uid"] == before
    stacks.configure(first, web)
    first.up()
    first("preview", "--refresh", "--expect-no-changes")
    assert kube.get("deployment", "rickroller", "given")["metadata"]["uid"] == before
    guest("destroy", "--yes", "--skip-preview")
    assert kube.names("deployments", "given") == {"rickroller"}


def test_a_stack_that_was_renamed(stacks: Stacks, kube: Kube) -> None:
    """Its own namespace keeps the former name; its objects in another one get the new name."""
    kube.run("kubectl", "create", "namespace", "around")
    own = {**WEB, "namespace": "moving"}
    guest = {**WEB, "name": "guest", "namespace": "around"}
    around = [{"name": "around", "existing": True}]
    first = stacks.new("before", own, guest, namespaces=around)
    first.up()
    first("stack", "rename", "after")
    renamed = stacks.renamed(first, "after")
    annotation = f"metadata.annotations.{OWNER}"
    for step in renamed.preview():
        assert (step.operation, step.changed) == ("update", {annotation: "update"}), step
    renamed.up()
    assert (
        kube.get("service", "guest", "around")["metadata"]["annotations"][OWNER] == "webapp/after"
    )

    # each Deployment is replaced by one of the same name
    selector = {"selector": {"app": "another"}}
    stacks.configure(renamed, {**own, **selector}, {**guest, **selector}, namespaces=around)
    replaced = {step.name for step in renamed.preview() if step.operation == "replace"}
    assert replaced == {"rickroller", "guest"}
    renamed.up()
    assert kube.get("deployment", "rickroller", "moving")["status"]["readyReplicas"] == 1
    renamed("preview", "--refresh", "--expect-no-changes")


def test_what_an_up_has_created_and_did_not_note(stacks: Stacks, kube: Kube) -> None:
    """As after a SIGKILL: it is in nobody's state, and the next `up` goes on with it."""
    web = {**WEB, "namespace": "lost"}
    first = stacks.new("killed", web)
    first.up()
    before = kube.get("namespace", "lost")["metadata"]["uid"]
    first("stack", "rm", "--force", "--yes", "--preserve-config")
    first("stack", "init")
    first.up()
    assert kube.get("namespace", "lost")["metadata"]["uid"] == before
