"""A preview of a stack: its steps, messages and diff."""

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
"""A color tag in an event's message (pulumi/pulumi, `colors.go`)."""


@dataclass(frozen=True)
class Resource:
    """A resource that is replaced or deleted."""

    kind: str
    """Its type, without the package."""
    name: str
    reasons: tuple[str, ...] = ()
    """The changed properties that cause the replacement."""


@dataclass(frozen=True)
class Finding:
    """A violation of a policy."""

    policy: str
    mandatory: bool
    """Whether it blocks a deployment."""
    resource: Resource | None
    message: str


@dataclass(frozen=True)
class Preview:
    """A preview of one stack."""

    stack: str
    failed: bool
    counts: Mapping[OpType, int] | None = None
    """The number of resources by operation. None if the preview did not complete."""
    replaced: tuple[Resource, ...] = ()
    deleted: tuple[Resource, ...] = ()
    findings: tuple[Finding, ...] = ()
    """The findings. Mandatory ones come first."""
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    diff: str = ""

    def count(self, *operations: str) -> int:
        """Returns the number of resources with one of the operations."""
        counts = (self.counts or {}).items()
        return sum(number for operation, number in counts if operation in operations)


def preview(stack: str, folder: Path) -> Preview:
    """Previews the stack. Nothing is deployed.

    Raises:
        ToolError: pulumi is not installed.
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
    """Returns the resource of a URN, `urn:pulumi:STACK::PROJECT::PARENT_TYPES$TYPE::NAME`."""
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
    """Returns a message without its first line, the policy's description."""
    return message.partition("\n")[2] or message


def _messages(events: Sequence[EngineEvent], severity: str) -> Iterator[str]:
    """Yields the messages of a severity without duplicates."""
    found = (each.diagnostic_event for each in events if each.diagnostic_event)
    messages = (
        _plain(each.message) for each in found if each.severity == severity and not each.ephemeral
    )
    return iter(dict.fromkeys(messages))


def _plain(message: str) -> str:
    return COLOR.sub("", message).strip()
