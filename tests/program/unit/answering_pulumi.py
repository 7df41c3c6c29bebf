"""A `pulumi` on PATH that notes what it is asked, and answers as it is told."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """#!/bin/sh
asked="$*"
echo "$asked" >> "$FAKE_PULUMI/asked"
for answer in "$FAKE_PULUMI"/answers/*; do
  IFS= read -r to < "$answer/to"
  case "$asked" in
    "$to"*)
      log=${asked#*--event-log }
      [ "$log" = "$asked" ] || cp "$answer/events" "${log%% *}"
      cat "$answer/out"
      [ ! -s "$answer/err" ] || cat "$answer/err" >&2
      read -r code < "$answer/code"
      exit "$code" ;;
  esac
done
echo "error: was not to be asked: $*" >&2
exit 255
"""


def event_log(events: Iterable[Any]) -> str:
    """The file that `--event-log` writes."""
    return "".join(f"{json.dumps(each)}\n" for each in events)


def killed(*operations: str) -> dict[str, Any]:
    """The state of a stack, a run of which was killed in the middle of these operations."""
    types = "webapp:index:WebApp$kubernetes:apps/v1:Deployment"
    resource = {"urn": f"urn:pulumi:dev::webapp::{types}::shop"}
    pending = [{"resource": resource, "type": each} for each in operations]
    return {"version": 3, "deployment": {"pending_operations": pending}}


class FakePulumi:
    """Answers commands by what they begin with; of several answers the first."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        (folder / "answers").mkdir(parents=True)
        program = folder / "bin" / "pulumi"
        program.parent.mkdir()
        program.write_text(PROGRAM)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("FAKE_PULUMI", str(folder))

    def answers(
        self, to: str, out: Any = "", *, code: int = 0, err: str = "", events: Any = ()
    ) -> None:
        """Answer commands that begin with `to`; what is no text is printed as JSON."""
        known = len(list((self._folder / "answers").iterdir()))
        folder = self._folder / "answers" / f"{known:03}"
        folder.mkdir()
        texts = {
            "to": to,
            "out": out if isinstance(out, str) else json.dumps(out),
            "err": err,
            "code": str(code),
            "events": events if isinstance(events, str) else event_log(events),
        }
        for name, text in texts.items():
            (folder / name).write_text(text)

    def asked(self, command: str = "") -> list[str]:
        """The commands so far that begin with `command`."""
        file = self._folder / "asked"
        lines = file.read_text().splitlines() if file.exists() else []
        commands = [line.removesuffix(" --non-interactive") for line in lines]
        return [each for each in commands if each.startswith(command)]
