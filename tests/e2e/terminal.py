"""A terminal in which the tutorial's commands are typed."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.images.images import DEMO_VERSION, LOCAL

COMMAND_SECONDS = 180
RICKROLLER = "derlin/rickroller:latest"
DEMO = f"{LOCAL}/demo:{DEMO_VERSION}"
"""Takes rickroller's place in whatever is typed."""


@dataclass(frozen=True)
class Terminal:
    """Where the tutorial's reader types."""

    environment: dict[str, str]

    def __call__(self, command: str, typed: str | None = None) -> str:
        """What the command prints on both streams; `typed` is its standard input."""
        answer = subprocess.run(
            command.replace(RICKROLLER, DEMO),
            shell=True,
            env=self.environment,
            input=typed and typed.replace(RICKROLLER, DEMO),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert answer.returncode == 0, f"{command}: {answer.stdout}"
        return answer.stdout

    @contextmanager
    def another(self, command: str) -> Iterator[subprocess.Popen[str]]:
        """A second terminal, in which the command runs until the block ends."""
        with subprocess.Popen(
            command.split(), env=self.environment, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.terminate()

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """The objects of a kind, as the API server has them."""
        items: list[dict[str, Any]] = json.loads(self(f"kubectl get {kind} -o json"))["items"]
        return items

    def running(self) -> list[str]:
        """The names of the pods that are ready, and not on their way out."""
        return [
            pod["metadata"]["name"]
            for pod in self.objects("pods")
            if "deletionTimestamp" not in pod["metadata"]
            and ("Ready", "True")
            in {(each["type"], each["status"]) for each in pod["status"].get("conditions", [])}
        ]

    def variables(self) -> list[list[dict[str, str]]]:
        """The environment of each pod's container."""
        return [pod["spec"]["containers"][0].get("env", []) for pod in self.objects("pods")]
