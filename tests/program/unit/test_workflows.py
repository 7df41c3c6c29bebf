"""What the workflows say: who may do what, what waits for what, and that the documents tell it.

What they do is in tests/processes/test_workflow_runs.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes.workflow_runs import GITHUB, GITLAB, ROOT, hidden

WORKFLOWS = sorted(GITHUB.glob("workflows/*.yml"))
FILES = [*WORKFLOWS, *GITHUB.glob("actions/*/action.yml"), ROOT / ".gitlab-ci.yml"]
PAGE = (ROOT / "docs" / "environments-and-ci.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
OWN = "github.event.pull_request.head.repo.full_name == github.repository"
TO_A_STACK = re.compile(r"make (?:deploy|rollback|refresh|renew) STACK=(\S+)")


@cache
def read(file: Path) -> Any:
    """A workflow, with `on` as it stands there."""
    return yaml.load(file.read_text(), yaml.BaseLoader)


def jobs() -> Iterator[tuple[str, str, Any]]:
    """Each job: its workflow's name, its own, and what it says."""
    for file in WORKFLOWS:
        for name, job in read(file)["jobs"].items():
            yield file.stem, name, job


JOBS = [pytest.param(*each, id=f"{each[0]}-{each[1]}") for each in jobs()]


def environment(job: Any) -> str:
    """The environment that a job's secrets are of; empty if it has none."""
    said = job.get("environment", "")
    return str(said["name"] if isinstance(said, dict) else said)


