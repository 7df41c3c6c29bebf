"""The sandbox's kubeconfig, with one context for each running cluster, named after it."""

import threading
from collections.abc import Sequence
from pathlib import Path

import yaml

from sandbox.paths import write_private


class KubeconfigFile:
    """Keeps the contexts in the file `path` up to date with the running clusters."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._clusters: dict[str, tuple[str, str]] = {}
        path.unlink(missing_ok=True)

    def add(self, cluster_id: str, name: str, text: str) -> None:
        """Adds or replaces the cluster's context; `text` is the cluster's own kubeconfig (YAML)."""
        with self._lock:
            self._clusters[cluster_id] = (name, text)
            self._write()

    def remove(self, cluster_id: str) -> None:
        """Removes the cluster's context, if it has one."""
        with self._lock:
            if self._clusters.pop(cluster_id, None) is not None:
                self._write()

    def _write(self) -> None:
        write_private(self._path, merged_kubeconfig(list(self._clusters.values())))


def merged_kubeconfig(kubeconfigs: Sequence[tuple[str, str]]) -> str:
    """Returns one kubeconfig (YAML) that contains all of `kubeconfigs`.

    The current context is the context of the stack `local`; without one, the first by name.
    If clusters have the same name, a number is appended to the names of all but the first.

    Args:
        kubeconfigs: pairs of a cluster's name and its own kubeconfig (YAML).
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
