"""What a preview of a stack shows: its steps, its messages, its diff."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pulumi.automation.events import EngineEvent, OpType, StepEventMetadata

from tools.policies import policy_arguments
from tools.pulumi_command import run_pulumi
from tools.refreshed import refresh_flags

EVENT_LOG = {"PULUMI_DEBUG_COMMANDS": "true"}
"""Makes Pulumi accept `--event-log`, which the Automation API uses too.

The Automation API's own `Stack.preview` is not used: it changes the user's selected stack, and does
not wait for the last events of a failed command (pulumi/pulumi,
`sdk/python/lib/pulumi/automation/_stack.py`).
"""

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
    counts: Mapping[OpType, int] | None = None
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
        counts = (self.counts or {}).items()
        return sum(number for operation, number in counts if operation in operations)


def preview(stack: str, folder: Path) -> Preview:
    """Preview the stack once; nothing is deployed.

    Raises:
        ToolError: if pulumi is not there.
    """
    with TemporaryDirectory() as temporary:
        log = Path(temporary) / "events"
        done = run_pulumi(
            *("preview", "--stack", stack, "--diff", "--color", "never"),
            *refresh_flags(stack, folder),
            *("--event-log", str(log), *policy_arguments(stack, folder)),
            folder=folder,
            variables=EVENT_LOG,
        )
        events = list(_events(log.read_text())) if log.is_file() else []
    failed = done.returncode != 0
    steps = [each.resource_pre_event.metadata for each in events if each.resource_pre_event]
    findings = sorted(_findings(events), key=lambda each: not each.mandatory)
    whole = not failed or any(each.mandatory for each in findings)
    summaries = [each.summary_event for each in events if each.summary_event]
    errors = () if not failed else tuple(_messages(events, "error")) or (done.stderr.strip(),)
    return Preview(
        stack,
        failed,
        counts=summaries[-1].resource_changes if whole and summaries else None,
        replaced=tuple(_resources(steps, "replace")),
        deleted=tuple(_resources(steps, "delete")),
        findings=tuple(findings),
        warnings=tuple(_messages(events, "warning")),
        errors=errors,
        diff=done.stdout.strip("\n"),
    )


def _events(log: str) -> Iterator[EngineEvent]:
    """Returns the events of a log. If Pulumi was killed, its last line may be incomplete."""
    return (EngineEvent.from_json(json.loads(line)) for line in log.split("\n")[:-1])


def _resources(steps: Sequence[StepEventMetadata], operation: str) -> Iterator[Resource]:
    for step in steps:
        if step.op == operation:
            yield _resource(step.urn, step.keys or ())


def _resource(urn: str, reasons: Sequence[str] = ()) -> Resource:
    """The resource in `urn:pulumi:STACK::PROJECT::TYPE::NAME`, its type behind those above it."""
    _, _, types, name = urn.split("::", 3)
    return Resource(types.rpartition(":")[2], name, tuple(reasons))


def _findings(events: Sequence[EngineEvent]) -> Iterator[Finding]:
    for event in (each.policy_event for each in events if each.policy_event):
        yield Finding(
            event.policy_name,
            event.enforcement_level == "mandatory",
            _resource(event.resource_urn) if event.resource_urn else None,
            _violation(_plain(event.message)),
        )


def _violation(message: str) -> str:
    """What is wrong, without the policy's description, which the engine puts on a line before."""
    return message.partition("\n")[2] or message


def _messages(events: Sequence[EngineEvent], severity: str) -> Iterator[str]:
    """The messages of a severity, each once."""
    found = (each.diagnostic_event for each in events if each.diagnostic_event)
    messages = (
        _plain(each.message) for each in found if each.severity == severity and not each.ephemeral
    )
    return iter(dict.fromkeys(messages))


def _plain(message: str) -> str:
    return COLOR.sub("", message).strip()
