"""Clusters outlive the process that runs them, and say why they do not start."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from kubernetes import client

from sandbox.paths import ROOT, TOOLS_BIN
from sandbox.sks.runtime import ClusterSpec, NodepoolSpec, SksError, SksRuntime
from tests.support.polling import eventually
from tests.support.sks_account import ZONE, kubernetes, names, processes_of

pytestmark = pytest.mark.integration

DAEMON = """
    import json, sys, time
    from pathlib import Path
    from sandbox.sks.runtime import ClusterSpec, SksRuntime

    runtime = SksRuntime(Path(sys.argv[1]), Path(sys.argv[2]))
    spec = ClusterSpec(name="web", version=runtime.versions[0], zone="ch-gva-2")
    runtime.create_cluster("c", spec)
    print(runtime.kubeconfig("c", "admin", ["system:masters"], 3600).encode().hex(), flush=True)
    time.sleep(600)
"""


def test_a_killed_daemon_leaves_no_process_and_a_new_one_finds_the_data(tmp_path: Path) -> None:
    daemon = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DAEMON), tmp_path, TOOLS_BIN],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert daemon.stdout is not None
    try:
        text = bytes.fromhex(daemon.stdout.readline()).decode()
        core = client.CoreV1Api(kubernetes(text))
        core.create_namespaced_config_map("default", {"metadata": {"name": "kept"}})
        assert len(processes_of(tmp_path)) == 5
    finally:
        daemon.kill()
        daemon.wait()
    eventually(lambda: not processes_of(tmp_path), within=10)

    runtime = SksRuntime(tmp_path, TOOLS_BIN)
    try:
        server = yaml.safe_load(text)["clusters"][0]["cluster"]["server"]
        assert runtime.start_cluster("c") == server
        assert "kept" in names(core.list_namespaced_config_map("default"))
        pool = NodepoolSpec(
            id="11111111-1111-4111-8111-111111111111",
            name="workers",
            size=1,
            version=runtime.versions[0],
            instance_pool_id="22222222-2222-4222-8222-222222222222",
            node_names=["n1"],
            instance_ids=["33333333-3333-4333-8333-333333333333"],
            taints={"dedicated": "web:Nowhere"},
        )
        with pytest.raises(SksError, match=r"nodepool workers: .*Nowhere"):
            runtime.set_nodepool("c", pool)
        runtime.delete_cluster("c")
        assert processes_of(tmp_path) == []
        assert list((tmp_path / "clusters").iterdir()) == []
        with pytest.raises(SksError, match="cluster c does not run"):
            runtime.kubeconfig("c", "admin", [], 60)
    finally:
        runtime.stop_all()


def test_a_cluster_that_cannot_start_says_why(tmp_path: Path) -> None:
    runtime = SksRuntime(tmp_path, TOOLS_BIN)
    with pytest.raises(SksError, match=r"Kubernetes 1\.0\.0 is not installed; there is 1\."):
        runtime.create_cluster("c", ClusterSpec(name="web", version="1.0.0", zone=ZONE))
    with pytest.raises(SksError, match="there is no cluster c"):
        runtime.start_cluster("c")
