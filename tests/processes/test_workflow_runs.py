"""The workflows as they run: what is called in which order, who sees secrets, what stops what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.processes.workflow_runs import REPOSITORY, Run, act, clone, gitlab

CHECKS = ["make e2e", "make lint", "make test", "make test-sandbox"]
STACKS = ("dev", "staging", "prod")
PREVIEWS = [
    "make previews STACKS=dev staging prod OUT=previews",
    "python -m tools.forge comment --marker previews --number 12 --file comment.md",
]
ACCOUNT = (
    "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY EXOSCALE_API_KEY EXOSCALE_API_SECRET"
    " PULUMI_ACCESS_TOKEN PULUMI_BACKEND_URL PULUMI_CONFIG_PASSPHRASE"
)
URLS = "- web: http://203.0.113.1/pr-12/"
OF_GITLAB = {"CI_MERGE_REQUEST_IID": "12"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with stand-ins."""
    return clone(tmp_path_factory.mktemp("workflows"))


def pull_request(repository: Path, workflow: str, head: str = REPOSITORY, fails: str = "") -> Run:
    """What a workflow does for the pull request 12, from a branch of the repository `head`."""
    request = {"head": {"repo": {"full_name": head}}, "base": {"ref": "main"}}
    event = {"number": 12, "pull_request": request, "repository": {"full_name": REPOSITORY}}
    return act(repository, workflow, "pull_request", event, fails)


def by_hand(repository: Path, **inputs: str) -> Run:
    return act(repository, "by-hand", "workflow_dispatch", {"inputs": inputs})


def test_a_pull_request_is_checked_and_shown(repository: Path) -> None:
    run = pull_request(repository, "pull-request")
    assert run.succeeded
    assert run.of("lint") == ["make lint"]
    assert run.of("test") == ["make test"]
    assert run.of("test-sandbox") == ["make test-sandbox"]
    assert run.of("e2e") == ["make e2e"]
    assert run.of("review") == ["make review PR=12 OUT=review.md"]
    assert run.of("previews") == PREVIEWS
    assert run.comment == f"Review stack: success\n\n{URLS}\n\n| dev | 1 |\n"


@pytest.mark.parametrize(
    ("fails", "review"),
    [("make review *", "failure\n\n"), ("make previews *", f"success\n\n{URLS}")],
)
def test_what_failed_is_told_too(repository: Path, fails: str, review: str) -> None:
    run = pull_request(repository, "pull-request", fails=fails)
    assert not run.succeeded
    assert run.of("previews") == PREVIEWS
    assert run.comment == f"Review stack: {review}\n\n| dev | 1 |\n"


def test_a_fork_is_checked_and_sees_nothing_hidden(repository: Path) -> None:
    run = pull_request(repository, "pull-request", head="someone/app")
    assert sorted(run.commands) == CHECKS
    assert not any(each.hidden for each in run.calls)
    assert not pull_request(repository, "review-closed", head="someone/app").calls


def test_a_closed_pull_request_leaves_no_stack(repository: Path) -> None:
    assert pull_request(repository, "review-closed").commands == ["make review-down PR=12"]


def test_secrets_are_seen_by_what_needs_them_alone(repository: Path) -> None:
    runs = [
        pull_request(repository, "pull-request"),
        act(repository, "deploy", "push", {}),
        act(repository, "nightly", "schedule", {}),
    ]
    for call in (each for run in runs for each in run.calls):
        if call.command.startswith("python -m tools.forge"):
            assert call.hidden == "GITHUB_TOKEN"
        elif call.command in ("make .venv/tools-ready", *CHECKS):
            assert call.hidden == ""
        else:
            assert call.hidden == ACCOUNT


DEPLOY = [
    "make deploy STACK=dev",
    "make deploy STACK=staging",
    "make promoted FROM=staging TO=prod",
    "make deploy STACK=prod",
]


@pytest.mark.parametrize("last", range(4))
def test_what_fails_goes_no_further(repository: Path, last: int) -> None:
    run = act(repository, "deploy", "push", {}, fails=DEPLOY[last])
    assert not run.succeeded
    assert run.commands == DEPLOY[: last + 1]


def test_what_is_merged_goes_to_all_stacks_in_turn(repository: Path) -> None:
    run = act(repository, "deploy", "push", {})
    assert run.succeeded
    assert run.commands == DEPLOY


def drift(stack: str, told: str) -> list[str]:
    """What looks for drift, and what then becomes of the issue."""
    issue = f"python -m tools.forge issue --marker drift-{stack} --title Drift of {stack}"
    return [f"make drift STACKS={stack} OUT=drift", f"{issue} {told}"]


