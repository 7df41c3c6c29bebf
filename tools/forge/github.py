"""GitHub, from a workflow."""

from __future__ import annotations

import os
from collections.abc import Iterator

from github import Auth, Consts, Github, GithubException
from github.Issue import Issue
from requests import RequestException

from tools.forge.forge import has_marker, marked, required_variable

ERRORS = (GithubException, RequestException)
"""The exceptions of its library."""


class GitHub:
    """The repository `GITHUB_REPOSITORY`, with the token `GITHUB_TOKEN`."""

    def __init__(self) -> None:
        """Reads the token and the repository from the environment.

        Raises:
            ToolError: a variable is not set.
        """
        token = required_variable("GITHUB_TOKEN")
        address = os.environ.get("GITHUB_API_URL", Consts.DEFAULT_BASE_URL)
        api = Github(auth=Auth.Token(token), base_url=address, lazy=True)
        self._repository = api.get_repo(required_variable("GITHUB_REPOSITORY"))

    def comment(self, number: int, marker: str, body: str) -> str:
        issue = self._repository.get_issue(number)
        for each in issue.get_comments():
            if has_marker(each.body, marker):
                each.edit(marked(marker, body))
                return each.html_url
        return issue.create_comment(marked(marker, body)).html_url

    def issue(self, marker: str, title: str, body: str) -> str:
        for each in self._open_issues(marker):
            each.edit(title=title, body=marked(marker, body))
            return each.html_url
        return self._repository.create_issue(title, marked(marker, body)).html_url

    def close_issue(self, marker: str) -> str | None:
        for each in self._open_issues(marker):
            each.edit(state="closed")
            return each.html_url
        return None

    def open_requests(self) -> Iterator[int]:
        return (each.number for each in self._repository.get_pulls(state="open"))

    def _open_issues(self, marker: str) -> Iterator[Issue]:
        """Yields the open issues with the marker. GitHub's API lists pull requests among issues."""
        for each in self._repository.get_issues(state="open"):
            if has_marker(each.body, marker) and not each.pull_request:
                yield each
