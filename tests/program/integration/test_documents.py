"""README.md and docs/ followed as they are written, in a clone and on a sandbox of its own.

The pages come in the order in which README names them. Its own last command removes everything, so
it comes last. `sandbox exec` is put before the pages' `pulumi` and `kubectl`, as
docs/troubleshooting.md says; the stack is `local` where a command names none; and each question is
answered by yes.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.daemon.state import processes
from sandbox.paths import ROOT, private_directory
from tests.support.clone import copy_clone
from tests.support.documents import README, commands, pages

pytestmark = pytest.mark.integration

SECONDS = 900
IN_SANDBOX = """
shopt -s expand_aliases
pulumi() { PULUMI_STACK=local .venv/bin/python -m sandbox exec -- pulumi "$@"; }
kubectl() { .venv/bin/python -m sandbox exec -- kubectl "$@"; }
set -eux
"""
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_NAME": "tests" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "tests@example.com" for who in ("AUTHOR", "COMMITTER")},
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clone with all committed, whose tools are there; nothing of its sandbox is left."""
    clone = copy_clone(tmp_path_factory.mktemp("documents") / "clone")
    home = private_directory(clone / ".sandbox")
    for part in ("bin", "build"):
        (home / part).symlink_to(private_directory(ROOT / ".sandbox" / part))
    run("git init --quiet && git add --all && git commit --quiet --message 'A clone'", clone)
    try:
        yield clone
    finally:
        run(".venv/bin/python -m sandbox reset", clone)
        assert processes(home) == []


def run(script: str, clone: Path) -> str:
    """Run the commands in the clone, to the first that fails; return what they print."""
    outer = {name: value for name, value in os.environ.items() if name != "SANDBOX_HOME"}
    answer = subprocess.run(
        ["bash", "-c", IN_SANDBOX + script],
        cwd=clone,
        env={**outer, **GIT, "PULUMI_SKIP_CONFIRMATIONS": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_the_pages_commands_do_what_they_say(clone: Path) -> None:
    *first, last = commands(README).splitlines(keepends=True)
    assert re.search(r"^rickroller +http://203\.0\.113\.", run("".join(first), clone), re.MULTILINE)

    committed = (clone / "Pulumi.local.yaml").read_text()
    outputs = {page.name: run(commands(page), clone) for page in pages()[1:]}
    assert re.search(r"replicas *: 3 => 5", outputs["getting-started.md"])
    assert run("git log --format=%s", clone).startswith("Back to three replicas\n")
    assert run("git show HEAD:Pulumi.local.yaml", clone) == committed

    run(last, clone)
    assert processes(clone / ".sandbox") == []
