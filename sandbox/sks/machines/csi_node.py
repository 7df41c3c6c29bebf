"""The node service of Exoscale's CSI driver: mounts volumes, which are folders here, for pods.

Each machine runs it as a process. kubelet finds its socket and calls it with gRPC.

Usage: `python csi_node.py SOCKET DRIVER NODE VOLUMES`. It is started by its path, so it imports
nothing of the sandbox.

Sources: kubernetes/kubelet, pkg/apis/pluginregistration/v1/api.proto;
container-storage-interface/spec, csi.proto. The messages contain only the used fields.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELDS = {
    "Empty": {},
    "PluginInfo": {"type": 1, "name": 2, "endpoint": 3, "supported_versions": 4},
    "RegistrationStatus": {"error": 2},
    "NodeGetInfoResponse": {"node_id": 1},
    "NodePublishVolumeRequest": {"volume_id": 1, "target_path": 4},
    "NodeUnpublishVolumeRequest": {"volume_id": 1, "target_path": 2},
}
"""Field numbers of the messages; all fields are strings."""
_REPEATED = {"supported_versions"}


def folder(volumes: Path, handle: str) -> Path:
    """Returns the folder of a volume.

    Args:
        volumes: the folder of all volumes.
        handle: the volume's ID, or ZONE/ID as on Exoscale.

    Raises:
        ValueError: if the handle contains no ID.
    """
    return volumes / str(UUID(handle.rpartition("/")[2]))


class Node:
    """Handles the calls of kubelet."""

    def __init__(self, socket: str, driver: str, node: str, volumes: Path) -> None:
        self._socket, self._driver, self._node, self._volumes = socket, driver, node, volumes

    def get_info(self, request: Any, context: grpc.ServicerContext) -> Any:
        return MESSAGES["PluginInfo"](
            type="CSIPlugin", name=self._driver, endpoint=self._socket, supported_versions=["1.0.0"]
        )

    def notify_registration_status(self, request: Any, context: grpc.ServicerContext) -> Any:
        print(request.error or "registered", flush=True)
        return MESSAGES["Empty"]()

    def node_get_info(self, request: Any, context: grpc.ServicerContext) -> Any:
        return MESSAGES["NodeGetInfoResponse"](node_id=self._node)

    def node_get_capabilities(self, request: Any, context: grpc.ServicerContext) -> Any:
        return MESSAGES["Empty"]()

    def node_publish_volume(self, request: Any, context: grpc.ServicerContext) -> Any:
        source, target = folder(self._volumes, request.volume_id), Path(request.target_path)
        if not source.is_dir():
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no volume {request.volume_id}")
        target.mkdir(exist_ok=True)
        if not target.samefile(source):
            subprocess.run(["mount", "--bind", source, target], check=True)
        return MESSAGES["Empty"]()

    def node_unpublish_volume(self, request: Any, context: grpc.ServicerContext) -> Any:
        target = Path(request.target_path)
        if target.exists():
            subprocess.run(["umount", target])  # fails if nothing is mounted
            target.rmdir()
        return MESSAGES["Empty"]()

    @property
    def services(self) -> Mapping[str, Mapping[str, tuple[str, Callable[..., Any]]]]:
        """The message type of the request and the handler, by service and method."""
        return {
            "pluginregistration.Registration": {
                "GetInfo": ("Empty", self.get_info),
                "NotifyRegistrationStatus": (
                    "RegistrationStatus",
                    self.notify_registration_status,
                ),
            },
            "csi.v1.Node": {
                "NodeGetInfo": ("Empty", self.node_get_info),
                "NodeGetCapabilities": ("Empty", self.node_get_capabilities),
                "NodePublishVolume": ("NodePublishVolumeRequest", self.node_publish_volume),
                "NodeUnpublishVolume": ("NodeUnpublishVolumeRequest", self.node_unpublish_volume),
            },
        }


def start(socket: str, node: Node) -> grpc.Server:
    """Starts a server on the Unix socket `socket` and returns it."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    for service, methods in node.services.items():
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                function,
                request_deserializer=MESSAGES[request].FromString,
                response_serializer=lambda answer: answer.SerializeToString(),
            )
            for name, (request, function) in methods.items()
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    return server


def _messages() -> dict[str, Any]:
    """Returns the classes of the messages by name."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="csi_node.proto", syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number in fields.items():
            label = kinds.LABEL_REPEATED if field in _REPEATED else kinds.LABEL_OPTIONAL
            message.field.add(name=field, number=number, type=kinds.TYPE_STRING, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return dict(message_factory.GetMessageClassesForFiles([file.name], pool))


MESSAGES = _messages()

if __name__ == "__main__":
    socket, driver, name, volumes = sys.argv[1:]
    Path(socket).parent.mkdir(parents=True, exist_ok=True)
    start(socket, Node(socket, driver, name, Path(volumes))).wait_for_termination()
