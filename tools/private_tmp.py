"""Runs a command with its own folder for temporary files: `python -m tools.private_tmp CMD`.

The Kubernetes plugin writes the cluster's kubeconfig to a temporary file for each Helm release and
does not delete it (pulumi/pulumi-kubernetes, provider/pkg/provider/util.go,
`writeKubeconfigToFile`). This command deletes the folder at the end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from tempfile import TemporaryDirectory

NOT_FOUND = 127
BY_SIGNAL = 128


def main(command: Sequence[str]) -> int:
    """Runs the command and returns its exit code as a shell does."""
    with TemporaryDirectory(prefix="pulumi-") as folder:
        started: list[subprocess.Popen[bytes]] = []
        early: list[int] = []

        def forward_signal(number: int, _: object) -> None:
            if started:
                started[0].terminate()
            else:
                early.append(number)

        # A terminal sends SIGINT to the command too, which decides what to do.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, forward_signal)
        try:
            started.append(subprocess.Popen(command, env={**os.environ, "TMPDIR": folder}))
        except FileNotFoundError:
            sys.stderr.write(f"{command[0]} is not on PATH: see docs/getting-started.md\n")
            return NOT_FOUND
        if early:
            started[0].terminate()
        code = started[0].wait()
    return code if code >= 0 else BY_SIGNAL - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
