"""How an application's pods are replaced by new ones."""

from __future__ import annotations

from typing import Any, TypedDict


class RolloutArgs(TypedDict):
    """How pods are replaced.

    `type` is `RollingUpdate` or `Recreate`; `max_surge` and `max_unavailable` are numbers of pods
    or percentages. To Kubernetes, a rollout has failed that makes no progress for
    `progress_deadline_seconds`. The engine waits `timeout_seconds` for all of it, whatever
    Kubernetes says meanwhile (pulumi/pulumi-kubernetes, `provider/pkg/await/deployment.go`). A pod
    goes on serving for `drain_seconds` after it was told to stop, and is killed
    `termination_grace_period_seconds` after that telling.
    """

    type: str
    max_surge: int | str
    max_unavailable: int | str
    progress_deadline_seconds: int
    timeout_seconds: int
    revision_history_limit: int
    drain_seconds: int
    termination_grace_period_seconds: int


def rollout(args: RolloutArgs) -> dict[str, Any]:
    """The Deployment's fields for its rollouts, as `pulumi_kubernetes` takes them."""
    rolling = {"max_surge": args["max_surge"], "max_unavailable": args["max_unavailable"]}
    update = {"rolling_update": rolling} if args["type"] == "RollingUpdate" else {}
    return {
        "strategy": {"type": args["type"]} | update,
        "progress_deadline_seconds": args["progress_deadline_seconds"],
        "revision_history_limit": args["revision_history_limit"],
    }
