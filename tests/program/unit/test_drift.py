"""What of two previews is drift, and how it is told."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tools.drift import DRIFT, FAILED, NONE, main
from tools.property_paths import different_paths, property_value

DEPLOYMENT = "urn:pulumi:dev::webapp::webapp:index:WebApp$kubernetes:apps/v1:Deployment::web"
POOL = "urn:pulumi:dev::webapp::webapp:index:SksCluster$exoscale:index/sksNodepool:SksNodepool::w"


def step(
    operation: str,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    *paths: str,
    urn: str = POOL,
) -> dict[str, Any]:
    """A step as the JSON of a preview has it."""
    return {
        "op": operation,
        "urn": urn,
        "oldState": old and {"inputs": old},
        "newState": new and {"inputs": new},
        "detailedDiff": {path: {"kind": "update"} for path in paths} or None,
    }


PROGRAM = """#!/bin/sh
folder=$(dirname "$0")
case $3 in --exclude=*) echo "$3" >> "$folder/excluded"; cat "$folder/rest"; exit ;; esac
cat "$folder/$1$2"
test ! -e "$folder/fails" -a ! -e "$folder/fails-$1$2"
"""


class Pulumi:
    """A pulumi on PATH that answers each of the three previews with a document."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        program = folder / "pulumi"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        self.answers()

    def answers(
        self,
        found: dict[str, Any] | None = None,
        planned: dict[str, Any] | None = None,
        waiting: dict[str, Any] | None = None,
    ) -> None:
        for name, each in (
            ("refresh--preview-only", found),
            ("preview--refresh", planned),
            ("preview--json", waiting),
        ):
            steps = [step("same", {}, {}), *([each] if each else [])]
            (self._folder / name).write_text(json.dumps({"steps": steps}))

    def fails_to_preview(self, failing: Mapping[str, Any], urn: str, *rest: object) -> None:
        """The plan's preview fails of one step; without it, it has the rest."""
        errors = [{"severity": "error", "urn": urn, "message": "error: name: Required value\n"}]
        errors.append({"severity": "error", "message": "error: preview failed\n"})
        document = {"steps": [failing], "diagnostics": errors}
        (self._folder / "preview--refresh").write_text(json.dumps(document))
        (self._folder / "fails-preview--refresh").touch()
        (self._folder / "rest").write_text(json.dumps({"steps": rest}))

    def fails(self, text: str) -> None:
        (self._folder / "refresh--preview-only").write_text(text)
        (self._folder / "fails").touch()


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    (tmp_path / "Pulumi.yaml").write_text("name: webapp\n")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Pulumi(tmp_path)


def run(folder: Path) -> tuple[int, str]:
    """The exit code of the command for the stack `dev`, and its report, if there is one."""
    code = main(["--out", str(folder / "out"), "dev"], folder)
    report = folder / "out" / "dev.md"
    return code, report.read_text() if report.exists() else ""


def test_what_would_be_put_back_is_drift(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi.answers(
        found=step("update", {"size": 2, "a": 1}, {"size": 3, "a": 2}, "size", "a"),
        planned=step("update", {"size": 3}, {"size": 2}, "size"),
    )
    code, report = run(tmp_path)
    assert code == DRIFT
    assert "| SksNodepool w | `size` | `2` | `3` |\n" in report
    assert "`a`" not in report
    assert "also deploys" not in report


def test_what_nobody_would_put_back_is_none_and_an_old_report_goes(
    pulumi: Pulumi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "dev.md").write_text("of yesterday")
    pulumi.answers(found=step("update", {"a": 1}, {"a": 2}, "a"))
    assert run(tmp_path) == (NONE, "")
    assert capsys.readouterr().out == "dev: no manual changes\n"


def test_what_is_not_deployed_is_none(
    pulumi: Pulumi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pending = step("update", {"size": 2}, {"size": 4}, "size")
    pulumi.answers(planned=pending, waiting=pending)
    assert run(tmp_path) == (NONE, "")
    assert "  not deployed yet: update SksNodepool w `size`\n" in capsys.readouterr().out


def test_what_was_deleted_is_drift_unless_the_settings_leave_it_out_by_now(
    pulumi: Pulumi, tmp_path: Path
) -> None:
    there = {"metadata": {"name": "web", "namespace": "shop"}}
    gone = step("delete", there, None, urn=DEPLOYMENT)
    pulumi.answers(found=gone, planned=step("create", None, there, urn=DEPLOYMENT))
    assert "| Deployment shop/web |  | `exists` | `deleted` |\n" in run(tmp_path)[1]
    pulumi.answers(found=gone)
    assert run(tmp_path) == (NONE, "")


def test_values_are_shown_as_they_are(pulumi: Pulumi, tmp_path: Path) -> None:
    """Whoever may change an object must not be able to write an issue's text with it."""
    bad = {"labels": {"a.b/c": "`x` | <b>\n@team"}, "data": "[secret]", "text": "x" * 100}
    paths = ('labels["a.b/c"]', "data.TOKEN", "text")
    found = step("update", {}, bad, *paths)
    pulumi.answers(found=found, planned=step("update", bad, {}, *paths))
    rows = [line for line in run(tmp_path)[1].splitlines() if line.startswith("| SksNodepool")]
    assert rows == [
        r"""| SksNodepool w | `labels["a.b/c"]` |  | `"'x' \| <b>\n@team"` |""",
        '| SksNodepool w | `data.TOKEN` |  | `"[secret]"` |',
        f'| SksNodepool w | `text` |  | `"{"x" * 78}…` |',
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not JSON", "not JSON"),
        (
            json.dumps(
                {
                    "diagnostics": [
                        {"severity": "warning", "message": "old"},
                        {"severity": "error", "message": "error: unreachable\n"},
                    ]
                }
            ),
            "error: unreachable",
        ),
    ],
)
def test_a_check_that_fails_tells_its_errors(
    pulumi: Pulumi, tmp_path: Path, text: str, reason: str
) -> None:
    pulumi.fails(text)
    code, report = run(tmp_path)
    assert code == FAILED
    assert report == f"# dev: the check for drift failed\n\n```\n{reason}\n```\n"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b[1].c", "d"),
        ('x["y.z/w"]', 1),
        ("a.b[7].c", None),
        ("none.at.all", None),
        ("hidden.below", "[secret]"),
    ],
)
def test_values_by_paths(path: str, expected: Any) -> None:
    inputs = {"a": {"b": [{}, {"c": "d"}]}, "x": {"y.z/w": 1}, "hidden": "[secret]"}
    assert property_value(inputs, path) == expected


