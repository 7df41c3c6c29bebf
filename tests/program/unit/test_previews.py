"""What a pull request is told of previews: all that matters, nothing secret, never too much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.program.unit.answering_pulumi import FakePulumi, event_log
from tools import previews
from tools.preview import Preview, Resource
from tools.preview_comment import LIMIT, comment

APP = "urn:pulumi:dev::webapp::webapp:index:WebApp$kubernetes:apps/v1:Deployment::shop"
RULE = "urn:pulumi:dev::webapp::exoscale:index/securityGroupRule:SecurityGroupRule::ports-::/0"
DIFF = f"""Previewing update (dev):
    +-kubernetes:apps/v1:Deployment: (replace)
        [urn={APP}]
        [provider=urn:pulumi:dev::webapp::pulumi:providers:kubernetes::cluster::1]
      ~ spec: {{
          - replicas: 1
        }}
"""


def step(operation: str, urn: str, **more: Any) -> dict[str, Any]:
    return {"resourcePreEvent": {"metadata": {"op": operation, "urn": urn, **more}}}


def said(severity: str, message: str, **more: Any) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": message, **more}}


def violation(level: str, policy: str, message: str, urn: str = APP) -> dict[str, Any]:
    found = {"policyName": policy, "enforcementLevel": level, "message": message}
    return {"policyEvent": found | {"resourceUrn": urn}}


EVENTS = [
    step("create-replacement", APP, keys=["metadata.namespace"]),
    step("replace", APP, keys=["metadata.namespace"]),
    step("delete", RULE),
    step("same", "urn:pulumi:dev::webapp::pulumi:pulumi:Stack::webapp-dev"),
    said("warning", "<{%fg 3%}>apps[0].image: a:latest@sha256 moves\n<{%reset%}>"),
    said("warning", "apps[0].image: a:latest@sha256 moves"),
    said("info", "a message by the way"),
    said("error", "of another try", ephemeral=True),
    violation("advisory", "owner", "Has an owner.\nno label owner"),
    violation("mandatory", "no-root", "Runs as somebody.\nruns as root"),
    {"summaryEvent": {"resourceChanges": {"create": 2, "import": 1, "replace": 1, "delete": 1}}},
]


def run(folder: Path, *stacks: str) -> tuple[int, str]:
    """The command's exit code, and the comment."""
    out = folder.parent / "out" / "below"
    code = previews.main([f"--out={out}", *stacks], folder)
    return code, (out / "comment.md").read_text()


def test_a_preview_is_told_in_short_and_its_diff_is_folded(clone: Path, pulumi: FakePulumi) -> None:
    pulumi.answers("preview --stack dev", DIFF, events=EVENTS)
    code, text = run(clone, "dev")
    assert code == 0
    assert "| dev | 3 | 0 | 1 | 1 |\n" in text
    assert text[text.index("### dev") : text.index("<details>")].split("\n")[2:-2] == [
        "- **replaced**: Deployment `shop`, because of `metadata.namespace`",
        "- **deleted**: SecurityGroupRule `ports-::/0`",
        "- **policy, mandatory**: no-root, Deployment `shop`: `runs as root`",
        "- policy, advisory: owner, Deployment `shop`: `no label owner`",
        "- warning: `apps[0].image: a:latest@sha256 moves`",
    ]
    assert text[text.index("```diff") :].split("\n")[1:-4] == [
        "Previewing update (dev):",
        "+-    kubernetes:apps/v1:Deployment: (replace)",
        "        [name=shop]",
        "~       spec: {",
        "-           replicas: 1",
        "        }",
    ]


def test_one_preview_a_stack_that_deploys_nothing(clone: Path, pulumi: FakePulumi) -> None:
    pulumi.answers("preview", DIFF, events=EVENTS)
    run(clone, "dev", "prod")
    dev, prod = [each for each in pulumi.asked() if not each.startswith("stack ")]
    assert dev.startswith("preview --stack dev --diff")
    assert prod.startswith("preview --stack prod --diff")
    assert "--policy-pack" in dev
    assert "--policy-pack" in prod
    assert "--show-secrets" not in dev + prod


def test_a_preview_that_fails_is_told_with_its_reason(
    clone: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [said("error", "wrong settings:\n  apps[0].image"), EVENTS[-1]]
    pulumi.answers("preview --stack dev", code=255, events=events)
    pulumi.answers("preview --stack prod", code=255, err="error: incorrect passphrase")
    code, text = run(clone, "dev", "prod", "none")
    assert code == 1
    for stack in ("dev", "prod", "none"):
        assert f"| {stack}: **failed** |  |  |  |  |\n" in text
    assert "```\nwrong settings:\n  apps[0].image\n```" in text
    assert "```\nerror: incorrect passphrase\n```" in text
    assert "Pulumi.none.yaml does not exist: run make new-stack NAME=none" in text
    told = capsys.readouterr()
    assert told.err.startswith("previews: the preview failed of dev, prod, none: ")
    assert "incorrect passphrase" in told.out


def test_what_a_policy_stops_is_counted_all_the_same(clone: Path, pulumi: FakePulumi) -> None:
    pulumi.answers("preview", code=255, events=[*EVENTS, said("error", "preview failed")])
    code, text = run(clone, "dev")
    assert code == 1
    assert "| dev: **failed** | 3 | 0 | 1 | 1 |\n" in text


def test_a_killed_preview_reports_the_events_until_then(clone: Path, pulumi: FakePulumi) -> None:
    pulumi.answers("preview", code=137, events=event_log(EVENTS)[:-5])
    code, text = run(clone, "dev")
    assert code == 1
    assert "| dev: **failed** |  |  |  |  |\n" in text
    assert "- policy, advisory: owner, Deployment `shop`: `no label owner`" in text


def test_without_changes_there_is_a_table_alone(clone: Path, pulumi: FakePulumi) -> None:
    pulumi.answers("preview", events=[{"summaryEvent": {"resourceChanges": {"same": 7}}}])
    assert run(clone, "dev")[1].endswith("| dev | 0 | 0 | 0 | 0 |\n")


def test_a_long_diff_is_cut_and_the_rest_is_not() -> None:
    gone = tuple(Resource("Service", f"gone-{number}") for number in range(300))
    short = Preview("short", failed=False, diff="a line\n" * 10)
    long = Preview("long", failed=False, deleted=gone, diff="another line\n" * 20_000)
    longer = Preview("longer", failed=False, diff="the last lines\n" * 20_000)
    text = comment([longer, short, long])
    assert LIMIT - 100 < len(text) <= LIMIT
    assert text.count("- **deleted**: ") == 300
    assert text.count("a line\n") == 10
    assert text.count("\nThe diff is too long for a comment: `make previews STACKS=") == 2
    assert text.count("<details>") == text.count("</details>") == 3
    assert text.index("diff of longer") < text.index("diff of short") < text.index("diff of long<")


def test_nothing_in_a_message_is_taken_for_markdown() -> None:
    wild = Preview("dev", failed=False, warnings=("`@you` <b>\n| x",), diff="a\n```\n</details>\nb")
    text = comment([wild])
    assert "- warning: `` `@you` <b> | x ``\n" in text
    assert "````diff\na\n```\n</details>\nb\n````\n" in text
