"""What the engine does side by side in the account: nodepools, and all that a cluster needs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.timing import Case, medians
from tests.support.account import Sandbox
from tests.support.stack import CLUSTER, NODEPOOL, Stack, copy_project

DELAY = 2
"""Seconds by which each creation is made later."""

LONGEST_CHAIN = 3
"""Creations one after the other: the security group, a rule of it, a nodepool in it."""

UP = ("up", "--yes", "--skip-preview")
DESTROY = ("destroy", "--yes", "--skip-preview")


def account_side(sandbox: Sandbox, folder: Path, repetitions: int) -> Iterator[Figure]:
    """Measure stacks that have a cluster and nothing on it."""
    project = copy_project(folder / "account-side")
    one, ten = (_stack(project, sandbox, nodepools) for nodepools in (1, 10))
    plain = {
        "ten": Case(partial(ten, *UP), partial(ten, *DESTROY)),
        "one": Case(partial(one, *UP), partial(one, *DESTROY)),
    }
    times = medians(plain, repetitions)
    yield Figure(
        "`pulumi up` of a cluster with ten nodepools against one",
        times["ten"] / times["one"],
        "times",
        1.3,
        f"{times['ten']:.1f} s, {times['one']:.1f} s",
    )
    sandbox.run("faults", "add", "POST *", "--delay", f"{DELAY}s")
    later = medians({"one": plain["one"]}, repetitions)["one"]
    sandbox.run("faults", "clear")
    yield Figure(
        f"... with one, if each creation takes {DELAY} s more: beyond that",
        later - times["one"],
        "s",
        LONGEST_CHAIN * DELAY,
        f"{later:.1f} s, {times['one']:.1f} s",
    )


def _stack(project: Path, sandbox: Sandbox, nodepools: int) -> Stack:
    stack = Stack(f"with-{nodepools}", project, sandbox.environment)
    pools = [NODEPOOL | {"name": f"pool-{number}", "size": 1} for number in range(nodepools)]
    stack.configure({"cluster": CLUSTER | {"nodepools": pools}})
    stack("stack", "init")
    return stack
