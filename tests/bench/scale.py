"""Thirty applications, beside a plain Pulumi program that declares the same objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.figures import Figure, ratio
from tests.bench.projects import PLAIN_PROGRAM, write_project
from tests.bench.timing import seconds
from tests.program.manifests import declared
from tests.support.stack import APP, Stack, copy_project

APPS = 30
COMMANDS = {
    "up": ("up", "--yes", "--skip-preview"),
    "no-change preview": ("preview", "--expect-no-changes"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
LIMITS = {"up": 1.2, "no-change preview": 1.1, "destroy": 1.0}
CONTROLLER = {
    "className": "nginx",
    "namespace": "ingress-nginx",
    "service": "ingress-nginx-controller",
}


def scale(
    cluster: str, environment: Mapping[str, str], folder: Path, repetitions: int
) -> Iterator[Figure]:
    """Measure both programs on the cluster of the stack `cluster`, one after the other.

    They declare the same objects, so each is destroyed before the other one starts.
    """
    settings = {
        "existingCluster": {"stack": cluster},
        "ingress": {"existing": CONTROLLER},
        "apps": [_app(number) for number in range(APPS)],
    }
    ours = Stack("scale", copy_project(folder / "scale"), environment)
    ours.configure(settings)
    plain = Stack("bench", write_project(folder / "plain", "plain", PLAIN_PROGRAM), environment)
    (plain.folder / "objects.json").write_text(json.dumps(declared(settings)))
    for stack in (ours, plain):
        stack("stack", "init")
    times = [
        {name: _taken(stack) for name, stack in (("ours", ours), ("plain", plain))}
        for _ in range(repetitions)
    ]
    for command, limit in LIMITS.items():
        yield ratio(
            f"`pulumi {command}` of {APPS} applications against a plain program",
            {name: median(each[name][command] for each in times) for name in times[0]},
            limit,
        )


def _app(number: int) -> dict[str, Any]:
    """Returns an application that is small enough for 30 of them to fit on two nodes."""
    name = f"app-{number}"
    small = {"requests": {"cpu": "1m", "memory": "1Mi"}}
    return APP | {"name": name, "namespace": name, "path": f"/{name}", "resources": small}


def _taken(stack: Stack) -> dict[str, float]:
    """Return how long each command takes, in seconds."""
    return {name: seconds(partial(stack, *command)) for name, command in COMMANDS.items()}
