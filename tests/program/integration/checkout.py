"""A clone of the project as a pipeline has it: in git, with a backend and a key for its stacks."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from sandbox.paths import write_private
from tests.support.kube import Kube
from tests.support.stack import Stack

COMMAND_SECONDS = 600


@dataclass(frozen=True)
class Checkout:
    """The clone in `folder`, and the environment of its commands."""

    folder: Path
    environment: Mapping[str, str]

    def make(self, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `make TARGET KEY=VALUE...`, as a workflow does, whatever its exit code."""
        given = (f"{key}={value}" for key, value in variables.items())
        return self._run("make", target, *given)

    def done(self, target: str, **variables: str) -> str:
        """Run a target that has to succeed; return what it printed."""
        answer = self.make(target, **variables)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    def git(self, *arguments: str) -> str:
        """Run a git command that has to succeed; return what it printed."""
        answer = self._run("git", *arguments)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout.strip()

    def commit(self, subject: str) -> str:
        """Commit all that was changed; return the commit's id."""
        self.git("commit", "--quiet", "--all", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def stack(self, name: str) -> Stack:
        """One of the project's stacks."""
        return Stack(name, self.folder, self.environment)

    def kube(self, stack: str) -> Kube:
        """The cluster of a stack, by the kubeconfig that the stack gives out."""
        file = self.folder.parent / f"kubeconfig-{stack}"
        write_private(file, self.stack(stack).outputs(secrets=True)["kubeconfig"])
        return Kube(file, self.environment)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )


class Internet:
    """What is behind the load balancers' addresses, for simulated nodes carry no traffic.

    It is an HTTP proxy. Below the path that it is asked for, a page answers that links to itself;
    those that are `down` don't work.

    Attributes:
        proxy: its URL.
        asked: the URLs that were asked for.
        down: the hosts whose pages are broken.
    """

    def __init__(self, port: int) -> None:
        self.proxy = f"http://127.0.0.1:{port}"
        self.asked: list[str] = []
        self.down: set[str] = set()


@contextmanager
def internet() -> Iterator[Internet]:
    """It, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            there.asked.append(self.path)
            works = url.hostname not in there.down
            page = f'<a href="{url.path}">a page</a>' if works else "no such worker"
            self.send_response(200 if works else 502)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: what was asked is in `asked`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        there = Internet(server.server_port)
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield there
        finally:
            server.shutdown()
            serving.join()
