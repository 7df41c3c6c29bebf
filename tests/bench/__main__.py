"""Measures, prints the table, and exits with 1 if a target is missed."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sandbox.paths import ROOT
from tests.bench.account_side import account_side
from tests.bench.figures import Figure, ratio, table
from tests.bench.plugins import MEGABYTE, PLUGINS, cluster_bytes, start_seconds, watched
from tests.bench.projects import APP, PROGRAM, write_project
from tests.bench.scale import scale
from tests.bench.timing import Case, command, medians, seconds
from tests.support.account import Sandbox
from tests.support.stack import TUTORIAL, Stack, copy_project

MEMORY_LIMITS = {"exoscale": 150}
"""Megabytes, of the sandbox's own plugin: the official one is as it is."""

SCALE_REPETITIONS = 3
"""At most. One of them takes minutes."""

BUSY = 0.5
"""Load average at the start above which the figures are not worth much."""


class Bench:
    """Everything that is measured on one sandbox of its own, with its files under `folder`."""

    def __init__(self, folder: Path, repetitions: int) -> None:
        self.folder = folder
        self.repetitions = repetitions
        self.sandbox = Sandbox(folder / "home")
        self.sandbox.run("up")
        self.environment = self.sandbox.environment
        project = copy_project(folder / "project")
        (project / ".venv").symlink_to(sys.prefix)
        self.local = Stack("local", project, self.environment)
        self.local.configure(TUTORIAL)

    def run(self) -> Iterator[Figure]:
        """Yield the figures, as they come."""
        with watched(self.sandbox.home) as highest:
            first = seconds(self._make_up)
        yield Figure("first `make up`, tools built", first, "s")
        for name in PLUGINS:
            limit = MEMORY_LIMITS.get(name)
            yield Figure(f"memory of plugin {name}", highest[name] / MEGABYTE, "MB", limit)
        memory = cluster_bytes(self.sandbox.home) / MEGABYTE
        yield Figure("memory of a cluster with two nodes", memory, "MB", 700)
        for name in PLUGINS:
            start = start_seconds(name, self.sandbox.home, self.environment, self.repetitions)
            yield Figure(f"start of plugin {name}", start, "s", 1)
        yield from self._preview()
        yield from self._up()
        yield from scale(
            self.local.name, self.environment, self.folder, min(self.repetitions, SCALE_REPETITIONS)
        )
        yield from account_side(self.sandbox, self.folder, self.repetitions)
        unchanged = medians({"up": Case(self._make_up)}, self.repetitions)["up"]
        yield Figure("`make up`, all running, nothing changed", unchanged, "s", 15)
        stopped = Case(self._make_up, undo=partial(self.sandbox.run, "down"))
        self.sandbox.run("down")
        yield Figure(
            "`make up`, all built and stopped",
            medians({"up": stopped}, self.repetitions)["up"],
            "s",
            60,
        )

    def _preview(self) -> Iterator[Figure]:
        empty = self._project("empty-preview")
        empty("up", "--yes")
        preview = ("preview", "--expect-no-changes")
        times = medians(
            {
                "local": Case(partial(self.local, *preview)),
                "empty": Case(partial(empty, *preview)),
            },
            self.repetitions,
        )
        yield ratio("no-change `pulumi preview` against an empty program's", times, limit=2)

    def _up(self) -> Iterator[Figure]:
        app, empty = self._project("app", PROGRAM), self._project("empty-up")
        up, destroy = ("up", "--yes", "--skip-preview"), ("destroy", "--yes", "--skip-preview")
        kubectl = partial(self._kubectl, app.folder)
        times = medians(
            {
                "app": Case(partial(app, *up), partial(app, *destroy)),
                "kubectl": Case(
                    lambda: (
                        kubectl("apply", "-f", "objects.yaml"),
                        kubectl("-n", APP, "rollout", "status", f"deployment/{APP}"),
                    ),
                    lambda: kubectl("delete", "-f", "objects.yaml"),
                ),
                "empty": Case(partial(empty, *up), partial(empty, *destroy)),
            },
            self.repetitions,
        )
        name = "`pulumi up --skip-preview` of an app"
        beyond = {"app": times["app"], "kubectl": times["kubectl"]}
        yield ratio(f"{name} against `kubectl apply`, `rollout status`", beyond)
        yield Figure(
            f"{name} beyond an empty program's",
            times["app"] - times["empty"],
            "s",
            3,
            f"{times['app']:.1f} s, {times['empty']:.1f} s",
        )

    def _project(self, name: str, program: str = "") -> Stack:
        stack = Stack("bench", write_project(self.folder / name, name, program), self.environment)
        stack("stack", "init")
        return stack

    def _kubectl(self, folder: Path, *arguments: str) -> None:
        command(["kubectl", *arguments], folder, self.environment)

    def _make_up(self) -> None:
        """The two commands of `make up`, in the project's copy."""
        environment = {
            **os.environ,
            "SANDBOX_HOME": str(self.sandbox.home),
            "PYTHONPATH": str(ROOT),
        }
        sandbox = [sys.executable, "-m", "sandbox", "exec", "--"]
        for arguments in (
            ["pulumi", "up", "--stack", "local", "--yes"],
            [sys.executable, "-m", "sandbox.environment.tour", "local"],
        ):
            command([*sandbox, *arguments], self.local.folder, environment)


@contextmanager
def _bench(repetitions: int) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="sandbox-bench-") as folder:
        home = Path(folder).resolve()
        try:
            yield Bench(home, repetitions)
        finally:
            Sandbox(home / "home").run("reset")


def main(arguments: list[str], say: Callable[[str], object] = sys.stderr.write) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--repetitions", type=int, default=5, help="of each figure; default 5")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    if load > BUSY:
        say(f"The machine is busy (load {load:.1f}): the figures will be too high.\n")
    figures = []
    with _bench(options.repetitions) as bench:
        for figure in bench.run():
            figures.append(figure)
            say(f"{'  '.join(figure.cells())}\n")
    sys.stdout.write("\n" + table(figures, markdown=options.markdown))
    return int(any(figure.missed for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
