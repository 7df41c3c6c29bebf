"""What is kept of a cluster, and where."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.paths import write_private
from sandbox.sks.pki import ClusterPki
from sandbox.sks.spec import SksError


@dataclass(frozen=True)
class Ports:
    """Loopback ports of a cluster's servers."""

    api: int
    etcd: int
    etcd_peer: int
    kubelet: int


@dataclass(frozen=True)
class ClusterRecord:
    """A cluster's settings, kept in `cluster.json`."""

    id: str
    name: str
    version: str
    zone: str
    ports: Ports
    addons: Sequence[str] = ()
    feature_gates: Sequence[str] = field(default_factory=list)


class ClusterFiles:
    """The directory of one cluster."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.record = directory / "cluster.json"
        self.etcd_data = directory / "etcd"
        self.config = directory / "config"
        self.logs = directory / "log"
        self.run = directory / "run"
        self.pki = ClusterPki(directory / "pki")

    def save(self, record: ClusterRecord) -> None:
        """Write `cluster.json`."""
        write_private(self.record, json.dumps(asdict(record), indent=2) + "\n")

    def load(self) -> ClusterRecord:
        """Read `cluster.json`. Raises SksError if this cluster has never been created."""
        try:
            stored = json.loads(self.record.read_text())
        except FileNotFoundError:
            raise SksError(f"there is no cluster {self.directory.name}") from None
        return ClusterRecord(**{**stored, "ports": Ports(**stored["ports"])})

    def kubeconfig(self, name: str) -> Path:
        """Where the kubeconfig of the component `name` is."""
        return self.config / f"{name}.kubeconfig"
