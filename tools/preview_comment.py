"""The comment on a pull request: previews of stacks, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tools.preview import Finding, Preview, Resource

LIMIT = 65_000
"""Characters. GitHub accepts 65,536 with the marker, which is added later; GitLab a million."""

CREATED = ("create", "import")
CHANGED = ("update",)
REPLACED = ("replace",)
DELETED = ("delete",)
"""Pulumi's operations in each column of the table."""

SIMPLIFICATIONS = (
    (re.compile(r"^ *\[provider=.*\]\n", re.MULTILINE), ""),
    (re.compile(r"\[urn=urn:pulumi:.*?::.*?::.*?::(.*)\]"), r"[name=\1]"),
    (re.compile(r"^( +)([-+~]{1,2})(?=[ a-z])", re.MULTILINE), r"\2\1"),
)
"""Removes providers, reduces URNs to names, and moves signs to where Markdown diffs have them."""


def comment(previews: Sequence[Preview]) -> str:
    """Returns the comment. If it is too long, only the diffs are truncated, with a note."""
    head = "".join(_head(previews))
    room = LIMIT - len(head)
    diffs: dict[str, str] = {}
    for left, each in enumerate(sorted(previews, key=lambda each: len(each.diff))):
        share = room // (len(previews) - left)
        diffs[each.stack] = _folded_diff(each, share)
        room -= len(diffs[each.stack])
    return head + "".join(diffs[each.stack] for each in previews)


def _head(previews: Sequence[Preview]) -> Iterator[str]:
    yield "## What this change does\n\n"
    yield "| stack | created | changed | replaced | deleted |\n|---|--:|--:|--:|--:|\n"
    for each in previews:
        yield f"| {' | '.join(_row(each))} |\n"
    for each in previews:
        lines = list(_highlights(each))
        if lines:
            yield f"\n### {each.stack}\n\n{''.join(lines)}"


def _row(preview: Preview) -> Iterator[str]:
    yield f"{preview.stack}: **failed**" if preview.failed else preview.stack
    for operations in (CREATED, CHANGED, REPLACED, DELETED):
        yield str(preview.count(*operations)) if preview.counts is not None else ""


def _highlights(preview: Preview) -> Iterator[str]:
    """Yields what readers must see without unfolding the diff."""
    if preview.errors:
        yield f"{_fenced(chr(10).join(preview.errors))}\n"
    for resource in preview.replaced:
        reasons = ", ".join(map(_code, resource.reasons))
        because = f", because of {reasons}" if reasons else ""
        yield f"- **replaced**: {_display_name(resource)}{because}\n"
    for resource in preview.deleted:
        yield f"- **deleted**: {_display_name(resource)}\n"
    for finding in preview.findings:
        yield f"- {_finding_line(finding)}\n"
    for warning in preview.warnings:
        yield f"- warning: {_code(warning)}\n"


def _finding_line(finding: Finding) -> str:
    level = "**policy, mandatory**" if finding.mandatory else "policy, advisory"
    where = f", {_display_name(finding.resource)}" if finding.resource else ""
    return f"{level}: {finding.policy}{where}: {_code(finding.message)}"


def _display_name(resource: Resource) -> str:
    return f"{resource.kind} {_code(resource.name)}"


def _code(text: str) -> str:
    """Returns text as inline code, in which `@name` notifies nobody."""
    ticks = _longer_than_in(text, 1)
    space = " " if "`" in text else ""
    return f"{ticks}{space}{' '.join(text.split())}{space}{ticks}"


def _fenced(text: str, language: str = "") -> str:
    fence = _longer_than_in(text, 3)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _longer_than_in(text: str, least: int) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)


def _folded_diff(preview: Preview, room: int) -> str:
    """Returns the folded diff, truncated to `room` characters."""
    if not preview.diff:
        return ""
    text, note = preview.diff, ""
    for pattern, replacement in SIMPLIFICATIONS:
        text = pattern.sub(replacement, text)
    frame = len(_details(preview.stack, _fenced("", "diff"), _truncation_note(preview.stack)))
    if len(text) + frame > room:
        text = text[: max(room - frame, 0)].rpartition("\n")[0]
        note = _truncation_note(preview.stack)
    return _details(preview.stack, _fenced(text, "diff"), note)


def _details(stack: str, body: str, note: str) -> str:
    return f"\n<details><summary>The diff of {stack}</summary>\n\n{body}{note}\n</details>\n"


def _truncation_note(stack: str) -> str:
    command = f"make previews STACKS={stack} OUT=previews"
    return f"\nThe diff is too long for a comment: `{command}` prints it.\n"
