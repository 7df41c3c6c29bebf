"""Finds manual changes of deployed resources: `make drift STACKS="dev prod" OUT=DIR`.

It runs three previews, which do not change the state:

- `pulumi refresh --preview-only` lists differences between the deployed and the current resources.
- `pulumi preview --refresh` lists what `pulumi up --refresh` would change.
- `pulumi preview` lists changes of the settings that are not deployed yet. These are not drift.

A property is drift if both of the first two list it. If only the first one does, another owner
manages the property, and `pulumi up --refresh` would not change it. The size of a node pool with an
autoscaler is drift only beyond its limits.

With `ingress.https`, it also looks for certificates that end soon because they are not renewed.

The exit code is 3 if there is drift or such a certificate, and 1 if a check failed. DIR then
contains a report, STACK.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.ending_certificates import ending_certificates
from tools.property_paths import different_paths, property_value
from tools.pulumi_command import ToolError, run_pulumi
from tools.sizes_beyond_limits import sizes_beyond_limits
from tools.stacks import ROOT, check_stack_file

NONE, FAILED, DRIFT = 0, 1, 3

UNCHANGED = ("same", "read", "refresh")
FORCE_PATCH = "PULUMI_K8S_ENABLE_PATCH_FORCE"
"""Makes a preview succeed if kubectl owns a field, and an `up` take the field over."""

LONGEST = 80
"""The maximum length of a value in a report, in characters."""


@dataclass(frozen=True)
class Step:
    """The change of one resource in a preview.

    Attributes:
        paths: the paths of the changed properties, such as `spec.rules[0].host`.
        old: the inputs before the change. Empty if the resource did not exist.
        new: the inputs after the change. Empty if the resource is deleted.
    """

    operation: str
    urn: str
    paths: tuple[str, ...]
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    @classmethod
    def of(cls, step: Mapping[str, Any]) -> Step:
        """Returns the step in the JSON of a preview."""
        old, new = ((step.get(side) or {}).get("inputs") or {} for side in ("oldState", "newState"))
        paths = tuple(step.get("detailedDiff") or ())
        if step["op"] == "update" and not paths:  # resources of Terraform's plugin framework
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
    """A manual change of a property or, without a path, the manual deletion of a resource."""

    what: str
    path: str
    deployed: str
    found: str


@dataclass(frozen=True)
class Findings:
    """The result of a check.

    Attributes:
        undeployed: what `pulumi up` without a refresh would change.
        no_preview: changed resources that can only be restored without a preview.
        ending: a line for each certificate that ends soon and is not renewed.
    """

    manual_changes: list[Change]
    undeployed: list[Step]
    no_preview: tuple[Step, ...] = ()
    ending: tuple[str, ...] = ()


class FailedPreview(ToolError):
    """A preview failed.

    Attributes:
        steps: the failed steps, by URN.
    """

    def __init__(self, message: str, steps: Mapping[str, Step]) -> None:
        super().__init__(message)
        self.steps = steps


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="drift", description="Finds manual changes.")
    parser.add_argument("stacks", nargs="+", metavar="STACK")
    parser.add_argument("--out", required=True, type=Path, help="the folder for the reports")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    codes = [_checked(stack, folder, options.out / f"{stack}.md") for stack in options.stacks]
    return next((code for code in (FAILED, DRIFT) if code in codes), NONE)


def _checked(stack: str, folder: Path, file: Path) -> int:
    """Checks a stack, writes a report of drift or of an error, and returns the exit code."""
    file.unlink(missing_ok=True)
    try:
        findings = findings_of(stack, folder)
    except ToolError as error:
        file.write_text(f"# {stack}: the check for drift failed\n\n```\n{error}\n```\n")
        sys.stderr.write(f"drift: {stack}: {error}\n")
        return FAILED
    sys.stdout.write(f"{stack}: {len(findings.manual_changes) or 'no'} manual changes\n")
    sys.stdout.writelines(
        f"  not deployed yet: {_described(step)}\n" for step in findings.undeployed
    )
    sys.stdout.writelines(f"  {line}\n" for line in findings.ending)
    if not (findings.manual_changes or findings.ending):
        return NONE
    file.write_text(report(stack, findings))
    sys.stdout.write(f"  see {file}\n")
    return DRIFT


def findings_of(stack: str, folder: Path) -> Findings:
    """Compares the current resources with the deployed ones and with the settings.

    Raises:
        ToolError: the stack's file is invalid YAML, or a preview failed.
    """
    check_stack_file(stack, folder)
    refreshed = _steps("refresh", "--preview-only", stack=stack, folder=folder, all_steps=True)
    found = [step for step in refreshed if step.operation not in UNCHANGED]
    planned, no_preview = _planned({step.urn for step in found}, stack, folder)
    undeployed = _steps("preview", stack=stack, folder=folder)
    changes = drift(refreshed, [*planned, *no_preview])
    return Findings(changes, undeployed, no_preview, tuple(ending_certificates(stack, folder)))


def _planned(
    changed: Collection[str], stack: str, folder: Path
) -> tuple[list[Step], tuple[Step, ...]]:
    """Returns what `pulumi up --refresh` would change, and the steps that fail only in a preview.

    A preview does a dry run beside the fields that kubectl owns. If kubectl has changed the number
    of a Service's port, the API server rejects the dry run because of the two ports. An `up` takes
    kubectl's fields over first. Source: pulumi/pulumi-kubernetes, `pkg/await/await.go`,
    `fixCSAFieldManagers`.

    Args:
        changed: the URNs of the changed resources. A failure of any other step is an error.
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
    """Returns the changes that `pulumi up --refresh` would undo.

    Args:
        found: the steps of `pulumi refresh`, from the deployed to the current resources. For
            resources of Terraform's plugin framework, such as a managed database, they contain
            only the deployed inputs, without a difference.
        planned: the steps of `pulumi preview --refresh`, from the current resources to the
            settings.
    """
    plans = {step.urn: step for step in planned}
    return [
        change for step in found if step.urn in plans for change in _changes(step, plans[step.urn])
    ] + [
        Change(
            f"SksNodepool {each.nodepool}", "size", "{} to {}".format(*each.limits), f"{each.size}"
        )
        for step in planned
        for each in sizes_beyond_limits(step.urn, step.old, step.new)
    ]