@pytest.mark.parametrize(
    ("fails", "told"),
    [("", "--close"), ("make drift STACKS=staging *", "--file drift/staging.md")],
)
def test_each_night_is_for_all_stacks_whatever_one_has(
    repository: Path, fails: str, told: str
) -> None:
    run = act(repository, "nightly", "schedule", {}, fails)
    assert run.succeeded is not bool(fails)
    done = [*drift("dev", "--close"), *drift("staging", told), *drift("prod", "--close")]
    done += [f"make renew STACK={stack}" for stack in STACKS]
    done += ["python -m tools.forge open-requests", "make review-sweep OPEN=12 15"]
    assert sorted(run.commands) == sorted(done)


def test_backups_are_made_of_the_stacks_in_the_variable(repository: Path) -> None:
    stacks = '["staging", "prod"]'
    run = act(repository, "nightly", "schedule", {}, backups=stacks)
    made = ["make backup STACK=prod", "make backup STACK=staging"]
    assert sorted(each for each in run.commands if "backup" in each) == made
    done = [
        gitlab(repository, "backup", {"STACK": stack, "BACKUP_STACKS": stacks}).commands
        for stack in STACKS
    ]
    assert sorted(each for commands in done for each in commands) == made


def test_where_nothing_is_open_all_is_swept(repository: Path) -> None:
    none = ["python -m tools.forge open-requests", "make review-sweep OPEN=none"]
    assert act(repository, "nightly", "schedule", {}, opened="").of("sweep") == none
    assert gitlab(repository, "sweep", {}, opened="").commands == none


def test_nothing_is_swept_where_it_is_not_known_what_is_open(repository: Path) -> None:
    fails = "python -m tools.forge open-requests"
    assert act(repository, "nightly", "schedule", {}, fails).of("sweep")[-1] == fails
    assert gitlab(repository, "sweep", {}, fails).commands == [fails]


def test_a_rollback_is_to_a_commit(repository: Path) -> None:
    run = by_hand(repository, what="rollback", stack="prod", commit="HEAD^")
    rollback, smoke = run.commands
    commit = rollback.removeprefix("make rollback STACK=prod TO=").removesuffix(" FLAGS=--yes")
    assert len(commit) == 40
    assert smoke == "make smoke STACK=prod"


@pytest.mark.parametrize(
    ("inputs", "commands"),
    [
        ({"what": "refresh"}, ["make refresh STACK=dev FLAGS=--yes"]),
        ({"what": "review-down", "request": "12"}, ["make review-down PR=12"]),
        ({"what": "review-down", "request": "12; touch /tmp/a"}, []),
        ({"what": "rollback", "commit": "main; touch /tmp/a"}, []),
    ],
)
def test_by_hand(repository: Path, inputs: dict[str, str], commands: list[str]) -> None:
    run = by_hand(repository, stack="dev", **inputs)
    assert run.succeeded is bool(commands)
    assert run.commands == commands
    variables = {
        "STACK": "dev",
        "PR": inputs.get("request", ""),
        "COMMIT": inputs.get("commit", ""),
    }
    run = gitlab(repository, inputs["what"], variables)
    assert run.succeeded is bool(commands)
    assert run.commands == commands


@pytest.mark.parametrize(
    ("job", "variables", "commands"),
    [
        ("lint", {}, ["make lint"]),
        ("test", {}, ["make test"]),
        ("test-sandbox", {}, ["make test-sandbox"]),
        ("review", OF_GITLAB, ["make review PR=12 OUT=review.md"]),
        ("review-closed", OF_GITLAB, ["make review-down PR=12"]),
        ("dev", {}, DEPLOY[:1]),
        ("staging", {}, DEPLOY[1:2]),
        ("prod", {}, DEPLOY[2:]),
        ("drift", {"STACK": "dev"}, drift("dev", "--close")),
        ("renew", {"STACK": "dev"}, ["make renew STACK=dev"]),
    ],
)
def test_gitlab_does_the_same(
    repository: Path, job: str, variables: dict[str, Any], commands: list[str]
) -> None:
    run = gitlab(repository, job, variables)
    assert run.succeeded
    assert run.commands == commands


@pytest.mark.parametrize("fails", ["", "make previews *"])
@pytest.mark.parametrize(("review", "told"), [("", URLS), ("make review *", "failed")])
def test_gitlab_comments(repository: Path, review: str, told: str, fails: str) -> None:
    (repository / "review.md").unlink(missing_ok=True)
    assert gitlab(repository, "review", OF_GITLAB, review).succeeded is not bool(review)
    run = gitlab(repository, "previews", OF_GITLAB, fails)
    assert run.succeeded is not bool(fails)
    assert run.commands == PREVIEWS
    assert run.comment == f"Review stack:\n\n{told}\n\n| dev | 1 |\n"


def test_gitlab_tells_of_drift(repository: Path) -> None:
    run = gitlab(repository, "drift", {"STACK": "prod"}, "make drift *")
    assert not run.succeeded
    assert run.commands == drift("prod", "--file=drift/prod.md")
