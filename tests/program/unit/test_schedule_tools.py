"""What the commands beside Pulumi do with schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.program.unit.stack_settings import VALID
from tools import images
from tools.images import configured_images, running_images
from tools.pulumi_command import ToolError
from tools.review_settings import review_settings
from tools.schedules import main, show

NOW = datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
CLEANUP = {"name": "cleanup", "schedule": "0 3 * * *", "timeZone": "Europe/Zurich"}
REPORT = {"name": "report", "schedule": "@weekly", "image": "example/report:2@sha256:" + "0a" * 32}


def shop(*schedules: dict[str, Any]) -> dict[str, Any]:
    return {"name": "shop", "image": "example/shop:1", "schedules": [*schedules]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: webapp\n")
    configure(tmp_path, shop(CLEANUP, REPORT), {"name": "api", "image": "example/api:1"})
    return tmp_path


def configure(folder: Path, *apps: dict[str, Any]) -> None:
    text = yaml.safe_dump({"config": {"webapp:apps": [*apps]}})
    (folder / "Pulumi.dev.yaml").write_text(text)


def test_all_are_listed_with_their_next_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show("dev", folder, NOW)
    first, cleanup, report = capsys.readouterr().out.splitlines()
    assert first == "application  schedule  expression  time zone      next runs"
    assert cleanup == (
        "shop         cleanup   0 3 * * *   Europe/Zurich  "
        "Wed 2026-12-02 03:00, Thu 2026-12-03 03:00, Fri 2026-12-04 03:00"
    )
    assert report == (
        "shop         report    @weekly     Etc/UTC        "
        "Sun 2026-12-06 00:00, Sun 2026-12-13 00:00, Sun 2026-12-20 00:00"
    )
    configure(folder, shop(CLEANUP | {"suspend": True}))
    show("dev", folder, NOW)
    assert capsys.readouterr().out.splitlines()[1].endswith("Europe/Zurich  suspended")
    configure(folder, shop())
    show("dev", folder, NOW)
    assert capsys.readouterr().out == "dev: no application has schedules\n"


@pytest.mark.parametrize(
    ("stack", "wrong", "message"),
    [
        ("prod", {}, 'STACK: "prod": must be one of the stacks dev'),
        ("../dev", {}, 'STACK: "../dev": must be lowercase letters'),
        ("dev", {"schedule": "0 3 31 2 *"}, 'apps[0].schedules[0]: "0 3 31 2 *": never comes'),
        ("dev", {"timeZone": "Zurich"}, 'apps[0].schedules[0]: "Zurich": must be a name in'),
    ],
)
def test_what_is_wrong(
    folder: Path,
    stack: str,
    wrong: dict[str, str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(folder, shop(CLEANUP | wrong))
    assert main([f"--stack={stack}"], folder) == 1
    assert capsys.readouterr().err.startswith(f"schedules: {message}")
    with pytest.raises(ToolError):
        show(stack, folder, NOW)


def test_own_images_are_promoted_from_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pods may not exist."""
    monkeypatch.setattr(images, "ready_pods", lambda *_: {})
    found = {each.container: each for each in configured_images("dev", folder)}
    assert found.keys() == {"shop", "schedules.report", "api"}
    assert found["schedules.report"].place == ("apps", 0, "schedules", 1, "image")
    assert running_images("dev", folder) == {("shop", "schedules.report"): REPORT["image"]}


def test_review_stacks_suspend_all_but_those_that_are_to_run() -> None:
    kept = REPORT | {"suspendInReviews": False, "nodepool": "workers"}
    suspended = kept | {"name": "off", "suspend": True}
    app = shop(CLEANUP | {"command": ["clean"]}, kept, suspended)
    (found,) = review_settings(VALID | {"apps": [app]}, "dev", "pr-12")["apps"]
    cleanup, report, off = found["schedules"]
    assert cleanup == CLEANUP | {"command": ["clean"], "suspend": True}
    assert report == REPORT | {"suspendInReviews": False}
    assert off["suspend"] is True
