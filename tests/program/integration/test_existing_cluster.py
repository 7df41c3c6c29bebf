"""A stack on a cluster that it did not create: the same ingress controller and applications."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.stack import APP, TUTORIAL, Stack, copy_project

pytestmark = pytest.mark.integration


def test_a_stack_on_an_existing_cluster(
    sandbox: Sandbox, cluster_kubeconfig: Path, tmp_path: Path
) -> None:
    before = sandbox.holds()
    stack = Stack("existing", copy_project(tmp_path), sandbox.environment)
    settings = {key: value for key, value in TUTORIAL.items() if key != "cluster"}
    stack.configure({**settings, "existingCluster": {"kubeconfig": str(cluster_kubeconfig)}})
    stack("stack", "init")
    stack.up()
    stack("preview", "--expect-no-changes")

    outputs = stack.outputs()
    assert outputs["rickroller_url"] == f"http://{outputs['load_balancer_address']}/rickroller/"
    assert outputs["kubeconfig"] == "[secret]"
    kube = Kube(cluster_kubeconfig, sandbox.environment)
    assert kube.get("deployment", "rickroller", "test")["status"]["readyReplicas"] == 3
    kinds = {resource["type"].partition(":")[0] for resource in stack.resources()}
    assert "exoscale" not in kinds

    by_file = stack.file.read_text()
    stack.configure(settings)
    stack(
        "config", "set", "--secret", "--path", "existingCluster.kubeconfig",
        cluster_kubeconfig.read_text(),
    )  # fmt: skip
    stack("preview", "--expect-no-changes")
    assert "client-key-data" not in stack.file.read_text()
    stack.file.write_text(by_file)

    second = Stack("second", stack.folder, sandbox.environment)
    its_app = {**APP, "namespace": "second", "path": "/second", "replicas": 1}
    alike = {"existingCluster": {"kubeconfig": str(cluster_kubeconfig)}, "apps": [its_app]}
    second.configure(alike)
    second("stack", "init")
    refused = second.run("preview")
    assert "ingress: null: must be given with existingCluster" in refused.stdout
    owner = "belongs to the stack webapp/existing: "
    second.configure({**alike, "ingress": TUTORIAL["ingress"]})
    said = second.run("preview").stdout
    assert f"Namespace ingress-nginx {owner}to use an existing controller, set" in said
    for adopt in (False, True):
        taking = {**its_app, "name": "other", "namespace": "test", "adopt": adopt}
        second.configure({**alike, "ingress": {"existing": {}}, "apps": [taking]})
        said = second.run("up", "--yes", "--skip-preview").stdout
        assert f"Namespace test {owner}use another namespace, or share this one" in said
    second("destroy", "--yes", "--skip-preview")
    stack("preview", "--refresh", "--expect-no-changes")
    second.configure({**alike, "ingress": {"existing": {}}})
    second.up()
    assert "Release" not in {r["type"].rpartition(":")[2] for r in second.resources()}
    second("preview", "--expect-no-changes")
    second("preview", "--refresh", "--expect-no-changes")
    shared = outputs["load_balancer_address"]
    assert second.outputs()["rickroller_url"] == f"http://{shared}/second/"
    second("destroy", "--yes", "--skip-preview")
    stack("preview", "--refresh", "--expect-no-changes")

    stack("destroy", "--yes", "--skip-preview")
    assert sandbox.holds() == before
    assert not kube.names("namespaces") & {"test", "ingress-nginx"}


def test_what_was_made_by_hand_is_adopted(
    sandbox: Sandbox, cluster_kubeconfig: Path, tmp_path: Path
) -> None:
    """By the tutorial's own commands. Nothing is made twice, and the pods are rolled once."""
    kube = Kube(cluster_kubeconfig, sandbox.environment)
    kube.run("kubectl", "create", "namespace", "test")
    kube.run(
        "kubectl", "create", "deployment", "rickroller", "--namespace=test",
        "--image=derlin/rickroller:latest", "--port=8080",
    )  # fmt: skip
    kube.run("kubectl", "scale", "deployment", "rickroller", "--namespace=test", "--replicas=2")
    kube.run("kubectl", "create", "svc", "clusterip", "rickroller", "-n", "test", "--tcp=80:8080")
    kinds = ("deployment", "service")
    before = [kube.get(kind, "rickroller", "test")["metadata"]["uid"] for kind in kinds]

    stack = Stack("by-hand", copy_project(tmp_path), sandbox.environment)
    app = {key: value for key, value in APP.items() if key != "path"}
    app["selector"] = {"app": "rickroller"}
    settings = {"existingCluster": {"kubeconfig": str(cluster_kubeconfig)}, "apps": [app]}
    stack.configure(settings)
    stack("stack", "init")
    refused = stack.run("preview")
    assert refused.returncode != 0
    found = "Namespace test already exists (managed by kubectl-create): use another namespace"
    assert found in refused.stdout

    app["adopt"] = True
    stack.configure(settings)
    previewed = stack("preview")
    for kind in ("Namespace test", "Deployment rickroller", "Service rickroller"):
        assert re.search(f"{kind} .*already exists .managed by .*: it is adopted", previewed)
    stack.up()
    assert [kube.get(kind, "rickroller", "test")["metadata"]["uid"] for kind in kinds] == before
    assert kube.get("deployment", "rickroller", "test")["status"]["readyReplicas"] == 3
    assert len(kube.names("replicasets", "test")) == 2
    stack("preview", "--expect-no-changes")
    stack("preview", "--refresh", "--expect-no-changes")

    stack("destroy", "--yes", "--skip-preview")
    assert "test" not in kube.names("namespaces")
