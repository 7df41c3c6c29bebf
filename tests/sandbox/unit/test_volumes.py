"""Volumes: folders, which the CSI driver's two parts look after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from kubernetes import client

from sandbox.sks.csi_controller import CsiController
from sandbox.sks.machines import csi_node
from sandbox.sks.machines.csi_node import MESSAGES
from sandbox.sks.storage import CSI_DRIVER

ID = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    return tmp_path / "volumes"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Any]]:
    """The commands that the node ran, none of which does anything."""
    commands: list[Sequence[Any]] = []
    monkeypatch.setattr(
        csi_node, "subprocess", SimpleNamespace(run=lambda command, **_: commands.append(command))
    )
    return commands


@pytest.fixture
def kubelet(tmp_path: Path, volumes: Path) -> Iterator[grpc.Channel]:
    """The node's socket, as kubelet has it."""
    socket = f"{tmp_path}/csi.sock"
    server = csi_node.start(socket, csi_node.Node(socket, CSI_DRIVER, "node", volumes))
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        yield channel
    server.stop(None)


def ask(
    kubelet: grpc.Channel, method: str, answer: str, request: str = "Empty", **fields: str
) -> Any:
    call = kubelet.unary_unary(
        method,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=MESSAGES[answer].FromString,
    )
    return call(MESSAGES[request](**fields))


def test_kubelet_is_told_the_driver_and_the_node(kubelet: grpc.Channel) -> None:
    plugin = ask(kubelet, "/pluginregistration.Registration/GetInfo", "PluginInfo")
    assert (plugin.type, plugin.name) == ("CSIPlugin", CSI_DRIVER)
    assert list(plugin.supported_versions) == ["1.0.0"]
    assert ask(kubelet, "/csi.v1.Node/NodeGetInfo", "NodeGetInfoResponse").node_id == "node"


@pytest.mark.parametrize("handle", [ID, f"ch-gva-2/{ID}"])
def test_a_volume_is_mounted_and_unmounted(
    kubelet: grpc.Channel, volumes: Path, tmp_path: Path, commands: list[Any], handle: str
) -> None:
    (volumes / ID).mkdir(parents=True)
    target = tmp_path / "mount"
    names = {"volume_id": handle, "target_path": str(target)}

    publish = "NodePublishVolume"
    ask(kubelet, f"/csi.v1.Node/{publish}", "Empty", f"{publish}Request", **names)
    assert commands == [["mount", "--bind", volumes / ID, target]]

    unpublish = "NodeUnpublishVolume"
    for _ in range(2):
        ask(kubelet, f"/csi.v1.Node/{unpublish}", "Empty", f"{unpublish}Request", **names)
    assert commands[1:] == [["umount", target]]
    assert not target.exists()


@pytest.mark.parametrize(
    ("handle", "reason"),
    [(ID, f"there is no volume {ID}"), ("../api", "badly formed hexadecimal UUID")],
)
def test_what_is_no_volume_is_not_mounted(
    kubelet: grpc.Channel, tmp_path: Path, commands: list[Any], handle: str, reason: str
) -> None:
    publish, names = "NodePublishVolume", {"volume_id": handle, "target_path": f"{tmp_path}/mount"}

    with pytest.raises(grpc.RpcError, match=reason):
        ask(kubelet, f"/csi.v1.Node/{publish}", "Empty", f"{publish}Request", **names)
    assert not commands


def volume(phase: str, policy: str, provisioner: str = CSI_DRIVER) -> client.V1PersistentVolume:
    return client.V1PersistentVolume(
        metadata=client.V1ObjectMeta(
            name="pvc-1", annotations={"pv.kubernetes.io/provisioned-by": provisioner}
        ),
        spec=client.V1PersistentVolumeSpec(
            csi=client.V1CSIPersistentVolumeSource(driver=CSI_DRIVER, volume_handle=ID),
            persistent_volume_reclaim_policy=policy,
        ),
        status=client.V1PersistentVolumeStatus(phase=phase),
    )


@dataclass
class Api:
    """What the controller asks of the API server, and what it has deleted."""

    ready: str = "True"
    deleted: list[str] = field(default_factory=list)

    def list_node(self) -> client.V1NodeList:
        condition = client.V1NodeCondition(type="Ready", status=self.ready)
        node = client.V1Node(status=client.V1NodeStatus(conditions=[condition]))
        return client.V1NodeList(items=[node])

    def delete_persistent_volume(self, name: str) -> None:
        self.deleted.append(name)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr(client, "CoreV1Api", lambda _: api)
    return api


@pytest.mark.parametrize(("policy", "deleted"), [("Delete", ["pvc-1"]), ("Retain", [])])
def test_data_ends_with_a_claim_unless_it_is_kept(
    volumes: Path, api: Api, policy: str, deleted: list[str]
) -> None:
    controller = CsiController("web", client.ApiClient(), volumes, deletion_seconds=0)

    controller.look_at(volume("Bound", policy))
    (volumes / ID / "note").write_text("kept")
    controller.look_at(volume("Bound", policy))
    assert (volumes / ID / "note").exists()

    controller.look_at(volume("Released", policy))
    assert api.deleted == deleted
    assert (volumes / ID / "note").exists() == (not deleted)


def test_a_deletion_takes_a_while(volumes: Path, api: Api) -> None:
    controller = CsiController("web", client.ApiClient(), volumes)
    for phase in ("Bound", "Released", "Released"):
        controller.look_at(volume(phase, "Delete"))
    assert not api.deleted
    assert (volumes / ID).exists()


def test_nothing_is_deleted_without_a_node_for_the_driver(volumes: Path, api: Api) -> None:
    controller = CsiController("web", client.ApiClient(), volumes, deletion_seconds=0)
    controller.look_at(volume("Bound", "Delete"))
    for ready in ("Unknown", "True"):
        api.ready = ready
        assert (volumes / ID).exists()
        controller.look_at(volume("Released", "Delete"))
    assert api.deleted == ["pvc-1"]
    assert not (volumes / ID).exists()


def test_volumes_of_others_are_left_alone(volumes: Path, api: Api) -> None:
    controller = CsiController("web", client.ApiClient(), volumes)
    controller.look_at(volume("Bound", "Delete", provisioner="example.com/nfs"))
    assert not list(volumes.iterdir())
