"""Stacks on a cluster that somebody else deletes, and puts another one in its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.paths import write_private
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.stack import APP, TUTORIAL, Stack, copy_project

pytestmark = pytest.mark.integration

KEY = "existingCluster.kubeconfig: "
FORGET = "PULUMI_K8S_DELETE_UNREACHABLE"
ADDONS = ["exoscale-cloud-controller"]
WEB = {**APP, "replicas": 1}
UNSERVED = {key: value for key, value in WEB.items() if key != "path"} | {"namespace": "plain"}


def test_another_cluster_takes_the_place_of_one_that_is_gone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    file, folder = tmp_path / "kubeconfig", copy_project(tmp_path / "project")
    kube = Kube(file, sandbox.environment)
    first = sandbox.create_cluster("first", size=1, addons=ADDONS)
    write_private(file, sandbox.kubeconfig(first))
    plain, served = (Stack(name, folder, sandbox.environment) for name in ("plain", "served"))
    existing = {"existingCluster": {"kubeconfig": str(file)}}
    plain.configure({**existing, "apps": [UNSERVED]})
    served.configure({**existing, "apps": [WEB], "ingress": TUTORIAL["ingress"]})
    for stack in (plain, served):
        stack("stack", "init")
        stack.up()
        assert KEY not in stack("preview", "--expect-no-changes")

    for balancer in sandbox.client.list_load_balancers()["load-balancers"]:
        sandbox.client.delete_load_balancer(id=balancer["id"])
    sandbox.delete_cluster(first)
    unreachable = f"{KEY}the cluster can't be reached, so nothing on it was compared: https://"
    assert unreachable in plain("preview", "--expect-no-changes")

    second = sandbox.create_cluster("second", size=1, addons=ADDONS)
    write_private(file, sandbox.kubeconfig(second))
    for stack in (plain, served):
        said = stack("preview")
        assert unreachable not in said
        assert f"{KEY}it is another cluster than before, which can't be reached: https://" in said
        assert f"run `{FORGET}=true pulumi up --refresh`, which forgets what was on it" in said
    assert plain.run("up", "--yes", "--skip-preview").returncode != 0

    for stack, namespace in ((plain, "plain"), (served, "test")):
        forgetting = replace(stack, environment={**stack.environment, FORGET: "true"})
        forgetting("up", "--yes", "--refresh")
        assert kube.get("deployment", "rickroller", namespace)["status"]["readyReplicas"] == 1
    for stack in (plain, served):
        stack.up()  # the provider is no longer told to forget
        assert KEY not in stack("preview", "--refresh", "--expect-no-changes")
        stack("destroy", "--yes", "--skip-preview")
    assert not kube.names("namespaces") & {"plain", "test", "ingress-nginx"}
    sandbox.delete_cluster(second)
