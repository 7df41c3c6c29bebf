"""How far a Pod has come, and what holds it up.

Steps and wording: pulumi/pulumi-kubernetes, `provider/pkg/await/checker/pod`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.plugins.kubernetes.readiness.objects import condition


@dataclass(frozen=True)
class Step:
    """A step on a Pod's way: done or not, and the problem that holds it up, if one is known."""

    done: bool
    description: str
    problem: str = ""


def steps(pod: dict[str, Any]) -> list[Step]:
    """The steps up to and with the first that is not done."""
    taken: list[Step] = []
    for step in (_scheduled, _initialized, _ready):
        taken.append(step(pod))
        if not taken[-1].done:
            break
    return taken


def problems(pod: dict[str, Any]) -> list[str]:
    """What holds the Pod up."""
    return [step.problem for step in steps(pod) if step.problem]


def qualified_name(item: dict[str, Any]) -> str:
    """`namespace/name`, or the name alone in the namespace `default`."""
    metadata = item["metadata"]
    namespace = metadata.get("namespace")
    if namespace and namespace != "default":
        return f"{namespace}/{metadata['name']}"
    return str(metadata["name"])


def _scheduled(pod: dict[str, Any]) -> Step:
    name = qualified_name(pod)
    description = f'Waiting for Pod "{name}" to be scheduled'
    found = condition(pod, "PodScheduled")
    if found is None or found["status"] == "True":
        return Step(found is not None, description)
    message = found.get("message", "") if found.get("reason") else ""
    return Step(False, description, f"[Pod {name}]: {message}" if message else "")


def _initialized(pod: dict[str, Any]) -> Step:
    return _by_condition(pod, "Initialized", "initialized", "initContainerStatuses")


def _ready(pod: dict[str, Any]) -> Step:
    done = pod["status"].get("phase") == "Succeeded"
    return _by_condition(pod, "Ready", "ready", "containerStatuses", done=done)


def _by_condition(
    pod: dict[str, Any], kind: str, state: str, containers: str, done: bool = False
) -> Step:
    name = qualified_name(pod)
    description = f'Waiting for Pod "{name}" to be {state}'
    found = condition(pod, kind)
    if found is None or found["status"] == "True" or done:
        return Step(found is not None, description)
    errors = [
        error
        for container in pod["status"].get(containers) or []
        for error in _container_errors(container)
    ]
    message = found.get("message", "")
    if not errors and not message:
        return Step(False, description)
    shown = message if found.get("reason") else ""
    return Step(False, description, f"[Pod {name}]: {shown}" + "\n".join(errors))


def _container_errors(container: dict[str, Any]) -> list[str]:
    if container.get("ready"):
        return []
    errors = []
    name = container["name"]
    state = container.get("state") or {}
    waiting = state.get("waiting")
    if waiting and waiting.get("reason") not in {"ContainerCreating", "PodInitializing"}:
        errors.append(f"[{waiting.get('reason', '')}] {_trimmed(waiting.get('message', ''))}")
    ended = state.get("terminated")
    if ended and ended.get("reason"):
        if ended.get("message"):
            errors.append(f"[{ended['reason']}] {_trimmed(ended['message'])}")
        else:
            errors.append(f'container "{name}" completed with exit code {ended["exitCode"]}')
    last = (container.get("lastState") or {}).get("terminated")
    if last:
        errors.append(
            f'container "{name}" terminated at {last.get("finishedAt", "an unknown time")} '
            f"({last.get('reason', '')}: exit code {last['exitCode']})"
        )
        if last.get("message"):
            errors.append(last["message"])
    return errors


def _trimmed(message: str) -> str:
    prefix = "rpc error: code = Unknown desc = Error response from daemon: "
    return message.removeprefix(prefix).removesuffix(": manifest unknown")
