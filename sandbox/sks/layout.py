"""The stored files of a cluster."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox.paths import write_private
from sandbox.sks.pki import ClusterPki
from sandbox.sks.spec import Audit, ClusterSpec, Networking, Oidc, SksError

VOLUMES = "volumes"
"""Folder in the sandbox's home for the volumes of all clusters, some of which outlive them."""
SNAPSHOTS = "snapshots"
"""Folder in the sandbox's home for the snapshots of volumes, which also outlive clusters."""


@dataclass(frozen=True)
class Ports:
    """Loopback ports of a cluster's servers."""

    api: int
    etcd: int
    etcd_peer: int
    kubelet: int


@dataclass(frozen=True, kw_only=True)
class ClusterRecord(ClusterSpec):
    """A cluster's settings and ports, kept in `cluster.json`."""

    id: str
    ports: Ports


_PARTS: Mapping[str, type[Any]] = {
    "ports": Ports,
    "audit": Audit,
    "oidc": Oidc,
    "networking": Networking,
}


class ClusterFiles:
    """The folder of a cluster."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.record = directory / "cluster.json"
        self.etcd_data = directory / "etcd"
        self.config = directory / "config"
        self.authentication = self.config / "authentication.yaml"
        self.egress = self.config / "egress.yaml"
        self.audit_policy = self.config / "audit-policy.yaml"
        self.audit_webhook = self.config / "audit-webhook.kubeconfig"
        self.stages = self.config / "stages.yaml"
        self.logs = directory / "log"
        self.run = directory / "run"
        self.egress_socket = self.run / "egress.sock"
        self.pki = ClusterPki(directory / "pki")

    def save(self, record: ClusterRecord) -> None:
        """Writes `cluster.json`."""
        write_private(self.record, json.dumps(asdict(record), indent=2) + "\n")

    def load(self) -> ClusterRecord:
        """Reads `cluster.json`.

        Raises:
            SksError: if the cluster doesn't exist.
        """
        try:
            stored = json.loads(self.record.read_text())
        except FileNotFoundError:
            raise SksError(f"there is no cluster {self.directory.name}") from None
        parts = {
            name: type_(**stored[name])
            for name, type_ in _PARTS.items()
            if stored.get(name) is not None
        }
        return ClusterRecord(**{**stored, **parts})

    def kubeconfig(self, name: str) -> Path:
        """Returns the path of the kubeconfig of the component `name`."""
        return self.config / f"{name}.kubeconfig"
