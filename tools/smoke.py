"""Asks each application of a stack by its URL: `make smoke STACK=...`.

An application works if it answers below its prefix, and leads nowhere else: neither a redirect nor
a link of its page is a path of the same host that is not below it. A proxy is gone through where
`http_proxy` or `https_proxy` name one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from tools.command import run_tool
from tools.existing_stack import check_stack, stack_outputs, stack_settings
from tools.pulumi_command import ToolError
from tools.stacks import ROOT

SECONDS = 300
"""A new load balancer, a name and a certificate take some minutes."""

ANSWER_SECONDS = 10
"""What one request may take."""

PAUSE = 1.0
"""Seconds from one try to the next."""

REDIRECTS = 10
LINKS = ("action", "href", "src")


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="smoke", description="Whether applications answer.")
    parser.add_argument("--stack", required=True)
    add_timeout(parser)
    options = parser.parse_args(arguments)

    def act() -> None:
        check_stack(options.stack, folder)
        smoke(options.stack, folder, options.timeout)

    return run_tool("smoke", act)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Give a command the option that says how long applications have to answer."""
    parser.add_argument(
        "--timeout", type=float, default=SECONDS, help=f"seconds to answer within ({SECONDS})"
    )


def smoke(stack: str, folder: Path, timeout: float) -> None:
    """Ask until every application works, for at most `timeout` seconds in all.

    Raises:
        ToolError: naming each that does not, with its URL, its answer, and the first line of it.
    """
    deadline = time.monotonic() + timeout
    wrong = []
    for name, url in _urls(stack, folder):
        problem = _last_problem(url, deadline)
        sys.stdout.write(f"{name:<16}{problem or f'{url} answers'}\n")
        if problem:
            wrong.append(f"{name}: {problem}")
    if wrong:
        raise ToolError(f"{stack}: after {timeout:g} s: {'; '.join(wrong)}")


def _urls(stack: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The names of the applications with an address that can be asked, and the addresses."""
    outputs = stack_outputs(stack, folder)
    for app in stack_settings(stack, folder).get("apps", ()):
        name = app["name"]
        url = outputs.get(f"{name}_url")
        if url is None:
            raise ToolError(f"{stack}: {name} has no URL: it is not deployed yet")
        if (urlsplit(url).hostname or "").endswith(".svc"):
            sys.stdout.write(f"{name:<16}is reached from inside the cluster alone: not asked\n")
        elif "regex" in app.get("ingress", {}):
            sys.stdout.write(f"{name:<16}has a regular expression for a path: not asked\n")
        else:
            for each in _at_each_host(url, app):
                if (urlsplit(each).hostname or "").startswith("*."):
                    sys.stdout.write(f"{name:<16}{each} is any host of a domain: not asked\n")
                else:
                    yield name, each


def _at_each_host(url: str, app: Mapping[str, Any]) -> Iterator[str]:
    """The URL, and the same at the application's other hosts, where it has the first one's name."""
    yield url
    parts = urlsplit(url)
    if parts.hostname == app.get("host"):
        for host in app.get("additionalHosts", ()):
            yield parts._replace(netloc=host).geturl()


def _last_problem(url: str, deadline: float) -> str | None:
    while problem := _problem(url):
        if time.monotonic() + PAUSE > deadline:
            return problem
        time.sleep(PAUSE)
    return None


def _problem(url: str) -> str | None:
    """What is wrong with the application at the URL now."""
    prefix, place = urlsplit(url).path, url
    for _ in range(REDIRECTS):
        try:
            answer = requests.get(place, allow_redirects=False, timeout=ANSWER_SECONDS)
        except requests.RequestException as error:
            return f"{place} does not answer: {error}"
        if not answer.is_redirect:
            break
        target = urljoin(place, answer.headers["Location"])
        if urlsplit(target).hostname != urlsplit(url).hostname:
            return None
        if not _below(prefix, target):
            return f"{place} answers {answer.status_code} to {target}, which is not below {prefix}"
        place = target
    else:
        return f"{url} redirects more than {REDIRECTS} times, at last to {place}"
    if not answer.ok:
        return f"{place} answers {answer.status_code} {answer.reason}: {_first_line(answer.text)}"
    if "html" in answer.headers.get("Content-Type", ""):
        for link in _links(answer.text):
            if not _below(prefix, link):
                status = f"{place} answers {answer.status_code}"
                return f"{status}, with a link to {link}, which is not below {prefix}"
    return None


def _below(prefix: str, url: str) -> bool:
    path = urlsplit(url).path
    return path.startswith(prefix) or path == prefix.rstrip("/")


def _first_line(text: str) -> str:
    return next(filter(None, map(str.strip, text.splitlines())), "(nothing)")[:200]


def _links(page: str) -> Iterator[str]:
    """The page's links that are absolute paths: what is relative is below the prefix with it."""
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value for key, value in attrs if key in LINKS and value)

    Links().feed(page)
    return (each for each in found if each.startswith("/") and not each.startswith("//"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
