"""GitHub and GitLab are told the same: one comment, one issue, found again by a marker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.program.unit.web_server import Answer, Pages, WebServer, web_server
from tools.forge import github
from tools.forge.__main__ import main

MARKED = "<!-- previews -->\nold"
GITHUB, GITLAB = "/repos/shop/web", "/api/v4/projects/7"


def comments(*bodies: str) -> list[dict[str, Any]]:
    url = "https://example.com/"
    return [
        {"id": number, "number": number, "iid": number, "title": "", "body": body}
        | {"description": body, "url": f"{url}{number}", "html_url": f"{url}{number}"}
        | {"web_url": f"{url}{number}"}
        for number, body in enumerate(bodies, start=41)
    ]


@pytest.fixture
def pages() -> Pages:
    """What the forge answers; each test says what."""
    return {}


@pytest.fixture(params=["github", "gitlab"])
def forge(
    request: pytest.FixtureRequest, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WebServer]:
    """A forge of each kind, with a pull request 12, and what its pipelines have set."""
    for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN", "CI_PROJECT_ID", "GITLAB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with web_server(pages) as server:
        (number_12,) = comments("its own text")
        own = number_12 | {"number": 12, "iid": 12}
        if request.param == "github":
            variables = {"GITHUB_REPOSITORY": "shop/web", "GITHUB_TOKEN": "hidden"}
            variables["GITHUB_API_URL"] = server.address
            own["url"] = f"{server.address}{GITHUB}/issues/12"
            pages[f"GET {GITHUB}/issues/12"] = Answer(own)
        else:
            variables = {"CI_PROJECT_ID": "7", "GITLAB_TOKEN": "hidden"}
            variables["CI_API_V4_URL"] = f"{server.address}/api/v4"
            pages[f"GET {GITLAB}/merge_requests/12"] = Answer(own)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "comment.md"
    file.write_text("new")
    return file


def told(forge: WebServer, pages: Pages, kind: str, *bodies: str) -> None:
    """Have the forge know these comments or issues, and take what is written."""
    found = comments(*bodies)
    github_list = f"{GITHUB}/{'issues/12/comments' if kind == 'comments' else 'issues'}"
    gitlab_list = f"{GITLAB}/{'merge_requests/12/notes' if kind == 'comments' else 'issues'}"
    for each in found:
        path = f"/{kind}/{each['id']}"
        each["url"] = f"{forge.address}{path}"
        for request in (f"GET {path}", f"PATCH {path}", f"PUT {gitlab_list}/{each['id']}"):
            pages[request] = Answer(each)
    for path in (github_list, gitlab_list):
        pages[f"GET {path}"] = Answer(found)
        pages[f"POST {path}"] = Answer(comments("made")[0], 201)


def sent(forge: WebServer) -> tuple[str, dict[str, Any]]:
    """The one thing that was written: how, and what; GitLab's names are made GitHub's."""
    ((request, content),) = forge.asked
    names = {"description": "body", "state_event": "state"}
    values = {"close": "closed"}
    plain = {names.get(key, key): values.get(value, value) for key, value in content.items()}
    return request.split()[0].replace("PUT", "PATCH"), plain


def comment(file: Path) -> int:
    return main(["comment", "--marker=previews", "--number=12", f"--file={file}"])


def issue(*what: str) -> int:
    return main(["issue", "--marker=previews", "--title=Drift of dev", *what])


def test_a_first_comment_is_written(forge: WebServer, pages: Pages, file: Path) -> None:
    told(forge, pages, "comments", "of somebody", "about <!-- previews -->")
    assert comment(file) == 0
    assert sent(forge) == ("POST", {"body": "<!-- previews -->\nnew"})


def test_a_comment_is_updated_in_place(forge: WebServer, pages: Pages, file: Path) -> None:
    told(forge, pages, "comments", "of somebody", MARKED)
    assert comment(file) == 0
    assert sent(forge) == ("PATCH", {"body": "<!-- previews -->\nnew"})
    assert forge.asked[0][0].endswith("/42")


@pytest.mark.parametrize(("known", "method"), [((), "POST"), ((MARKED,), "PATCH")])
def test_an_issue_is_opened_or_updated(
    forge: WebServer, pages: Pages, file: Path, known: tuple[str, ...], method: str
) -> None:
    told(forge, pages, "issues", "of somebody", *known)
    assert issue(f"--file={file}") == 0
    expected = {"title": "Drift of dev", "body": "<!-- previews -->\nnew"}
    written = sent(forge)
    assert written[0] == method
    assert written[1].items() >= expected.items()


def test_an_issue_is_closed(
    forge: WebServer, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    told(forge, pages, "issues", "of somebody", MARKED)
    assert issue("--close") == 0
    method, content = sent(forge)
    assert (method, content["state"]) == ("PATCH", "closed")
    assert capsys.readouterr().out == "https://example.com/42\n"


def test_without_an_open_issue_nothing_is_closed(
    forge: WebServer, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    told(forge, pages, "issues", "of somebody")
    assert issue("--close") == 0
    assert not forge.asked
    assert capsys.readouterr().out == "no open issue\n"


def test_open_requests_are_listed(
    forge: WebServer, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (f"{GITHUB}/pulls", f"{GITLAB}/merge_requests"):
        pages[f"GET {path}"] = Answer(comments("a", "b"))
    assert main(["open-requests"]) == 0
    assert capsys.readouterr().out == "41\n42\n"


def test_what_the_forge_refuses_is_told(
    forge: WebServer, pages: Pages, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(forge, pages, "comments")
    for request in [each for each in pages if each.startswith("POST")]:
        pages[request] = Answer({"message": "no permission for it"}, 422)
    assert comment(file) == 1
    said = capsys.readouterr().err
    assert said.startswith("forge: comment: ")
    assert "422" in said
    assert "no permission for it" in said
    assert "hidden" not in said


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GITLAB_TOKEN"])
def test_without_a_token(
    forge: WebServer,
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.delenv("CI_PROJECT_ID", raising=False)
    variables = {"GITHUB_TOKEN": "GITHUB_REPOSITORY", "GITLAB_TOKEN": "CI_PROJECT_ID"}
    monkeypatch.setenv(variables[name], "7")
    monkeypatch.setenv("CI_API_V4_URL", forge.address)
    monkeypatch.setenv(name, "")
    assert comment(file) == 1
    assert capsys.readouterr().err == f"forge: {name} is not set\n"


def test_outside_of_a_pipeline(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.delenv("CI_PROJECT_ID", raising=False)
    assert comment(file) == 1
    assert "set GITHUB_REPOSITORY=OWNER/NAME and GITHUB_TOKEN" in capsys.readouterr().err


def test_a_file_that_is_not_there(
    forge: WebServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert comment(tmp_path / "none.md") == 1
    assert capsys.readouterr().err == f"forge: --file: {tmp_path / 'none.md'}: does not exist\n"


def test_to_github_a_pull_request_is_no_issue(
    forge: WebServer, pages: Pages, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "shop/web")
    monkeypatch.setenv("GITHUB_TOKEN", "hidden")
    monkeypatch.setenv("GITHUB_API_URL", forge.address)
    (request,) = comments(MARKED)
    pages[f"GET {GITHUB}/issues"] = Answer([request | {"pull_request": {"url": "x"}}])
    assert github.GitHub().close_issue("previews") is None