def port(number: int) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "shop"}
    return {"metadata": metadata, "spec": {"ports": [{"port": number}]}}


def test_what_the_api_server_can_not_try_out_is_drift_too(pulumi: Pulumi, tmp_path: Path) -> None:
    path, urn = "spec.ports[0].port", DEPLOYMENT.replace("apps/v1:Deployment", "core/v1:Service")
    changed = step("update", port(80), port(81), path, urn=urn)
    pulumi.answers(found=changed)
    pulumi.fails_to_preview(step("update", port(81), port(80), path, urn=urn), urn)
    code, report = run(tmp_path)
    assert code == DRIFT
    assert f"| Service shop/web | `{path}` | `80` | `81` |\n" in report
    assert "PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh --skip-preview --stack" in report
    assert "the preview of this change fails: Service shop/web.\n" in report
    assert (tmp_path / "excluded").read_text() == f"--exclude={urn}\n"


def test_a_preview_that_fails_of_what_nobody_changed_is_a_failure(
    pulumi: Pulumi, tmp_path: Path
) -> None:
    pulumi.answers(found=step("update", {"size": 2}, {"size": 3}, "size"))
    pulumi.fails_to_preview(step("create", None, port(80), urn=DEPLOYMENT), DEPLOYMENT)
    code, report = run(tmp_path)
    assert code == FAILED
    assert "error: name: Required value\nerror: preview failed" in report


def test_a_resource_whose_diffs_name_no_paths_is_compared_by_its_inputs(
    pulumi: Pulumi, tmp_path: Path
) -> None:
    """So it is of a managed database: its refresh tells what was deployed, and no difference."""
    deployed = {"plan": "startup-4", "pg": {"ipFilters": ["192.0.2.1/32"], "version": "17"}}
    there = {"plan": "startup-8", "pg": {"ipFilters": ["0.0.0.0/0"], "version": "17"}}
    declared = deployed | {"terminationProtection": True}
    pulumi.answers(
        found=step("refresh", deployed, deployed), planned=step("update", there, declared)
    )
    assert main(["--out", str(tmp_path / "out"), "dev"], tmp_path) == DRIFT
    report = (tmp_path / "out" / "dev.md").read_text()
    rows = [line for line in report.splitlines() if line.startswith("| SksNodepool w")]
    assert rows == [
        '| SksNodepool w | `plan` | `"startup-4"` | `"startup-8"` |',
        '| SksNodepool w | `pg.ipFilters[0]` | `"192.0.2.1/32"` | `"0.0.0.0/0"` |',
    ]


def test_paths_of_different_values() -> None:
    old = {"a": 1, "b.c": [1, 2], "d": {"e": "f"}}
    assert [*different_paths(old, {"a": 1, "b.c": [1], "d": {"e": "g"}, "h": None})] == [
        '["b.c"][1]',
        "d.e",
    ]


GATE = "urn:pulumi:dev::webapp::webapp:index:SksCluster$pulumi:index:Stash::cluster-nodepool-bounds"


def test_a_size_beyond_the_limits_of_an_autoscaler_is_drift(pulumi: Pulumi, tmp_path: Path) -> None:
    """Pulumi ignores the size of the nodepool itself."""
    deployed = {"id": "p", "min": 2, "max": 4}
    found = step("update", {"size": 2}, {"size": 7}, "size")

    def planned(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
        old, new = ({"input": {"w": entry}} for entry in (before, after))
        return step("update", old, new, "input.w.size", urn=GATE)

    pulumi.answers(found=found, planned=planned(deployed, deployed | {"size": 7}))
    code, report = run(tmp_path)
    assert code == DRIFT
    assert "| SksNodepool cluster-w | `size` | `2 to 4` | `7` |\n" in report
    pulumi.answers(found=found)
    assert run(tmp_path) == (NONE, "")
    pulumi.answers(found=found, planned=planned(deployed | {"size": 7}, deployed))
    assert run(tmp_path) == (NONE, "")
    other_limits = {"id": "p", "min": 2, "max": 3, "size": 4}
    pulumi.answers(found=found, planned=planned(deployed, other_limits))
    assert run(tmp_path) == (NONE, "")
