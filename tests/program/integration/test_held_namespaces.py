"""A namespace that an object's finalizer holds while it is deleted."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import APP, COMMAND_SECONDS, Stack, copy_project

pytestmark = pytest.mark.integration

WEB = {**{key: value for key, value in APP.items() if key != "path"}, "replicas": 1}
LEAVING = {**WEB, "name": "leaving", "namespace": "leaving"}
HOLDER = """
apiVersion: v1
kind: ConfigMap
metadata: {name: holder, namespace: leaving, finalizers: [example.com/hold]}
"""


def test_an_up_says_what_holds_a_namespace(
    sandbox: Sandbox, cluster_kubeconfig: Path, tmp_path: Path
) -> None:
    kube = Kube(cluster_kubeconfig, sandbox.environment)
    stack = Stack("held", copy_project(tmp_path), sandbox.environment)
    settings = {"existingCluster": {"kubeconfig": str(cluster_kubeconfig)}}
    stack.configure({**settings, "apps": [WEB, LEAVING]})
    stack("stack", "init")
    stack.up()
    kube.run("kubectl", "create", "-f", "-", stdin=HOLDER)

    stack.configure({**settings, "apps": [WEB]})
    process = stack.start("up", "--yes", "--skip-preview")
    assert process.stdout
    lines: list[str] = []
    reader = threading.Thread(target=lines.extend, args=(process.stdout,))
    reader.start()
    held = "namespace leaving is still being deleted: "
    eventually(lambda: any(held in line for line in list(lines)))
    release = ("patch", "configmap", "holder", "-n", "leaving", "-p")
    kube.run("kubectl", *release, '{"metadata": {"finalizers": null}}', "--type=merge")
    assert process.wait(COMMAND_SECONDS) == 0
    reader.join()
    said = "".join(lines)
    assert "finalizers remaining: example.com/hold in 1 resource instances" in said
    assert "leaving" not in kube.names("namespaces")
    stack("preview", "--expect-no-changes")
    stack("destroy", "--yes", "--skip-preview")
