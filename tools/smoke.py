"""Sends a request to the URL of each application of a stack: `make smoke STACK=...`.

An application works if it responds with a success below its path prefix, and if no redirect or link
of the page leads to a path of the same host outside of the prefix. The variables `http_proxy` and
`https_proxy` are respected. `REQUESTS_CA_BUNDLE` is the file of the authorities to trust.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from components.web_app.service.args import NO_PORT
from tools.command import run_tool
from tools.existing_stack import check_stack, stack_outputs, stack_settings
from tools.pulumi_command import ToolError
from tools.stacks import ROOT

SECONDS = 300
"""The default timeout: a new load balancer, DNS name or certificate takes some minutes."""

ANSWER_SECONDS = 10
"""The timeout of one request."""

PAUSE = 1.0
"""Seconds between two attempts."""

REDIRECTS = 10
LINKS = ("action", "href", "src")


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="smoke", description="Tests the URLs of applications.")
    parser.add_argument("--stack", required=True)
    add_timeout(parser)
    parser.add_argument(
        "--resolve",
        action="append",
        default=[],
        type=_address_of_host,
        metavar="HOST=ADDRESS",
        help="connect to this address instead of the one in DNS; may be repeated",
    )
    options = parser.parse_args(arguments)

    def act() -> None:
        check_stack(options.stack, folder)
        _resolve(dict(options.resolve))
        smoke(options.stack, folder, options.timeout)

    return run_tool("smoke", act)


def _address_of_host(text: str) -> tuple[str, str]:
    host, equals, address = text.partition("=")
    if not (host and equals and address):
        raise argparse.ArgumentTypeError(f"{text}: must be HOST=ADDRESS")
    return host, address


def _resolve(addresses: Mapping[str, str]) -> None:
    """Makes the rest of the program connect to these addresses of hosts."""
    look_up = socket.getaddrinfo

    def resolved(host: Any, *arguments: Any, **options: Any) -> Any:
        return look_up(addresses.get(host, host), *arguments, **options)

    socket.getaddrinfo = resolved


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Adds the option for the timeout of the smoke test to a command."""
    parser.add_argument(
        "--timeout", type=float, default=SECONDS, help=f"timeout in seconds. Default: {SECONDS}"
    )


def smoke(stack: str, folder: Path, timeout: float) -> None:
    """Waits at most `timeout` seconds until every application works.

    Raises:
        ToolError: lists each failed application with its URL and the first line of the response.
    """
    deadline = time.monotonic() + timeout
    wrong = []
    for name, url in _urls(stack, folder):
        problem = _last_problem(url, deadline)
        sys.stdout.write(f"{name:<16}{problem or f'{url} works'}\n")
        if problem:
            wrong.append(f"{name}: {problem}")
    if wrong:
        raise ToolError(f"{stack}: after {timeout:g} s: {'; '.join(wrong)}")


def _urls(stack: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Yields the name and the URL of each application that can be tested."""
    outputs = stack_outputs(stack, folder)
    for app in stack_settings(stack, folder).get("apps", ()):
        name = app["name"]
        if app.get("port") == NO_PORT:
            sys.stdout.write(f"{name:<16}skipped: it has no port\n")
            continue
        url = outputs.get(f"{name}_url")
        if url is None:
            raise ToolError(f"{stack}: {name} has no URL, because it is not deployed yet")
        if (urlsplit(url).hostname or "").endswith(".svc"):
            sys.stdout.write(f"{name:<16}skipped: it is only reachable inside the cluster\n")
        elif "regex" in app.get("ingress", {}):
            sys.stdout.write(f"{name:<16}skipped: its path is a regular expression\n")
        else:
            for each in _at_each_host(url, app):
                if (urlsplit(each).hostname or "").startswith("*."):
                    sys.stdout.write(f"{name:<16}skipped: {each} is a wildcard host\n")
                else:
                    yield name, each


def _at_each_host(url: str, app: Mapping[str, Any]) -> Iterator[str]:
    """Yields the URL, and the same URL at each of the application's additional hosts."""
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
    """Returns what is wrong with the application at the URL, or None if it works."""
    prefix, place = urlsplit(url).path, url
    for _ in range(REDIRECTS):
        try:
            answer = requests.get(place, allow_redirects=False, timeout=ANSWER_SECONDS)
        except requests.RequestException as error:
            return f"{place} does not respond: {error}"
        if not answer.is_redirect:
            break
        target = urljoin(place, answer.headers["Location"])
        if urlsplit(target).hostname != urlsplit(url).hostname:
            return None
        if not _below(prefix, target):
            status = f"{place} responds {answer.status_code}"
            return f"{status} with a redirect to {target}, which is outside of {prefix}"
        place = target
    else:
        return f"{url} redirects more than {REDIRECTS} times, last to {place}"
    if not answer.ok:
        return f"{place} responds {answer.status_code} {answer.reason}: {_first_line(answer.text)}"
    if "html" in answer.headers.get("Content-Type", ""):
        for link in _links(answer.text):
            if not _below(prefix, link):
                status = f"{place} responds {answer.status_code}"
                return f"{status} with a link to {link}, which is outside of {prefix}"
    return None


def _below(prefix: str, url: str) -> bool:
    path = urlsplit(url).path
    return path.startswith(prefix) or path == prefix.rstrip("/")


def _first_line(text: str) -> str:
    return next(filter(None, map(str.strip, text.splitlines())), "(nothing)")[:200]


def _links(page: str) -> Iterator[str]:
    """Returns the page's links that are absolute paths. Relative links are inside the prefix."""
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value for key, value in attrs if key in LINKS and value)

    Links().feed(page)
    return (each for each in found if each.startswith("/") and not each.startswith("//"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
