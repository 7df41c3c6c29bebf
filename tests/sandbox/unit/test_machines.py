"""What nodes that run containers are made of."""

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest
import yaml

from sandbox.account import Account
from sandbox.daemon import lifecycle
from sandbox.errors import SandboxError
from sandbox.images import archive, file_system
from sandbox.progress import Progress
from sandbox.sks import nodes
from sandbox.sks.machines import network
from sandbox.sks.spec import NodepoolSpec
from sandbox.toolchain import prerequisites

POOL = NodepoolSpec(id="pool", name="workers", size=1, instance_pool_id="ip", version="1.36.5")
ADDRESS = "198.51.100.1"


def test_a_node_with_a_kubelet_has_its_address_and_nothing_of_kwok() -> None:
    node = nodes.node_object(POOL, "node", "instance", [ADDRESS], zone="ch-gva-2")

    assert "kwok" not in yaml.safe_dump(node)
    assert {a["type"] for a in node["status"]["addresses"]} == {
        "Hostname",
        "InternalIP",
        "ExternalIP",
    }


def test_a_simulated_node_is_kwoks() -> None:
    node = nodes.node_object(POOL, "node", "instance", [ADDRESS], zone="ch-gva-2")

    simulated = nodes.as_simulated(node, POOL)

    assert simulated["metadata"]["annotations"][nodes.MANAGED_ANNOTATION] == "fake"
    assert {"type": "InternalDNS", "address": "localhost"} in simulated["status"]["addresses"]
    assert simulated["spec"] == node["spec"]


def test_names_of_two_sandboxes_have_no_common_beginning(tmp_path: Path) -> None:
    first, second = (network.prefix(tmp_path / name) for name in ("a", "b"))

    assert first != second
    assert network.machine(tmp_path / "a", "id", "node").startswith(first)


def test_a_machine_is_found_by_those_who_remember_another_one_with_its_address() -> None:
    assert network.link_address(ADDRESS) == "02:00:c6:33:64:01"


def test_an_image_is_found_by_its_digests(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("text")
    layer, target = tmp_path / "layer.tar", tmp_path / "image.tar"
    file_system.write(
        layer, [], {"/program": program}, {"/etc/file": "x"}, {"/bin/link": "/program"}
    )

    archive.write(target, ["a.example/b:1"], layer, {"Entrypoint": ["/program"]}, "amd64")

    with tarfile.open(target) as tar:

        def blob(digest: str) -> bytes:
            member = tar.extractfile(f"blobs/{digest.replace(':', '/')}")
            assert member is not None
            data = member.read()
            assert f"sha256:{hashlib.sha256(data).hexdigest()}" == digest
            return data

        index = tar.extractfile("index.json")
        assert index is not None
        (named,) = json.load(index)["manifests"]
        manifest = json.loads(blob(named["digest"]))
        configuration = json.loads(blob(manifest["config"]["digest"]))
        assert named["annotations"] == {"io.containerd.image.name": "a.example/b:1"}
        assert blob(manifest["layers"][0]["digest"]) == layer.read_bytes()
        assert configuration["config"] == {"Entrypoint": ["/program"]}
    with tarfile.open(layer) as files:
        assert files.getmember("./program").mode == 0o755
        assert files.getmember("./etc/file").mode == 0o644
        assert files.getmember("./bin/link").linkname == "/program"


def test_what_nodes_are_is_chosen_once(tmp_path: Path) -> None:
    assert Account.load_or_create(tmp_path, "containers").nodes == "containers"
    assert Account.load_or_create(tmp_path).nodes == "containers"
    with pytest.raises(
        SandboxError, match=r"are containers, not simulated: to change that, run `sandbox reset`"
    ):
        Account.load_or_create(tmp_path, "simulated")


def test_a_kind_that_can_not_be_had_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise SandboxError("not to be had")

    for missing in ("check_containers", "ensure_tools", "ensure_images"):
        for name in ("check_containers", "ensure_tools", "ensure_images"):
            step = refuse if name == missing else lambda *_: None
            monkeypatch.setattr(f"sandbox.daemon.lifecycle.{name}", step)
        with pytest.raises(SandboxError, match="not to be had"):
            lifecycle.up(tmp_path, Progress(), nodes="containers")
        assert Account.load(tmp_path) is None
    assert Account.load_or_create(tmp_path).nodes == "simulated"


def test_containers_need_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SandboxError, match="need root"):
        prerequisites.check_containers(tmp_path)


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(
        shutil, "which", lambda program, path: None if program in ("runc", "ip") else program
    )
    with pytest.raises(SandboxError, match=r"apt-get install runc iproute2$"):
        prerequisites.check_containers(tmp_path)


def test_a_home_that_machines_would_hide_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(SandboxError, match="have a /var/lib of their own"):
        prerequisites.check_containers(Path("/var/lib/builds/.sandbox"))
