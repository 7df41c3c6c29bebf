"""What a preview of a stack shows: its steps, its messages, its diff."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools.policies import policy_arguments
from tools.pulumi_command import finished
from tools.refreshed import refresh_flags

EVENT_LOG = {"PULUMI_DEBUG_COMMANDS": "true"}
"""Gives pulumi its `--event-log`, by which Pulumi's own Automation API follows it too
(pulumi/pulumi, `sdk/python/lib/pulumi/automation/_stack.py`)."""

COLOR = re.compile(r"<\{%.*?%\}>")
"""Where a color begins or ends in what an event says (pulumi/pulumi, `colors.go`)."""


@dataclass(frozen=True)
class Resource:
    """A resource that is replaced or deleted."""

    kind: str
    """Its type, without the package."""
    name: str
    reasons: tuple[str, ...] = ()
    """The properties whose change replaces it."""


@dataclass(frozen=True)
class Finding:
    """What a policy has found."""

    policy: str
    mandatory: bool
    """Whether it stops a deployment."""
    resource: Resource | None
    message: str


@dataclass(frozen=True)
class Preview:
    """A preview of one stack."""

    stack: str
    failed: bool
    counts: Mapping[str, int] | None = None
    """How many resources have each of Pulumi's operations; none if it did not come to the end."""
    replaced: tuple[Resource, ...] = ()
    deleted: tuple[Resource, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Those first that stop a deployment."""
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    diff: str = ""

    def count(self, *operations: str) -> int:
        """How many resources have one of the operations."""
        return sum((self.counts or {}).get(each, 0) for each in operations)


def preview(stack: str, folder: Path) -> Preview:
    """Preview the stack once; nothing is deployed.

    Raises:
        Refused: if pulumi is not there.
    """
    with TemporaryDirectory() as temporary:
        log = Path(temporary) / "events"
        done = finished(
            *("preview", "--stack", stack, "--diff", "--color", "never"),
            *refresh_flags(stack, folder),
            *("--event-log", str(log), *policy_arguments(stack, folder)),
            folder=folder,
            variables=EVENT_LOG,
        )
        lines = log.read_text().splitlines() if log.is_file() else []
    events = [json.loads(line) for line in lines]
    failed = done.returncode != 0
    steps = [each["metadata"] for each in _of("resourcePreEvent", events)]
    findings = sorted(_findings(events), key=lambda each: not each.mandatory)
    whole = not failed or any(each.mandatory for each in findings)
    summaries = list(_of("summaryEvent", events)) if whole else []
    errors = () if not failed else tuple(_messages(events, "error")) or (done.stderr.strip(),)
    return Preview(
        stack,
        failed,
        counts=summaries[-1]["resourceChanges"] if summaries else None,
        replaced=tuple(_resources(steps, "replace")),
        deleted=tuple(_resources(steps, "delete")),
        findings=tuple(findings),
        warnings=tuple(_messages(events, "warning")),
        errors=errors,
        diff=done.stdout.strip("\n"),
    )


def _of(kind: str, events: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    return (event[kind] for event in events if kind in event)


def _resources(steps: Sequence[Mapping[str, Any]], operation: str) -> Iterator[Resource]:
    for step in steps:
        if step["op"] == operation:
            yield _resource(step["urn"], step.get("keys") or ())


def _resource(urn: str, reasons: Sequence[str] = ()) -> Resource:
    """The resource in `urn:pulumi:STACK::PROJECT::TYPE::NAME`, its type behind those above it."""
    _, _, types, name = urn.split("::", 3)
    return Resource(types.rpartition(":")[2], name, tuple(reasons))


def _findings(events: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for event in _of("policyEvent", events):
        urn = event.get("resourceUrn")
        yield Finding(
            event["policyName"],
            event["enforcementLevel"] == "mandatory",
            _resource(urn) if urn else None,
            _violation(_plain(event["message"])),
        )


def _violation(message: str) -> str:
    """What is wrong, without the policy's description, which the engine puts on a line before."""
    return message.partition("\n")[2] or message


def _messages(events: Sequence[Mapping[str, Any]], severity: str) -> Iterator[str]:
    """The messages of a severity, each once."""
    found = (each for each in _of("diagnosticEvent", events) if not each.get("ephemeral"))
    return iter(
        dict.fromkeys(_plain(each["message"]) for each in found if each["severity"] == severity)
    )


def _plain(message: str) -> str:
    return COLOR.sub("", message).strip()
