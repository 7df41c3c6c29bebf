"""The end of the stack `local`: first what is on the cluster, then the cluster."""

import pytest

from tests.program.integration.conftest import FirstPreview
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

ON_CLUSTER = ("webapp:index:WebApp", "webapp:index:AppNamespace", "webapp:index:Ingress")
BUILT_IN = {"default", "kube-system", "kube-public", "kube-node-lease"}
CLUSTER_WIDE = "namespaces,ingressclasses,clusterroles,clusterrolebindings,persistentvolumes"
EVERYWHERE = "pods,deployments,daemonsets,replicasets,services,ingresses,secrets"


def test_destroy_leaves_nothing(
    stack: Stack, kube: Kube, sandbox: Sandbox, first_preview: FirstPreview
) -> None:
    assert kube.names("namespaces") == BUILT_IN | {"test", "ingress-nginx"}
    on_cluster = [
        f"--target={resource['urn']}"
        for resource in stack.resources()
        if any(component in resource["urn"] for component in ON_CLUSTER)
    ]
    # what drains former nodepools comes after all that is on the cluster
    stack("destroy", "--yes", "--skip-preview", "--target-dependents", *on_cluster)
    assert kube.names("namespaces") == BUILT_IN
    assert not any("nginx" in name for name in kube.names(CLUSTER_WIDE))
    assert not any("nginx" in name or "rickroller" in name for name in kube.names(EVERYWHERE))
    assert sandbox.holds()["load-balancers"] == first_preview.before["load-balancers"]
    assert sandbox.holds()["sks-clusters"] != first_preview.before["sks-clusters"]

    (identity,) = (
        cluster["id"]
        for cluster in sandbox.client.list_sks_clusters()["sks-clusters"]
        if cluster["name"] == stack.outputs()["cluster_name"]
    )
    assert any(identity in line for line in sandbox.processes().values())
    stack("destroy", "--yes", "--skip-preview")
    assert stack.resources() == []
    assert sandbox.holds() == first_preview.before
    assert not any(identity in line for line in sandbox.processes().values())
    assert not (sandbox.home / "clusters" / identity).exists()
