"""GitLab, from a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitlab import Gitlab, GitlabError
from requests import RequestException

from tools.forge.forge import has_marker, marked, required_variable

ERRORS = (GitlabError, RequestException)
"""The exceptions of its library."""


class GitLab:
    """The project `CI_PROJECT_ID`, with the access token `GITLAB_TOKEN`.

    A job token is not allowed to write comments and issues
    (docs.gitlab.com, "CI/CD job token", endpoints).
    """

    def __init__(self) -> None:
        """Reads the token and the project from the environment.

        Raises:
            ToolError: a variable is not set.
        """
        address = required_variable("CI_API_V4_URL").removesuffix("/api/v4")
        api = Gitlab(address, private_token=required_variable("GITLAB_TOKEN"))
        self._project = api.projects.get(required_variable("CI_PROJECT_ID"), lazy=True)

    def comment(self, number: int, marker: str, body: str) -> str:
        request = self._project.mergerequests.get(number)
        for each in request.notes.list(iterator=True):
            if has_marker(each.body, marker):
                each.body = marked(marker, body)
                each.save()
                return f"{request.web_url}#note_{each.id}"
        note = request.notes.create({"body": marked(marker, body)})
        return f"{request.web_url}#note_{note.id}"

    def issue(self, marker: str, title: str, body: str) -> str:
        fields = {"title": title, "description": marked(marker, body)}
        for each in self._open_issues(marker):
            for name, value in fields.items():
                setattr(each, name, value)
            each.save()
            return str(each.web_url)
        return str(self._project.issues.create(fields).web_url)

    def close_issue(self, marker: str) -> str | None:
        for each in self._open_issues(marker):
            each.state_event = "close"
            each.save()
            return str(each.web_url)
        return None

    def open_requests(self) -> Iterator[int]:
        found = self._project.mergerequests.list(state="opened", iterator=True)
        return (each.iid for each in found)

    def _open_issues(self, marker: str) -> Iterator[Any]:
        for each in self._project.issues.list(state="opened", iterator=True):
            if has_marker(each.description, marker):
                yield each
