"""When a Deployment is ready.

Conditions and wording: pulumi/pulumi-kubernetes, `provider/pkg/await/deployment.go`. Beyond those,
a ReplicaSet that can't make Pods (a quota, an admission policy) is named, and so is a Pod that
finds no node.
"""

from __future__ import annotations

from typing import Any, Final

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named
from sandbox.plugins.kubernetes.readiness.objects import condition, is_owned_by, label_selector
from sandbox.plugins.kubernetes.readiness.pod_problems import PodProblems

REVISION: Final = "deployment.kubernetes.io/revision"
DESIRED_REPLICAS: Final = "deployment.kubernetes.io/desired-replicas"


class DeploymentAwaiter(Awaiter):
    """Ready once the controller has seen the newest generation, its ReplicaSet has all its Pods
    ready, the Deployment is available, and the claims it mounts are bound."""

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        super().__init__(live, status)
        self._reconciled = False
        self._available = False
        self._rolled_out = False
        self._errors: list[str] = []
        self._sets: dict[str, dict[str, Any]] = {}
        self._pods = PodProblems()
        self._claims: dict[str, dict[str, Any]] = {}

    def watched(self) -> list[Watched]:
        labels = label_selector(self.live)
        items = [
            named("apps/v1", "Deployment", self.live["metadata"]["name"]),
            Watched("apps/v1", "ReplicaSet", labels=labels),
            Watched("v1", "Pod", labels=labels),
        ]
        return items + [named("v1", "PersistentVolumeClaim", name) for name in self._claim_names()]

    def _claim_names(self) -> list[str]:
        volumes = self.live["spec"]["template"]["spec"].get("volumes") or []
        return sorted(
            {
                volume["persistentVolumeClaim"]["claimName"]
                for volume in volumes
                if volume.get("persistentVolumeClaim")
            }
        )

    def observe(self, event: Event, now: float) -> None:
        if event.kind == "Deployment":
            self._observe_deployment(event)
            return
        if event.kind == "Pod":
            self._pods.observe(event)
            return
        kept = {"ReplicaSet": self._sets, "PersistentVolumeClaim": self._claims}
        uid = event.object["metadata"]["uid"]
        if event.type == "DELETED":
            kept[event.kind].pop(uid, None)
        elif event.kind != "ReplicaSet" or is_owned_by(event.object, self.live):
            kept[event.kind][uid] = event.object
        if self._reconciled:
            self._show_progress()

    def _observe_deployment(self, event: Event) -> None:
        if not self.is_current(event) or event.type == "DELETED":
            return
        deployment = event.object
        generation = deployment["metadata"].get("generation")
        if (deployment.get("status") or {}).get("observedGeneration") != generation:
            return
        self._reconciled = True
        self.live = deployment
        self._errors = []
        progressing = condition(deployment, "Progressing") or {}
        available = condition(deployment, "Available") or {}
        failure = condition(deployment, "ReplicaFailure") or {}
        self._rolled_out = (
            progressing.get("reason") == "NewReplicaSetAvailable"
            and progressing.get("status") == "True"
        )
        self._available = available.get("status") == "True"
        if progressing and progressing.get("status") != "True":
            self._add_error(progressing)
        if available and not self._available:
            self._add_error(available)
        if failure.get("status") == "True":
            self._add_error(failure)
        self._show_progress()

    def _add_error(self, found: dict[str, Any]) -> None:
        if found.get("reason") and found.get("message"):
            self._errors.append(f"[{found['reason']}] {found['message']}")
            self.status(self._errors[-1])

    def _revision(self) -> str:
        return str((self.live["metadata"].get("annotations") or {}).get(REVISION, ""))

    def _replica_set(self) -> dict[str, Any] | None:
        for replica_set in self._sets.values():
            annotations = replica_set["metadata"].get("annotations") or {}
            if self._revision() and annotations.get(REVISION) == self._revision():
                return replica_set
        return None

    def _pods_ready(self) -> bool:
        replica_set = self._replica_set()
        if replica_set is None:
            return False
        annotations = replica_set["metadata"].get("annotations") or {}
        wanted = str(self.live["spec"].get("replicas", 1))
        if annotations.get(DESIRED_REPLICAS, wanted) != wanted:
            return False
        ready, desired = _counts(replica_set)
        return ready >= desired

    def _show_progress(self) -> None:
        replica_set = self._replica_set()
        if replica_set is not None and not self._pods_ready():
            ready, desired = _counts(replica_set)
            self.status(
                f"Waiting for app ReplicaSet to be available ({ready}/{desired} Pods available)"
            )
        elif replica_set is not None and _counts(replica_set)[1] == 0:
            name = self.live["metadata"]["name"]
            self.status(f'Replicas scaled to 0 for Deployment "{name}"')
        for claim in self._unbound():
            phase = (claim.get("status") or {}).get("phase", "")
            self.status(
                f"PersistentVolumeClaim: [{claim['metadata']['name']}] is not ready. "
                f"status.phase currently at: {phase}"
            )

    def _unbound(self) -> list[dict[str, Any]]:
        return [
            claim
            for claim in self._claims.values()
            if (claim.get("status") or {}).get("phase") != "Bound"
        ]

    def ready(self) -> bool:
        done = (
            self._reconciled
            and self._available
            and (self._rolled_out or self._revision() == "1")
            and self._pods_ready()
            and not self._unbound()
        )
        if done:
            self.status("✅ Deployment initialization complete")
        return done

    def tick(self, now: float) -> None:
        self._pods.show(self._replica_set(), now, self.status)

    def reasons(self) -> list[str]:
        found = list(self._errors)
        unbound = self._unbound()
        if unbound:
            names = ",".join(claim["metadata"]["name"] for claim in unbound)
            found.append(f'Failed to bind PersistentVolumeClaim(s): "{names}"')
        first = self._revision() == "1"
        if not self._available:
            found.append("Minimum number of live Pods was not attained")
        elif not self._pods_ready() and (first or self._rolled_out):
            found.append(
                "Minimum number of Pods to consider the application live was not attained"
                if first
                else "Attempted to roll forward to new ReplicaSet, "
                "but minimum number of Pods did not become live"
            )
        elif not first and not self._rolled_out:
            found.append("Minimum number of Pods to consider the application live was not attained")
        return found + self._pods.of(self._replica_set())


def _counts(replica_set: dict[str, Any]) -> tuple[int, int]:
    desired = replica_set["spec"].get("replicas", 1)
    return (replica_set.get("status") or {}).get("readyReplicas", 0), desired
