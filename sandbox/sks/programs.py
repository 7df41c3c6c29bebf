"""The programs of control planes, and the installed Kubernetes versions."""

import subprocess
from functools import cached_property
from pathlib import Path

from packaging.version import Version

from sandbox.sks.spec import SksError
from sandbox.toolchain.tools import CONTROL_PLANE, kubernetes_folder

_ASK_SECONDS = 30


class Programs:
    """The programs in the folder `tools` and in its subfolders `kubernetes-VERSION`."""

    def __init__(self, tools: Path) -> None:
        self.tools = tools

    @property
    def versions(self) -> list[str]:
        """The completely installed Kubernetes versions, newest first.

        Raises:
            SksError: if the kube-apiserver in `tools` doesn't report its version.
        """
        others = {
            folder.name.removeprefix(kubernetes_folder(""))
            for folder in self.tools.glob(kubernetes_folder("*"))
            if all((folder / name).exists() for name in CONTROL_PLANE)
        }
        return sorted({self._own, *others}, key=Version, reverse=True)

    def of(self, version: str) -> Path:
        """Returns the folder of a control plane's programs of this version.

        Raises:
            SksError: if the version is not installed.
        """
        if version not in self.versions:
            raise SksError(
                f"Kubernetes {version} is not installed; there is {', '.join(self.versions)}"
            )
        return self.tools if version == self._own else self.tools / kubernetes_folder(version)

    @cached_property
    def _own(self) -> str:
        program = self.tools / "kube-apiserver"
        try:
            answer = subprocess.run(
                [program, "--version"],
                check=True,
                capture_output=True,
                text=True,
                timeout=_ASK_SECONDS,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SksError(f"kube-apiserver does not tell its version: {error}") from error
        return answer.stdout.split()[-1].removeprefix("v")
