"""Runs the workflows on this machine: GitHub's by act, GitLab's jobs by the shell.

`make`, and Python, by which the workflows do everything, only note how they are called, as root
by whoever runs this. The actions that are not this repository's only check it out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
GITLAB = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())

STAND_IN = r"""#!/bin/sh
command="$(basename "$0") $*"
echo "$GITHUB_JOB|$command|$(env | sed -n 's/=hidden$//p' | sort | xargs)" >> "$LOG"
case "$command" in
  "make previews "*) mkdir -p previews; echo "| dev | 1 |" > previews/comment.md ;;
esac
case "$command" in
  $FAILS) exit 2 ;;
  "make review "*) echo "- web: http://203.0.113.1/pr-12/" > review.md ;;
  "python -m tools.forge comment "*) cat "$9" > "$LOG.comment" ;;
  "python -m tools.forge open-requests") for each in $OPENED; do echo "$each"; done ;;
esac
"""
"""Previews that fail write the comment nevertheless, which says so."""

ACTION = """\
name: Stand-in
description: Checks the repository out, whichever action it stands in for
runs:
  using: composite
  steps:
    - run: cp -R "$CLONE"/. .
      shell: bash
"""
NOT_KNOWN_TO_ACT = re.compile(r"^ +(queue: max|deployment: false)\n", re.MULTILINE)
"""Keys of GitHub's since 2026. act heeds neither concurrency nor environments."""

REPOSITORY = "owner/app"


class Call(NamedTuple):
    """One call of `make` or Python."""

    job: str
    command: str
    hidden: str
    """The names of the secrets and variables in its environment, in order."""


@dataclass(frozen=True)
class Run:
    """What a workflow, or a job, did."""

    succeeded: bool
    calls: tuple[Call, ...]
    comment: str
    """What it wrote to the pull request."""

    @property
    def commands(self) -> list[str]:
        """What was called beside the set-up, in order."""
        return [each.command for each in self.calls if not each.command.startswith(SET_UP)]

    def of(self, job: str) -> list[str]:
        """The same, of one job."""
        return [each.command for each in self.calls if each.job == job][1:]


SET_UP = ("make .venv/tools-ready", "apt-get ")


def actions() -> set[str]:
    """The actions of others that workflows use, each with its commit."""
    files = [*GITHUB.rglob("*.yml")]
    return {
        used for file in files for used in re.findall(r"uses: ([\w./-]+@\S+)", file.read_text())
    }


def clone(folder: Path) -> Path:
    """A repository with the workflows, two commits, and stand-ins, within `folder`."""
    result, programs = folder / "clone", folder / "bin"
    for program in (programs / "make", programs / "apt-get", result / ".venv" / "bin" / "python"):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(STAND_IN)
        program.chmod(0o755)
    for file in GITHUB.rglob("*.yml"):
        copied = result / file.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        text = NOT_KNOWN_TO_ACT.sub("", file.read_text())
        copied.write_text(text.replace("uses: $/", "uses: ./"))
    (folder / "action").mkdir()
    (folder / "action" / "action.yml").write_text(ACTION)
    root = programs / "sudo"
    root.write_text('#!/bin/sh\nexec "$@"\n')
    root.chmod(0o755)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.example")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("remote", "add", "origin", f"https://github.com/{REPOSITORY}"),
        ("add", "--all"),
        ("commit", "--quiet", "--message=First"),
        ("commit", "--quiet", "--message=Second", "--allow-empty"),
    ):
        subprocess.run([*git, *arguments], cwd=result, check=True)
    return result


def act(
    clone: Path,
    workflow: str,
    event: str,
    payload: Mapping[str, Any],
    fails: str = "",
    opened: str = "12 15",
    backups: str = "",
) -> Run:
    """Run a workflow, such as `deploy`.

    Args:
        payload: the event as GitHub tells it.
        fails: a pattern of the commands that fail, as the shell's `case` has them.
        opened: the numbers of the open pull requests.
        backups: the repository's variable BACKUP_STACKS.
    """
    folder = clone.parent
    (folder / "event.json").write_text(json.dumps(payload))
    names = {name for file in GITHUB.rglob("*.yml") for name in hidden(file.read_text())}
    names.discard("BACKUP_STACKS")
    (folder / "hidden").write_text("".join(f"{name}=hidden\n" for name in names))
    command = [
        str(Path(sys.executable).with_name("act")),
        event,
        f"--workflows=.github/workflows/{workflow}.yml",
        f"--eventpath={folder / 'event.json'}",
        "--platform=ubuntu-latest=-self-hosted",
        "--no-cache-server",
        f"--secret-file={folder / 'hidden'}",
        f"--var-file={folder / 'hidden'}",
        "--secret=GITHUB_TOKEN=hidden",
        f"--var=BACKUP_STACKS={backups}",
        f"--env=CLONE={clone}",
        f"--env=LOG={folder / 'log'}",
        f"--env=FAILS={fails}",
        f"--env=OPENED={opened}",
        *(f"--local-repository={each}={folder / 'action'}" for each in actions()),
    ]
    return _run(command, clone, {})


def hidden(text: str) -> set[str]:
    """The secrets and variables that a workflow names."""
    return set(re.findall(r"\b(?:secrets|vars)\.(\w+)", text))


def gitlab(
    clone: Path, job: str, variables: Mapping[str, str], fails: str = "", opened: str = "12 15"
) -> Run:
    """Run a job's commands as GitLab's runner does.

    Args:
        variables: the environment's, and those that GitLab sets.
        fails, opened: as for `act`.
    """
    lines = [*GITLAB["default"]["before_script"], *_lines(GITLAB[job]["script"])]
    command = ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)]
    log = {"LOG": str(clone.parent / "log"), "GITHUB_JOB": job}
    return _run(command, clone, {**log, "FAILS": fails, "OPENED": opened, **variables})


def _lines(script: str | list[str]) -> list[str]:
    return [script] if isinstance(script, str) else script


def _run(command: Iterable[str], clone: Path, variables: Mapping[str, str]) -> Run:
    log = clone.parent / "log"
    comment = log.with_suffix(".comment")
    for file in (log, comment):
        file.unlink(missing_ok=True)
    path = os.pathsep.join((str(clone.parent / "bin"), "/usr/local/bin", "/usr/bin", "/bin"))
    environment = {"PATH": path, "HOME": str(clone.parent), **variables}
    done = subprocess.run([*command], cwd=clone, env=environment, capture_output=True, timeout=300)
    lines = log.read_text().splitlines() if log.exists() else []
    return Run(
        succeeded=done.returncode == 0,
        calls=tuple(Call(*line.split("|")) for line in lines),
        comment=comment.read_text() if comment.exists() else "",
    )