def _changes(found: Step, plan: Step) -> Iterator[Change]:
    if found.operation == "delete":
        yield Change(str(found), "", "exists", "deleted")
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
    """Returns the value at a path as JSON, or an empty string if there is none."""
    found = property_value(inputs, path)
    if found is None:
        return ""
    text = json.dumps(found, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def report(stack: str, findings: Findings) -> str:
    """Returns the text of an issue, in Markdown."""
    sections = [_changes_section(stack, findings)] if findings.manual_changes else []
    if findings.ending:
        lines = "\n".join(f"- {_code(line)}" for line in findings.ending)
        sections.append(
            f"# {stack}: certificates end soon\n\n{lines}\n\n"
            "See docs/troubleshooting.md, HTTPS and certificates.\n"
        )
    return "\n".join(sections)


def _changes_section(stack: str, findings: Findings) -> str:
    rows = [
        f"| {each.what} | {_code(each.path)} | {_code(each.deployed)} | {_code(each.found)} |"
        for each in findings.manual_changes
    ]
    flags = " --skip-preview" if findings.no_preview else ""
    lines = [
        f"# {stack}: manual changes",
        "",
        "| resource | property | deployed | current |",
        "|---|---|---|---|",
        *rows,
        "",
        f"To keep a change, add it to `Pulumi.{stack}.yaml`. To undo all changes, run:",
        "",
        "```bash",
        f"{FORCE_PATCH}=true pulumi up --refresh{flags} --stack {stack}",
        "```",
    ]
    if findings.no_preview:
        names = ", ".join(map(str, findings.no_preview))
        lines += [
            "",
            f"`--skip-preview` is necessary because the preview of this change fails: {names}.",
        ]
    if findings.undeployed:
        lines += ["", "The command also deploys these changes of the settings:", ""]
        lines += [f"- {_described(step)}" for step in findings.undeployed]
    return "\n".join(lines) + "\n"


def _described(step: Step) -> str:
    """Returns a line on the change of a resource."""
    return f"{step.operation} {step} {', '.join(map(_code, step.paths))}".rstrip()


def _code(text: str) -> str:
    """Returns text as inline code in a table's cell."""
    return "`{}`".format(text.replace("`", "'").replace("|", r"\|")) if text else ""


def _steps(*command: str, stack: str, folder: Path, all_steps: bool = False) -> list[Step]:
    """Runs a preview and returns the steps of changed resources, or of all resources."""
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
    # an error that Pulumi reported before its JSON output began
    message = (done.stderr or done.stdout).strip()
    failed = {each.get("urn") for each in errors}
    raise FailedPreview(
        "\n".join(each["message"].strip() for each in errors) or message,
        {step.urn: step for step in steps if step.urn in failed},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
