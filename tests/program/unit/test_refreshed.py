"""After a run that was killed, what is there is looked at before anything is compared with it."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.program.unit.answering_pulumi import FakePulumi, killed
from tools import deploy, refreshed
from tools.preview import preview

REFRESH = f"{' '.join(refreshed.REFRESH)} --stack dev"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePulumi:
    """A `pulumi` whose state a test decides."""
    fake = FakePulumi(tmp_path / "killed", monkeypatch)
    fake.answers("stack ls", [{"name": "dev"}])
    fake.answers("stack output", {"kubeconfig": "[secret]", "shop_url": "http://shop.shop.svc/"})
    return fake


def run(folder: Path, *arguments: str) -> int:
    """Run the tool as make does: its process becomes pulumi's."""
    process = multiprocessing.get_context("fork").Process(
        target=lambda: sys.exit(refreshed.main(arguments, folder))
    )
    process.start()
    process.join()
    return process.exitcode or 0


def says(told: str, words: str) -> bool:
    """Whether a line begins with the words. Others may be of gRPC, where an earlier test of this
    process has a connection open: it writes when the process is forked."""
    return any(line.startswith(words) for line in told.splitlines())


@pytest.mark.parametrize("operation", ["updating", "deleting"])
def test_a_killed_run_is_followed_by_a_refresh(
    clone: Path, state: FakePulumi, operation: str, capfd: pytest.CaptureFixture[str]
) -> None:
    state.answers("stack export", killed(operation))
    for command in ("refresh", "up", "destroy"):
        state.answers(command)
    for command in ("up", "destroy"):
        before = len(state.asked())
        assert run(clone, command, "--stack", "dev", "--target", "**x::*", "--yes") == 0
        export, *others = state.asked()[before:]
        assert export == "stack export --stack dev"
        assert [each for each in others if each != export] == [
            REFRESH,
            f"{command} --stack dev --target **x::* --yes",
        ]
    assert f"  Deployment shop: {operation}\n" in capfd.readouterr().out


def test_a_preview_leaves_the_state_as_it_is(clone: Path, state: FakePulumi) -> None:
    state.answers("stack export", killed("updating"))
    state.answers("preview", events=[{"summaryEvent": {"resourceChanges": {}}}])
    assert run(clone, "preview", "--diff", "--stack", "dev") == 0
    assert state.asked()[-1] == "preview --stack dev --refresh --diff"
    preview("dev", clone)
    assert " --refresh " in state.asked()[-1]


def test_a_deployment_is_refreshed_before_its_own_preview(clone: Path, state: FakePulumi) -> None:
    """The first `up`, of the credentials alone, drops what is pending."""
    state.answers("stack export", killed("updating", "creating"))
    state.answers("refresh")
    state.answers("up")
    assert deploy.main(["--stack=dev"], clone) == 0
    done = [each.split()[0] for each in state.asked() if each.startswith(("up", "refresh"))]
    assert done == ["refresh", "up", "up"]


@pytest.mark.parametrize("found", [{}, {"deployment": None}, killed(), killed("creating")])
def test_without_a_killed_change_nothing_is_refreshed(
    clone: Path, state: FakePulumi, found: Any
) -> None:
    """What was being created is taken over by name, and stays pending until it is cleared."""
    state.answers("stack export", found)
    state.answers("up", code=7)
    assert run(clone, "up", "--stack", "dev") == 7
    assert state.asked() == ["stack export --stack dev", "up --stack dev"]


def test_a_refresh_that_fails_ends_it(
    clone: Path, state: FakePulumi, capfd: pytest.CaptureFixture[str]
) -> None:
    state.answers("stack export", killed("updating"))
    state.answers("refresh", code=255)
    assert run(clone, "up", "--stack", "dev") == 1
    assert not state.asked("up")
    told = capfd.readouterr().err
    assert says(told, "refreshed: dev: pulumi refresh failed, see above. Nothing else was")
    assert "pulumi cancel --stack dev" in told


def test_a_destroy_that_leaves_something_has_failed_whatever_pulumi_says(
    clone: Path, state: FakePulumi, capfd: pytest.CaptureFixture[str]
) -> None:
    """Interrupted between two steps, Pulumi 3.259 ends with "have been deleted", and 0."""
    state.answers("stack export", {"deployment": {"resources": [{}, {}]}})
    state.answers("destroy")
    assert run(clone, "destroy", "--stack", "dev", "--yes") == 1
    told = capfd.readouterr().err
    assert says(told, "refreshed: dev: 2 resources are left, because the destroy was interrupted")


@pytest.mark.parametrize(("hook", "flags"), [("BeforeDelete", " --run-program"), ("OnError", "")])
def test_a_destroy_runs_the_program_where_a_deletion_waits_for_it(
    clone: Path, state: FakePulumi, hook: str, flags: str
) -> None:
    resources = [{}, {"resourceHooks": {hook: ["cluster-volumes"]}}]
    state.answers("stack export", {"deployment": {"resources": resources}})
    state.answers("destroy")
    run(clone, "destroy", "--stack", "dev", "--yes")
    assert state.asked("destroy") == [f"destroy --stack dev{flags} --yes"]
