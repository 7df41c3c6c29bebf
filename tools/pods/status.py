"""What the status of a pod says, in words like kubectl's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

FATAL = {
    *("CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull"),
    *("ImagePullBackOff", "InvalidImageName"),
}
"""Reasons why a container waits in vain."""


def status(pod: Mapping[str, Any]) -> str:
    """Returns a pod's status: that of a container with a problem, else the pod's phase."""
    found = pod.get("status", {})
    phase = str(found.get("phase", "Unknown"))
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    if phase == "Succeeded":
        return "Completed"
    if phase == "Failed" and "reason" in found:
        return str(found["reason"])
    for each in containers(pod):
        state = each.get("state", {})
        reason = state.get("waiting", {}).get("reason", "")
        if reason and reason not in ("ContainerCreating", "PodInitializing"):
            return str(reason)
        end = state.get("terminated")
        if end and end["exitCode"]:
            return reason_of(end)
    conditions = _conditions(pod)
    if phase == "Running":
        return "Ready" if conditions.get("Ready", {}).get("status") == "True" else "Not ready"
    scheduled = conditions.get("PodScheduled", {})
    return f"{phase} ({scheduled['reason']})" if "reason" in scheduled else phase


def reason_of(end: Mapping[str, Any]) -> str:
    """Returns why a container ended."""
    reason = str(end.get("reason", "Error"))
    code = f", exit code {end['exitCode']}" if end.get("exitCode") else ""
    return f"{reason}{code}" + (f": {end['message']}" if "message" in end else "")


def restarts(pod: Mapping[str, Any], now: datetime) -> str:
    """Returns how often the pod's containers were restarted, with the last reason of each."""
    count, reasons = 0, []
    for each in containers(pod):
        count += each.get("restartCount", 0)
        if each.get("restartCount") and (end := each.get("lastState", {}).get("terminated")):
            ago = age(end["finishedAt"], now)
            reasons.append(f"{reason_of(end).partition(':')[0]}, {ago} ago")
    return f"{count} ({'; '.join(reasons)})" if reasons else str(count)


def terminated(pod: Mapping[str, Any], container: str) -> dict[str, Any] | None:
    """Returns how a container ended; None if it did not."""
    return _state(pod, container).get("terminated")


def ended(pod: Mapping[str, Any], container: str) -> bool:
    """Returns whether a container has ended, or will never start, as after an init container's
    failure."""
    phase = pod.get("status", {}).get("phase")
    return phase in ("Failed", "Succeeded") or terminated(pod, container) is not None


def not_started(pod: Mapping[str, Any], container: str) -> tuple[str, bool]:
    """Returns why a container does not run yet, and whether it never will; empty if it runs."""
    state = _state(pod, container)
    if "running" in state:
        return "", False
    scheduled = _conditions(pod).get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return str(scheduled.get("message", scheduled.get("reason"))), False
    waiting = state.get("waiting", {"reason": "Pending"})
    reason = str(waiting["reason"])
    text = f"{reason}: {waiting['message']}" if "message" in waiting else reason
    return text, reason in FATAL


def age(moment: str, now: datetime) -> str:
    """Returns the time since a moment of the API server's, with one or two units."""
    seconds = max(0, int((now - time_of(moment)).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if hours:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    return f"{minutes}m" if minutes else f"{seconds}s"


def time_of(moment: str) -> datetime:
    """Returns a moment in a timestamp of the API server."""
    return datetime.fromisoformat(moment).astimezone(UTC)


def containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the statuses of a pod's containers, init containers first."""
    found = pod.get("status", {})
    return [*found.get("initContainerStatuses", ()), *found.get("containerStatuses", ())]


def _state(pod: Mapping[str, Any], container: str) -> dict[str, Any]:
    for each in containers(pod):
        if each["name"] == container:
            return dict(each.get("state", {}))
    return {}


def _conditions(pod: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["type"]: each for each in pod.get("status", {}).get("conditions", ())}
