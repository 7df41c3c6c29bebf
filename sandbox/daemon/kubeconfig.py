"""The sandbox's kubeconfig: one context for every running cluster, named as the cluster."""

import threading
from collections.abc import Sequence
from pathlib import Path

import yaml

from sandbox.paths import write_private


class KubeconfigFile:
    """Keeps the file `path` in step with the clusters that run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._clusters: dict[str, tuple[str, str]] = {}
        path.unlink(missing_ok=True)

    def add(self, cluster_id: str, name: str, text: str) -> None:
        """Give a cluster its context, out of a kubeconfig (YAML) of its own."""
        with self._lock:
            self._clusters[cluster_id] = (name, text)
            self._write()

    def remove(self, cluster_id: str) -> None:
        """Take a cluster's context away, if it has one."""
        with self._lock:
            if self._clusters.pop(cluster_id, None) is not None:
                self._write()

    def _write(self) -> None:
        write_private(self._path, merged(list(self._clusters.values())))


def merged(kubeconfigs: Sequence[tuple[str, str]]) -> str:
    """Return one kubeconfig (YAML) out of pairs of a cluster's name and its own kubeconfig.

    The current context is that of the stack `local` where there is one, else the first by name.
    Clusters of one name get a number behind it.
    """
    clusters, users, contexts = [], [], []
    seen: dict[str, int] = {}
    for name, text in sorted(kubeconfigs):
        seen[name] = seen.get(name, 0) + 1
        unique = name if seen[name] == 1 else f"{name}-{seen[name]}"
        config = yaml.safe_load(text)
        clusters.append({"name": unique, "cluster": config["clusters"][0]["cluster"]})
        users.append({"name": unique, "user": config["users"][0]["user"]})
        contexts.append({"name": unique, "context": {"cluster": unique, "user": unique}})
    names = [str(context["name"]) for context in contexts]
    local = [name for name in names if "local" in name.split("-")]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters,
        "users": users,
        "contexts": contexts,
        "current-context": next(iter([*local, *names]), ""),
    }
    return str(yaml.safe_dump(document, sort_keys=False))
