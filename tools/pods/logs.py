"""Prints the logs of an application's pods, merged by time: `make logs`.

They are those of the web process, of workers and of jobs, and also those of the container that
crashed before. The database and commands of `make run` are left out unless the user asks for them.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from components.manifests.labels import NAME
from tools.command import run_tool
from tools.pods.api import Api, ApiServerError
from tools.pods.application import Application, Pod, deployed, named, pods_of
from tools.pods.log_lines import Follower, Line, Source, merged, read, sources
from tools.pods.simulated_nodes import simulated_nodes
from tools.pods.status import containers, ended
from tools.pulumi_command import ToolError
from tools.stacks import ROOT

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
COLORS = (36, 33, 32, 35, 34, 31, 96, 93, 92, 95, 94, 91)
"""ANSI colors of the prefixes, in turn."""

OF_ITS_OWN = ("database", "backup", "run")
"""Kinds of pods whose logs are shown only if asked for."""

OVERLAP_SECONDS = 5
"""How many seconds more are read again than have passed: lines that were read are dropped."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="logs", description="Prints logs of an application.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--app", required=True)
    parser.add_argument("--since", default="", help="only lines since then: 30s, 5m, 1h, 2d")
    parser.add_argument("--worker", default="", help="only pods of this worker or job, or `db`")
    parser.add_argument("--run", default="", help="only the pod of this command of make run")
    parser.add_argument("--follow", action="store_true", help="also lines to come")
    options = parser.parse_args(arguments)

    # each log has its own connection, and the client warns about those that it does not keep
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

    def act() -> None:
        since = _seconds(options.since)
        with deployed(options.stack, folder, read_only=True) as (api, apps):
            logs = Logs(api, named(options.app, apps), options.worker, options.run)
            try:
                seen = logs.show(since)
            except ApiServerError as error:
                problem = simulated_nodes(api, options.stack, "its pods write no logs")
                raise ToolError(problem or str(error)) from None
            if options.follow:
                logs.follow(seen)
            elif not any(seen.values()):
                _warn(f"{options.app}: its pods have written nothing")

    try:
        return run_tool("logs", act)
    except BrokenPipeError:  # `make logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _seconds(text: str) -> int | None:
    if not text:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if not found:
        raise ToolError(f"SINCE: {text}: must be a number and s, m, h or d, such as 90s or 1h")
    return int(found[1]) * SECONDS[found[2]]


class Logs:
    """The logs of an application, or of a part of it."""

    def __init__(self, api: Api, app: Application, worker: str, run: str) -> None:
        """Selects the pods: of the worker, of the command of `make run`, or of all but these."""
        self._api = api
        self._app = app
        self._worker = worker
        self._run = run
        self._prefixes: dict[Source, str] = {}

    def show(self, since: int | None) -> dict[Source, str]:
        """Prints what was written so far.

        Returns:
            The timestamp of the last line of each log.

        Raises:
            ToolError: there are no pods.
            ApiServerError: no log can be read.
        """
        self._begin = time.monotonic()
        seen: dict[Source, str] = {}
        logs, problems = [], []
        for source, previous in self._sources().items():
            try:
                logs.append(read(self._api, source, previous=previous, since=since))
                seen[source] = ""
            except ApiServerError as error:
                problems.append(ApiServerError(error.status, f"{source.pod}: {error}"))
        if problems and not logs:
            raise problems[0]
        for line in merged(logs):
            self._print(line)
            seen[line.source] = line.timestamp or seen[line.source]
        sys.stdout.flush()
        for each in problems:
            _warn(str(each))
        return seen

    def follow(self, seen: dict[Source, str]) -> None:
        """Prints lines as they are written, also those of new pods, until Ctrl-C or the end of the
        command of `make run`."""
        follower = Follower(self._api, seen, _warn)
        passed = int(time.monotonic() - self._begin) + OVERLAP_SECONDS
        follower.add(self._sources(), passed, again=True)
        while True:
            lines = follower.lines()
            for line in lines:
                self._print(line)
            sys.stdout.flush()
            pods = self._chosen()
            if self._run and not lines and all(ended(each.body, self._app.name) for each in pods):
                return
            follower.add(self._sources_of(pods), None)

    def _sources(self) -> dict[Source, bool]:
        pods = self._chosen()
        if not pods:
            parts = {each.part for each in self._pods if each.part}
            which = self._worker or self._run
            known = f": its workers and jobs with pods are {', '.join(sorted(parts))}"
            raise ToolError(
                f"{self._app.name}: it has no pods{f' of {which}' if which else ''}"
                + (known if which and parts else "")
            )
        return self._sources_of(pods)

    def _sources_of(self, pods: Iterable[Pod]) -> dict[Source, bool]:
        """Returns the logs of pods, and gives each its prefix: the pod's name, with the container's
        if it has several."""
        found: dict[Source, bool] = {}
        for each in pods:
            several = len(containers(each.body)) > 1
            for source, previous in sources(each.body).items():
                found[source] = previous
                name = f"{source.pod} {source.container}" if several else source.pod
                color = COLORS[len(self._prefixes) % len(COLORS)]
                prefix = f"\x1b[{color}m{name}\x1b[0m" if _colored() else name
                self._prefixes.setdefault(source, prefix)
        return found

    def _chosen(self) -> list[Pod]:
        self._pods = pods_of(self._api, self._app)
        if self._run:
            return [
                each
                for each in self._pods
                if each.kind == "run" and each.body["metadata"]["labels"][NAME] == self._run
            ]
        if self._worker:
            return [each for each in self._pods if each.part == self._worker]
        return [each for each in self._pods if each.kind not in OF_ITS_OWN]

    def _print(self, line: Line) -> None:
        sys.stdout.write(f"{self._prefixes[line.source]}  {line.text}\n")


def _colored() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _warn(text: str) -> None:
    sys.stderr.write(f"logs: {text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
