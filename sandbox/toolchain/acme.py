"""Installs the tools for HTTPS, and cert-manager's chart, which is copied from its Go module."""

import re
import shutil
from pathlib import Path

from sandbox.paths import CERT_MANAGER_CHART, TOOLS_BUILD
from sandbox.progress import Progress
from sandbox.toolchain.build import download_module
from sandbox.toolchain.prerequisites import check_go
from sandbox.toolchain.provide import ensure_tools
from sandbox.toolchain.tools import ACME_TOOLS, CERT_MANAGER


def ensure_acme(progress: Progress) -> None:
    """Installs the ACME_TOOLS and the chart, unless they are installed.

    Raises:
        SandboxError: if a tool can't be built or the module can't be downloaded.
    """
    ensure_tools(progress, ACME_TOOLS)
    if not _chart_installed():
        check_go()
        source = Path(download_module(CERT_MANAGER, TOOLS_BUILD)["Dir"])
        install_chart(source / "deploy" / "charts" / "cert-manager", CERT_MANAGER_CHART)
        progress.say(f"cert-manager chart {CERT_MANAGER.version}", "copied from the Go module")


def install_chart(source: Path, target: Path) -> None:
    """Copies the chart, and sets its version, as cert-manager's release process does.

    Chart.yaml is written last, so that an interrupted copy is repeated.
    """
    shutil.rmtree(target, ignore_errors=True)
    # Files of the Go module cache are read-only.
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for folder in (target, *filter(Path.is_dir, target.rglob("*"))):
        folder.chmod(0o755)
    text = (source / "Chart.yaml").read_text()
    (target / "Chart.yaml").write_text(
        re.sub(r"(?m)^((app)?[vV]ersion): .*", rf"\1: {CERT_MANAGER.version}", text)
    )


def _chart_installed() -> bool:
    file = CERT_MANAGER_CHART / "Chart.yaml"
    return file.exists() and f"\nappVersion: {CERT_MANAGER.version}\n" in file.read_text()
