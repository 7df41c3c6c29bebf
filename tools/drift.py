"""What was changed by hand: `make drift STACKS="dev prod" OUT=DIR`.

Three previews, none of which writes the state. `pulumi refresh --preview-only` tells where what is
there differs from what was deployed, `pulumi preview --refresh` what an `up --refresh` would do.
What both name is drift; what the first alone names belongs to somebody else, for nobody would put
it back. `pulumi preview` tells what the settings say and no `up` has done yet: that is no drift.

The exit code is 3 if there is drift, 1 if a check failed. Then DIR has a report, STACK.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.property_paths import different_paths, property_value
from tools.pulumi_command import ToolError, run_pulumi
from tools.stacks import ROOT, check_stack_file

NONE, FAILED, DRIFT = 0, 1, 3

UNCHANGED = ("same", "read", "refresh")
FORCE_PATCH = "PULUMI_K8S_ENABLE_PATCH_FORCE"
"""Lets a preview, too, go on where kubectl owns a field by now: it would be taken back."""

LONGEST = 80
"""Characters of a value in a report."""


@dataclass(frozen=True)
class Step:
    """What a preview says of one resource.

    Attributes:
        paths: of the properties that differ, such as `spec.rules[0].host`.
        old: inputs before; empty where there was nothing.
        new: inputs after; empty where there will be nothing.
    """

    operation: str
    urn: str
    paths: tuple[str, ...]
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    @classmethod
    def of(cls, step: Mapping[str, Any]) -> Step:
        """From the JSON of a preview."""
        old, new = ((step.get(side) or {}).get("inputs") or {} for side in ("oldState", "newState"))
        paths = tuple(step.get("detailedDiff") or ())
        if step["op"] == "update" and not paths:  # a resource of Terraform's plugin framework
            paths = tuple(different_paths(old, new))
        return cls(step["op"], step["urn"], paths, old, new)

    def __str__(self) -> str:
        kind = self.urn.split("::")[2].rpartition(":")[2]
        metadata = (self.old or self.new).get("metadata")
        if not isinstance(metadata, dict):
            return f"{kind} {self.urn.split('::', 3)[3]}"
        place = [metadata[key] for key in ("namespace", "name") if key in metadata]
        return f"{kind} {'/'.join(place)}"


@dataclass(frozen=True)
class Change:
    """A property that somebody changed; without a path, a resource that somebody removed."""

    what: str
    path: str
    deployed: str
    found: str


@dataclass(frozen=True)
class Findings:
    """What a check found.

    Attributes:
        undeployed: what an `up` without a refresh would do.
        no_preview: changed resources that can only be put back without a preview.
    """

    manual_changes: list[Change]
    undeployed: list[Step]
    no_preview: tuple[Step, ...] = ()


class FailedPreview(ToolError):
    """A preview that did not come to its end.

    Attributes:
        steps: by URN, those that failed.
    """

    def __init__(self, message: str, steps: Mapping[str, Step]) -> None:
        super().__init__(message)
        self.steps = steps


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="drift", description="What was changed by hand.")
    parser.add_argument("stacks", nargs="+", metavar="STACK")
    parser.add_argument("--out", required=True, type=Path, help="the folder of the reports")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    codes = [_checked(stack, folder, options.out / f"{stack}.md") for stack in options.stacks]
    return next((code for code in (FAILED, DRIFT) if code in codes), NONE)


def _checked(stack: str, folder: Path, file: Path) -> int:
    """Check one stack; write its report if there is something to tell."""
    file.unlink(missing_ok=True)
    try:
        findings = findings_of(stack, folder)
    except ToolError as error:
        file.write_text(f"# {stack}: the check for drift failed\n\n```\n{error}\n```\n")
        sys.stderr.write(f"drift: {stack}: {error}\n")
        return FAILED
    sys.stdout.write(f"{stack}: {len(findings.manual_changes) or 'no'} changes by hand\n")
    sys.stdout.writelines(
        f"  not deployed yet: {_described(step)}\n" for step in findings.undeployed
    )
    if not findings.manual_changes:
        return NONE
    file.write_text(report(stack, findings))
    sys.stdout.write(f"  see {file}\n")
    return DRIFT


def findings_of(stack: str, folder: Path) -> Findings:
    """Compare what is there with what was deployed, and with what is declared.

    Raises:
        ToolError: the stack's file is no YAML, or, in Pulumi's words, it can't be compared.
    """
    check_stack_file(stack, folder)
    refreshed = _steps("refresh", "--preview-only", stack=stack, folder=folder, all_steps=True)
    found = [step for step in refreshed if step.operation not in UNCHANGED]
    planned, no_preview = _planned({step.urn for step in found}, stack, folder)
    undeployed = _steps("preview", stack=stack, folder=folder)
    return Findings(drift(refreshed, [*planned, *no_preview]), undeployed, no_preview)


def _planned(
    changed: Collection[str], stack: str, folder: Path
) -> tuple[list[Step], tuple[Step, ...]]:
    """What an `up --refresh` would do, and what of it fails in a preview alone.

    A preview applies the settings on trial, beside the fields that kubectl owns, and so beside a
    Service's port that kubectl has given another number: the API server refuses the two. An `up`
    takes kubectl's fields over first. Source: pulumi/pulumi-kubernetes, `pkg/await/await.go`,
    `fixCSAFieldManagers`.

    Args:
        changed: the URNs of what differs from what was deployed; only of these a failure is borne.
    """
    failed: dict[str, Step] = {}
    while True:
        excluded = (f"--exclude={urn}" for urn in failed)
        try:
            return (
                _steps("preview", "--refresh", *excluded, stack=stack, folder=folder),
                tuple(failed.values()),
            )
        except FailedPreview as error:
            more = {urn: error.steps[urn] for urn in error.steps.keys() & changed - failed.keys()}
            if not more:
                raise
            failed |= more


def drift(found: Sequence[Step], planned: Sequence[Step]) -> list[Change]:
    """What differs and would be put back.

    Args:
        found: of `pulumi refresh`: from what was deployed to what is there. Of a resource of
            Terraform's plugin framework, such as a managed database, it tells no difference:
            that is what was deployed.
        planned: of `pulumi preview --refresh`: from what is there to what is declared.
    """
    plans = {step.urn: step for step in planned}
    return [
        change for step in found if step.urn in plans for change in _changes(step, plans[step.urn])
    ]


def _changes(found: Step, plan: Step) -> Iterator[Change]:
    if found.operation == "delete":
        yield Change(str(found), "", "there", "gone")
    for path in found.paths:
        if path in plan.paths:
            yield Change(
                str(found), path, displayed_value(found.old, path), displayed_value(found.new, path)
            )
    if found.operation == "refresh":
        for path in plan.paths:
            if property_value(found.old, path) != property_value(plan.old, path):
                yield Change(
                    str(found),
                    path,
                    displayed_value(found.old, path),
                    displayed_value(plan.old, path),
                )


def displayed_value(inputs: Mapping[str, Any], path: str) -> str:
    """The value at a path, as JSON; nothing where there is none."""
    found = property_value(inputs, path)
    if found is None:
        return ""
    text = json.dumps(found, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def report(stack: str, findings: Findings) -> str:
    """The text for an issue, in Markdown."""
    rows = [
        f"| {each.what} | {_code(each.path)} | {_code(each.deployed)} | {_code(each.found)} |"
        for each in findings.manual_changes
    ]
    flags = " --skip-preview" if findings.no_preview else ""
    lines = [
        f"# {stack}: changed by hand",
        "",
        "| what | property | deployed | found |",
        "|---|---|---|---|",
        *rows,
        "",
        f"What is to stay goes into `Pulumi.{stack}.yaml`. This puts all of it back:",
        "",
        "```bash",
        f"{FORCE_PATCH}=true pulumi up --refresh{flags} --stack {stack}",
        "```",
    ]
    if findings.no_preview:
        names = ", ".join(map(str, findings.no_preview))
        lines += ["", f"`--skip-preview`, because the preview of this change fails: {names}."]
    if findings.undeployed:
        lines += ["", "Not deployed yet, so done by that command too:", ""]
        lines += [f"- {_described(step)}" for step in findings.undeployed]
    return "\n".join(lines) + "\n"


def _described(step: Step) -> str:
    """What an `up` would do with a resource."""
    return f"{step.operation} {step} {', '.join(map(_code, step.paths))}".rstrip()


def _code(text: str) -> str:
    """A table's cell that shows the text as it is, whatever it is."""
    return "`{}`".format(text.replace("`", "'").replace("|", r"\|")) if text else ""


def _steps(*command: str, stack: str, folder: Path, all_steps: bool = False) -> list[Step]:
    """What a preview says of the resources that differ, or of all."""
    arguments = (*command, "--json", "--stack", stack)
    done = run_pulumi(*arguments, folder=folder, variables={FORCE_PATCH: "true"})
    try:
        document = json.loads(done.stdout)
    except ValueError:
        document = {}
    steps = [
        Step.of(step)
        for step in document.get("steps", ())
        if all_steps or step["op"] not in UNCHANGED
    ]
    if done.returncode == 0:
        return steps
    errors = [each for each in document.get("diagnostics", ()) if each["severity"] == "error"]
    # what it said before it could tell errors as JSON
    words = (done.stderr or done.stdout).strip()
    failed = {each.get("urn") for each in errors}
    raise FailedPreview(
        "\n".join(each["message"].strip() for each in errors) or words,
        {step.urn: step for step in steps if step.urn in failed},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