def commands(job: Any) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_action_is_pinned_by_its_commit(file: Path) -> None:
    for used in re.findall(r"uses: (.+)", file.read_text()):
        own = used.startswith("$/") and (ROOT / used.removeprefix("$/") / "action.yml").is_file()
        assert own or re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_an_action_has_one_version() -> None:
    used = {each for file in FILES for each in re.findall(r"uses: (\w\S+)", file.read_text())}
    assert len({each.partition("@")[0] for each in used}) == len(used)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_may_read_the_repository_alone(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {"contents": "read"}
    events = {workflow["on"]} if isinstance(workflow["on"], str) else set(workflow["on"])
    assert events <= {"pull_request", "push", "schedule", "workflow_dispatch"}


def test_jobs_that_may_do_more() -> None:
    more = {(each, name): job["permissions"] for each, name, job in jobs() if "permissions" in job}
    assert more == {
        ("pull-request", "previews"): {"contents": "read", "pull-requests": "write"},
        ("nightly", "drift"): {"contents": "read", "issues": "write"},
        ("nightly", "sweep"): {"contents": "read", "pull-requests": "read"},
    }


@pytest.mark.parametrize(("workflow", "name", "job"), JOBS)
def test_a_job_ends_and_keeps_no_token(workflow: str, name: str, job: Any) -> None:
    assert int(job["timeout-minutes"]) <= 60
    (checkout,) = (each for each in job["steps"] if "checkout@" in each.get("uses", ""))
    assert checkout["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize(("workflow", "name", "job"), JOBS)
def test_a_job_with_secrets_has_an_environment_and_runs_no_code_of_a_fork(
    workflow: str, name: str, job: Any
) -> None:
    needed = hidden(yaml.safe_dump(job))
    assert bool(needed) == bool(environment(job))
    if needed and "pull_request" in read(GITHUB / "workflows" / f"{workflow}.yml")["on"]:
        assert OWN in job["if"]


@pytest.mark.parametrize(("workflow", "name", "job"), JOBS)
def test_one_at_a_time_changes_a_stack(workflow: str, name: str, job: Any) -> None:
    """Nothing that changes one is cancelled, neither while it runs nor while it waits."""
    if stacks := set(TO_A_STACK.findall(commands(job))):
        (stack,) = stacks
        named = job.get("env", {}).get("STACK", stack)
        assert job["concurrency"] == {"group": f"stack-{named}", "queue": "max"}
    if "make review PR" in commands(job) or "make review-down" in commands(job):
        number = re.sub(r"\W", "", job["env"]["PR"])
        assert re.sub(r"\W", "", job["concurrency"]["group"]) == f"review{number}"
        assert job["concurrency"]["queue"] == "max"


def test_what_fails_for_one_stack_is_done_for_the_others() -> None:
    for _, name, job in jobs():
        assert job.get("strategy", {}).get("fail-fast", "false") == "false", name


def test_what_tells_the_way_back_has_the_history() -> None:
    for _, _, job in jobs():
        if re.search("make (deploy|rollback)", commands(job)):
            assert job["steps"][0]["with"]["fetch-depth"] == "0"
    assert GITLAB["variables"]["GIT_DEPTH"] == "0"


def test_a_stack_is_deployed_by_its_own_environment() -> None:
    deploy = read(GITHUB / "workflows" / "deploy.yml")
    assert deploy["on"] == {"push": {"branches": ["main"]}}
    assert {name: environment(job) for name, job in deploy["jobs"].items()} == {
        name: name for name in ("dev", "staging", "prod")
    }
    hand = read(GITHUB / "workflows" / "by-hand.yml")["jobs"]
    assert environment(hand["rollback"]) == environment(hand["refresh"]) == "${{ inputs.stack }}"


def test_all_stacks_are_previewed_deployed_and_watched() -> None:
    stacks = {file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml")} - {"local", "e2e"}
    nightly = read(GITHUB / "workflows" / "nightly.yml")["jobs"]
    hand = read(GITHUB / "workflows" / "by-hand.yml")["on"]["workflow_dispatch"]["inputs"]
    previews = re.findall('make previews STACKS="(.+)" OUT', PULL_REQUEST + gitlab_text())
    for named in (
        set(read(GITHUB / "workflows" / "deploy.yml")["jobs"]),
        set(nightly["drift"]["strategy"]["matrix"]["stack"]),
        set(nightly["renew"]["strategy"]["matrix"]["stack"]),
        set(hand["stack"]["options"]),
        set(GITLAB["drift"]["parallel"]["matrix"][0]["STACK"]),
        set(GITLAB["renew"]["parallel"]["matrix"][0]["STACK"]),
        set(GITLAB["variables"]["STACK"]["options"]),
        *(set(each.split()) for each in previews),
    ):
        assert named == stacks
    assert len(previews) == 2
    assert stacks <= set(GITLAB)


PULL_REQUEST = (GITHUB / "workflows" / "pull-request.yml").read_text()


def gitlab_text() -> str:
    return (ROOT / ".gitlab-ci.yml").read_text()


def test_gitlab_waits_as_github_does() -> None:
    """Stages go on where all before them succeeded."""
    assert GITLAB["stages"][-5:] == ["dev", "staging", "prod", "nightly", "by-hand"]
    for stack in ("dev", "staging", "prod"):
        job = GITLAB[stack]
        assert (job["stage"], job["environment"]) == (stack, stack)
        assert job["resource_group"] == f"stack-{stack}"
    assert GITLAB["prod"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "push"', "when": "manual"}]
    for name in ("renew", "rollback", "refresh"):
        assert GITLAB[name]["resource_group"] == "stack-$STACK"
    assert GITLAB["review"]["environment"]["on_stop"] == "review-closed"
    assert GITLAB["review-closed"]["environment"]["action"] == "stop"


def test_gitlab_gives_a_fork_nothing_hidden() -> None:
    """Variables are of environments, and a job that has one runs for no fork."""
    for name, job in GITLAB.items():
        if isinstance(job, dict) and "environment" in job:
            rules = job.get("rules") or GITLAB[job["extends"]]["rules"]
            for rule in rules:
                assert "merge_request_event" not in rule["if"] or (
                    "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID"
                    in rule["if"]
                ), name


def test_pulumi_and_python_are_those_of_the_program() -> None:
    pulumi = re.search(r"^pulumi==(\S+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    python = re.search(r"--python-version=(\S+)", MAKEFILE)
    assert pulumi
    assert python
    set_up = (GITHUB / "actions" / "set-up" / "action.yml").read_text()
    assert f"pulumi-version: {pulumi[1]}\n" in set_up
    assert f'python-version: "{python[1]}"\n' in set_up
    image = f"pulumi/pulumi-python-{python[1]}:{pulumi[1]}"
    assert GITLAB["default"]["image"].partition("@")[0] == image
    assert f'"{image.partition(":")[0]}"' in (ROOT / "renovate.json").read_text()


def test_what_is_called_is_a_target() -> None:
    called = {
        each for file in FILES for each in re.findall(r"\bmake ([a-z0-9-]+)", file.read_text())
    }
    targets = set(re.findall(r"^([a-z0-9 -]+):", MAKEFILE, re.MULTILINE))
    assert called <= {each for line in targets for each in line.split()}


def rows(heading: str) -> dict[str, str]:
    """The table below a heading of the page: what stands behind the name in the first column."""
    section = PAGE.partition(f"\n### {heading}\n")[2].partition("\n#")[0]
    return {
        name: rest
        for names, rest in re.findall(r"^\| (`.+?`) \| (.+) \|$", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }


def test_the_page_has_each_environment_and_who_uses_it() -> None:
    used: dict[str, set[str]] = {}
    for workflow, _, job in jobs():
        if environment(job).startswith("${{"):
            continue  # of the stack that is chosen
        used.setdefault(environment(job), set()).add(workflow)
    used.pop("")
    told = {
        name: set(re.findall(r"`([a-z-]+)\.yml`", rest))
        for name, rest in rows("Environments").items()
    }
    for stack in ("dev", "staging", "prod"):
        used[stack].add("by-hand")
    assert told == used


def test_the_page_has_each_secret_and_variable() -> None:
    needed = {name for file in WORKFLOWS for name in hidden(file.read_text())}
    assert set(rows("Secrets and variables")) == needed
