"""Running the helm program: its kubeconfig, its input, its progress, its end.

No secret is put on a command line, into a log or into a file with a name: values go in by standard
input, and the kubeconfig by a file that is unlinked as soon as it is open.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from sandbox.plugins.rpc import Cancelled, ProviderError
from sandbox.plugins.wire import Secret, reveal

LOOK_SECONDS: Final = 0.2
GRACE_SECONDS: Final = 20.0

_DEBUG_LINE: Final = re.compile(r"^\S+\.go:\d+: .*?\[debug\] (.*)$")
_PROGRESS: Final = re.compile(r"is not ready|beginning wait|creating \d+ resource|Starting delete")
_DROPPED_ENVIRONMENT: Final = ("HELM_KUBE", "HELM_NAMESPACE", "HELM_DEBUG", "KUBECONFIG")
_ENVIRONMENT: Final = {
    "PULUMI_K8S_HELM_PLUGINS_PATH": "HELM_PLUGINS",
    "PULUMI_K8S_HELM_REGISTRY_CONFIG_PATH": "HELM_REGISTRY_CONFIG",
    "PULUMI_K8S_HELM_REPOSITORY_CONFIG_PATH": "HELM_REPOSITORY_CONFIG",
    "PULUMI_K8S_HELM_REPOSITORY_CACHE": "HELM_REPOSITORY_CACHE",
}

Progress = Callable[[str], None]


class HelmError(ProviderError):
    """The helm program failed; the message is its own, without secrets."""


class Helm:
    """The helm program, speaking to one cluster.

    Args:
        kubeconfig: contents; None for the kubeconfig that kubectl would use.
        context: the kubeconfig's context; None for its current one.
        cancelled: set when the user interrupts; a running helm is then ended.
    """

    def __init__(
        self, kubeconfig: str | None, context: str | None, cancelled: threading.Event
    ) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._cancelled = cancelled

    def json(self, arguments: Sequence[str], **options: Any) -> Any:
        """Run with `--output json` and parse what helm answers."""
        return json.loads(self.run([*arguments, "--output", "json"], **options))

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: str = "",
        secrets: Collection[str] = (),
        progress: Progress | None = None,
        interruptible: bool = True,
    ) -> str:
        """Run helm and return what it prints.

        Args:
            arguments: the subcommand, its arguments and flags.
            stdin: what helm reads as the file `-`.
            secrets: strings to be blotted out of an error.
            progress: takes a line about what helm waits for.
            interruptible: whether the user's interruption ends it; not for a short look-up.

        Raises:
            HelmError: if helm fails.
            Cancelled: if the user interrupted; helm was then told to stop, and has.
        """
        program = shutil.which("helm")
        if program is None:
            raise HelmError("the program helm is not on PATH; install Helm 3")
        command = [program, *arguments, "--debug"]
        if self._context:
            command += ["--kube-context", self._context]
        with self._kubeconfig_file() as descriptor, _Errors(progress) as errors:
            if descriptor is not None:
                command += ["--kubeconfig", f"/dev/fd/{descriptor}"]
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors.descriptor,
                text=True,
                env=_environment(os.environ, keep_kubeconfig=descriptor is None),
                pass_fds=() if descriptor is None else (descriptor,),
                start_new_session=True,
            )
            output = self._finish(process, stdin, interruptible)
        if interruptible and self._cancelled.is_set() and process.returncode != 0:
            raise Cancelled(redact(f"helm {arguments[0]} was interrupted", secrets))
        if process.returncode != 0:
            raise HelmError(redact(errors.message() or _unsaid(process.returncode), secrets))
        return output

    def _finish(self, process: subprocess.Popen[str], stdin: str, interruptible: bool) -> str:
        unsent: str | None = stdin
        while not (interruptible and self._cancelled.is_set()):
            try:
                return process.communicate(unsent, timeout=LOOK_SECONDS)[0]
            except subprocess.TimeoutExpired:
                unsent = None
        process.terminate()
        try:
            return process.communicate(timeout=GRACE_SECONDS)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            return process.communicate()[0]

    @contextlib.contextmanager
    def _kubeconfig_file(self) -> Iterator[int | None]:
        if self._kubeconfig is None:
            yield None
            return
        with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
            file.write(self._kubeconfig)
            file.flush()
            yield file.fileno()


class _Errors:
    """What helm says on standard error: progress as it comes, the error at the end."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lines: list[str] = []
        self._in_debug = False
        reading, self.descriptor = os.pipe()
        self._thread = threading.Thread(target=self._read, args=(reading,), daemon=True)

    def __enter__(self) -> _Errors:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self.descriptor)
        self._thread.join()

    def _read(self, descriptor: int) -> None:
        with open(descriptor, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                self._take(line.rstrip("\n"))

    def _take(self, line: str) -> None:
        debug = _DEBUG_LINE.match(line)
        if debug:
            self._in_debug = True
            if self._progress and _PROGRESS.search(debug[1]):
                self._progress(debug[1])
        elif line.startswith(("Error: ", "WARNING: ")):
            self._in_debug = False
        if not debug and not self._in_debug and line and not line.startswith("WARNING: "):
            self._lines.append(line)

    def message(self) -> str:
        """The error, without what helm says before it."""
        text = "\n".join(self._lines)
        return text[text.find("Error: ") :].removeprefix("Error: ")


def _unsaid(code: int) -> str:
    return f"helm was ended by signal {-code}" if code < 0 else f"helm failed with exit code {code}"


def redact(text: str, secrets: Collection[str]) -> str:
    """The text without the secrets, plain or in base64."""
    for secret in sorted(secrets, key=len, reverse=True):
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            text = text.replace(form, "[secret]")
    return text


def secret_strings(value: Any, within: bool = False) -> set[str]:
    """Every text and number that a `Secret` holds, at any depth."""
    if isinstance(value, Secret):
        return secret_strings(value.value, within=True)
    if isinstance(value, Mapping):
        return {text for item in value.values() for text in secret_strings(item, within)}
    if isinstance(value, list):
        return {text for item in value for text in secret_strings(item, within)}
    if within and isinstance(value, str | int | float) and not isinstance(value, bool):
        return {str(reveal(value))} - {""}
    return set()


def _environment(environ: Mapping[str, str], keep_kubeconfig: bool) -> dict[str, str]:
    """As the official provider: the user's own Helm directories, its own storage driver.

    Source: pulumi/pulumi-kubernetes, `provider/pkg/provider/provider.go`, `Configure`.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(_DROPPED_ENVIRONMENT) or (name == "KUBECONFIG" and keep_kubeconfig)
    }
    kept |= {helm: environ[name] for name, helm in _ENVIRONMENT.items() if name in environ}
    kept["HELM_DRIVER"] = environ.get("PULUMI_K8S_HELM_DRIVER", "secret")
    return kept
