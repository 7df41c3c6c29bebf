"""Runs Kubernetes' snapshot controller, which SKS's CSI addon brings with its API and a class.

It runs if `sandbox tools --snapshots` has installed it. The other half of a snapshot, the driver's,
is in snapshots.py.

Source: exoscale-csi-driver v0.34.3, deployment/latest: crds.yaml, controller.yaml,
volume-snapshot-class.yaml.
"""

from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import yaml
from kubernetes import client

from sandbox.paths import write_private
from sandbox.sks.control_plane import ControlPlane
from sandbox.sks.looking import Looking
from sandbox.sks.processes import Child, Command
from sandbox.sks.storage import CSI_DRIVER
from sandbox.toolchain.tools import SNAPSHOT_KINDS

NAME = "snapshot-controller"
API = ("snapshot.storage.k8s.io", "v1")
CLASS = "exoscale-snapshot"

_LIFETIME = timedelta(days=3650)
_MEMORY = {"GOGC": "75", "GOMEMLIMIT": "48MiB"}


class SnapshotController(Looking):
    """Creates the definitions and the class in a cluster, and runs the controller.

    Args:
        plane: the cluster's control plane.
        tools: the folder of the programs and definitions, which need not exist.
    """

    def __init__(self, plane: ControlPlane, tools: Path) -> None:
        super().__init__(f"{NAME}-{plane.record.name}")
        self._plane, self._tools = plane, tools
        self._api = plane.new_api_client()
        self._child: Child | None = None

    def look(self) -> None:
        """Does what is missing. The controller needs the definitions, and the class too."""
        if self._child is None and (self._tools / NAME).exists():
            self._define()
            if self._create_class():
                self._child = self._start_controller()

    def join(self) -> None:
        """Waits for the thread, and stops the controller."""
        super().join()
        if self._child is not None:
            self._child.stop()

    def _define(self) -> None:
        api = client.ApiextensionsV1Api(self._api)
        present = {each.metadata.name for each in api.list_custom_resource_definition().items}
        for kind in SNAPSHOT_KINDS:
            definition = yaml.safe_load((self._tools / f"{kind}.yaml").read_text())
            if definition["metadata"]["name"] not in present:
                api.create_custom_resource_definition(definition)

    def _create_class(self) -> bool:
        """Creates the class, if it doesn't exist. Returns False if the API is not served yet."""
        body = {
            "apiVersion": "/".join(API),
            "kind": "VolumeSnapshotClass",
            "metadata": {"name": CLASS},
            "driver": CSI_DRIVER,
            "deletionPolicy": "Delete",
        }
        try:
            client.CustomObjectsApi(self._api).create_cluster_custom_object(
                *API, "volumesnapshotclasses", body
            )
        except client.ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            if error.status != HTTPStatus.CONFLICT:
                raise
        return True

    def _start_controller(self) -> Child:
        files = self._plane.files
        kubeconfig = files.kubeconfig(NAME)
        # As the component of a control plane: the permissions of its account are not tested.
        identity = self._plane.issue_kubeconfig(f"system:{NAME}", ["system:masters"], _LIFETIME)
        write_private(kubeconfig, identity)
        child = Child(
            Command(
                name=NAME,
                arguments=[str(self._tools / NAME), f"--kubeconfig={kubeconfig}"],
                directory=files.directory,
                log=files.logs / f"{NAME}.log",
                pid_file=files.run / f"{NAME}.pid",
                environment=_MEMORY,
            )
        )
        child.start()
        return child
