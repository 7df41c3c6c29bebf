"""Runs a command in a pod like the application's own: `make run`, `make shell`.

The pod has the image, configuration, secrets, limits and security of the application's pods as the
API server has them now. The command's exit code is that of this program. The pod is deleted at the
end, also after Ctrl-C. Only with `--detach`, it goes on without this program.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from urllib3.exceptions import HTTPError

from components.database.names import database_name
from components.manifests.labels import NAME
from tools.command import run_tool
from tools.pods.api import Api, ApiServerError
from tools.pods.application import Application, deployed, named
from tools.pods.attach import attach
from tools.pods.run_objects import HOLD, job, network_policy, run_name
from tools.pods.simulated_nodes import simulated_nodes
from tools.pods.status import ended, not_started, reason_of, status, terminated
from tools.pulumi_command import ToolError
from tools.stacks import ROOT

START_SECONDS = 300
"""The timeout of the start: the image may have to be pulled, or a node to be added."""

END_SECONDS = 30
"""The timeout from the end of the output to the end of the container."""

QUIET_SECONDS = 3
"""A wait that is longer is explained."""

PAUSE = 0.3
"""Seconds between two requests."""

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="run", description="Runs a command in a pod like the application's own."
    )
    parser.add_argument("--stack", required=True)
    parser.add_argument("--app", required=True)
    parser.add_argument("--command", required=True, help="the command, quoted as in a shell")
    parser.add_argument("--detach", action="store_true", help="do not wait for its end")
    options = parser.parse_args(arguments)
    codes: list[int] = []

    def act() -> None:
        command = _words(options.command)
        for number in STOPPING:
            signal.signal(number, _interrupt)
        with deployed(options.stack, folder, read_only=False) as (api, apps):
            app = named(options.app, apps)
            if problem := simulated_nodes(api, options.stack, "no command can run"):
                raise ToolError(problem)
            codes.append(run(api, options.stack, app, command, detach=options.detach))

    return run_tool("run", act) or codes[0]


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ToolError(f"CMD: {command}: {error}") from None
    if not words:
        raise ToolError("CMD: must be a command")
    return words


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def run(api: Api, stack: str, app: Application, command: Sequence[str], *, detach: bool) -> int:
    """Runs the command in a new pod and returns its exit code, or 0 if it goes on.

    Raises:
        ToolError: the command does not start, or the connection to it is lost.
    """
    name = run_name(app.name)
    terminal = not detach and sys.stdin.isatty() and sys.stdout.isatty()
    stop = f"make run-stop STACK={stack} APP={app.name} RUN={name}"
    with _deleted(api, f"{_jobs(app)}/{name}", stop) as keep:
        start(api, app, name, command, attached=not detach, terminal=terminal)
        if detach:
            keep()
            follow = f"make logs STACK={stack} APP={app.name} RUN={name} FOLLOW=1"
            sys.stdout.write(f"{name} runs\nto follow it:  {follow}\nto end it:     {stop}\n")
            return 0
        pod = _started(api, app, name)
        attach(api, app.namespace, pod, app.name, terminal=terminal)
        return _exit_code(api, app, name)


@contextmanager
def _deleted(api: Api, path: str, stop: str) -> Iterator[Callable[[], None]]:
    """Deletes the Job, its pod and its policy at the end, unless what it yields was called."""
    kept: list[bool] = []
    try:
        yield lambda: kept.append(True)
    finally:
        if not kept:
            for number in STOPPING:
                signal.signal(number, signal.SIG_IGN)
            try:
                api.delete(path)
            except (ApiServerError, HTTPError) as error:
                raise ToolError(f"the pod was not deleted: {error}: run {stop}") from None


def start(
    api: Api,
    app: Application,
    name: str,
    command: Sequence[str],
    *,
    attached: bool,
    terminal: bool,
) -> None:
    """Creates the Job. Its pod starts when its network policy exists."""
    workloads = f"/apis/apps/v1/namespaces/{app.namespace}"
    deployment = api.find(f"{workloads}/deployments/{app.name}")
    if not deployment:
        raise ToolError(f"{app.name}: it has no Deployment in the namespace {app.namespace}")
    policies = f"/apis/networking.k8s.io/v1/namespaces/{app.namespace}/networkpolicies"
    policy = api.find(f"{policies}/{app.name}")
    database = api.find(f"{workloads}/statefulsets/{database_name(app.name)}")
    body = job(
        app, name, deployment, command, database=database, attached=attached, terminal=terminal
    )
    owner = api.create(_jobs(app), body)
    api.create(policies, network_policy(app, owner, policy))
    api.patch(f"{_jobs(app)}/{name}", {"spec": {"suspend": False}})


def _jobs(app: Application) -> str:
    return f"/apis/batch/v1/namespaces/{app.namespace}/jobs"


def _started(api: Api, app: Application, name: str) -> str:
    """Waits until the container runs, and returns the pod's name. Says what it waits for."""
    begin, said = time.monotonic(), ""
    while True:
        pod = _pod(api, app, name)
        if pod and ended(pod, app.name):
            raise ToolError(f"{name}: the command did not start: {_end(api, app, pod)}")
        reason, fatal = not_started(pod, app.name) if pod else (_no_pod(api, app, name), False)
        if pod and not reason:
            return str(pod["metadata"]["name"])
        waited = time.monotonic() - begin
        if fatal or waited > START_SECONDS:
            raise ToolError(f"{name}: the command did not start: {reason}")
        if reason != said and waited > QUIET_SECONDS:
            sys.stderr.write(f"{name}: {reason}\n")
            said = reason
        time.sleep(PAUSE)


def _exit_code(api: Api, app: Application, name: str) -> int:
    """Waits until the container has ended, and returns its exit code."""
    deadline = time.monotonic() + END_SECONDS
    while pod := _pod(api, app, name):
        if end := terminated(pod, app.name):
            if end.get("reason") not in ("Completed", "Error"):
                sys.stderr.write(f"{name}: {reason_of(end)}\n")
            return int(end["exitCode"])
        if time.monotonic() > deadline:
            raise ToolError(f"{name}: the connection to the command was lost")
        time.sleep(PAUSE)
    failed = api.find(f"{_jobs(app)}/{name}") or {}
    reasons = [each["message"] for each in failed.get("status", {}).get("conditions", ())]
    raise ToolError(f"{name}: its pod was deleted. {' '.join(reasons)}")


def _pod(api: Api, app: Application, name: str) -> dict[str, Any] | None:
    found = api.items(app.pods, labelSelector=f"{NAME}={name}")
    return found[0] if found else None


def _no_pod(api: Api, app: Application, name: str) -> str:
    """Returns why the Job has no pod: quotas and admission may reject it."""
    path = f"/api/v1/namespaces/{app.namespace}/events"
    events = api.items(path, fieldSelector=f"involvedObject.name={name},type=Warning")
    return events[-1]["message"] if events else "waits for its pod"


def _end(api: Api, app: Application, pod: dict[str, Any]) -> str:
    """Returns why a pod ended before its command: the container's status and output."""
    reason = reason_of(terminated(pod, app.name) or {"reason": status(pod)})
    if HOLD[0] in reason:
        return f"{reason}: the image has no {HOLD[0]}, which `make run` needs without DETACH=1"
    try:
        path = f"{app.pods}/{pod['metadata']['name']}/log"
        return f"{reason} {api.text(path, container=app.name)}".strip()
    except ApiServerError as error:
        return f"{reason}, and its output can't be read: {error}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
