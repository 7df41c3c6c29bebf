"""What the API server of a cluster holds, asked with kubectl."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND_SECONDS = 60


NO_EVICTION = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: never, namespace: kept}
spec:
  maxUnavailable: 0
  selector: {matchLabels: {app: kept}}
"""
"""A disruption budget, in the namespace `kept`, that lets none of its pods be evicted."""


@dataclass(frozen=True)
class Kube:
    """A cluster, with the credentials in `kubeconfig`."""

    kubeconfig: Path
    environment: Mapping[str, str]

    def run(self, *command: str, stdin: str | None = None, timeout: float = COMMAND_SECONDS) -> str:
        """Run kubectl, or any program that reads KUBECONFIG; return its standard output."""
        answer = subprocess.run(
            command,
            env={**self.environment, "KUBECONFIG": str(self.kubeconfig)},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def get(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any]:
        """Return one object."""
        found = self.run("kubectl", "get", kind, name, "--namespace", namespace, "-o", "json")
        return dict(json.loads(found))

    def releases(self, name: str, namespace: str) -> list[tuple[int, str]]:
        """Return the revisions of a Helm release and their states, by the Secrets that hold them.

        Source: helm.sh/docs/topics/advanced, "Storage backends".
        """
        labels = [
            item["metadata"]["labels"]
            for item in self.list("secrets", namespace)
            if item["type"] == "helm.sh/release.v1"
        ]
        return sorted(
            (int(each["version"]), each["status"]) for each in labels if each["name"] == name
        )

    def list(self, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        """Return all objects of a kind, of one namespace or of all."""
        where = ["--namespace", namespace] if namespace else ["--all-namespaces"]
        items: list[dict[str, Any]] = json.loads(
            self.run("kubectl", "get", kind, *where, "-o", "json")
        )["items"]
        return items

    def names(self, kind: str, namespace: str | None = None) -> set[str]:
        """Return the names of all objects of a kind."""
        return {item["metadata"]["name"] for item in self.list(kind, namespace)}

    def completed(self, manifest: str) -> dict[str, Any]:
        """Return the object that the API server would make of a manifest (YAML), defaults in it."""
        command = ("kubectl", "create", "--dry-run=server", "-o", "json", "-f", "-")
        return dict(json.loads(self.run(*command, stdin=manifest)))
