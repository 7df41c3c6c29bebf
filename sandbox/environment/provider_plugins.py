"""Installs the provider plugins in a PULUMI_HOME: the official ones if possible.

The Kubernetes plugin is one of the tools. The Exoscale plugin can't be built from the sources that
package registries serve. If Pulumi can't download it, the sandbox installs its own replacement.
"""

import importlib.metadata
import io
import json
import shlex
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sandbox.environment.plugin_folder import find_plugins
from sandbox.environment.pulumi_command import pulumi
from sandbox.errors import SandboxError
from sandbox.paths import ROOT, TOOLS_BIN, private_directory
from sandbox.progress import Progress

PACKAGES = {"kubernetes": "pulumi_kubernetes", "exoscale": "pulumiverse_exoscale"}
"""The PyPI package of each provider, which determines the version of the plugin."""


def install_plugins(
    environment: Mapping[str, str], progress: Progress, plugins: Path | None = None
) -> None:
    """Installs the plugins in the environment's PULUMI_HOME, unless they are installed.

    A line for each installed plugin names its origin. An installed Exoscale plugin is kept,
    unless the folder `plugins` has one.

    Args:
        environment: the environment of the sandbox's commands.
        progress: shows a line for each installed plugin.
        plugins: a folder of provider plugins, which replace the default ones.

    Raises:
        SandboxError: if `plugins` contains no plugin, or with the message of Pulumi if Pulumi
            can't install one.
    """
    home = private_directory(Path(environment["PULUMI_HOME"]))
    versions = {name: importlib.metadata.version(package) for name, package in PACKAGES.items()}
    given = find_plugins(plugins, versions, home) if plugins else {}
    programs = {"kubernetes": TOOLS_BIN / "pulumi-resource-kubernetes", **given}
    for name, version in versions.items():
        plugin = _Plugin(name, version, home, environment)
        origin = ""
        if name not in programs:
            origin = _install_official_or_own(plugin)
        elif plugin.install_script(wrapper_script(programs[name])):
            origin = f"from {plugins}" if name in given else "official"
        if origin:
            progress.say(f"plugin {name} {version}", origin)


def _install_official_or_own(plugin: "_Plugin") -> str:
    """Installs the official plugin; if it is not available, the sandbox's own.

    Returns the plugin's origin, with the reason; "" if one of the two is already installed.
    """
    own = launcher_script(plugin.name)
    if plugin.is_official or plugin.has_script(own):
        return ""
    try:
        plugin.install_official()
    except _NotAvailable as error:
        plugin.install_script(own)
        return f"the sandbox's own: {error}"
    return "official"


def launcher_script(name: str) -> str:
    """Returns the script `pulumi-resource-NAME` that starts the sandbox's own plugin.

    The plugin keeps the working directory of Pulumi, because paths in a Pulumi program are
    relative to it.
    """
    code = (
        "import runpy, sys; "
        f"sys.path[0] = {str(ROOT)!r}; "
        f"runpy.run_module('sandbox.plugins.{name}', run_name='__main__', alter_sys=True)"
    )
    return f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)} "$@"\n'


def wrapper_script(program: Path) -> str:
    """Returns a script that starts `program`, so that `program` needn't be copied."""
    return f'#!/bin/sh\nexec {shlex.quote(str(program))} "$@"\n'


class _NotAvailable(Exception):
    """The official plugin can't be downloaded; the message says why."""


class _Plugin:
    """A provider plugin in a PULUMI_HOME."""

    def __init__(self, name: str, version: str, home: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._version = version
        self._environment = environment
        self._program = home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
        self._home = home

    @property
    def is_official(self) -> bool:
        """Whether the installed plugin is one that Pulumi downloaded: the sandbox's are scripts."""
        if not self._program.exists():
            return False
        with self._program.open("rb") as content:
            return content.read(2) != b"#!"

    def has_script(self, content: str) -> bool:
        """Returns whether the installed plugin is the script `content`."""
        return (
            self._program.exists() and not self.is_official and self._program.read_text() == content
        )

    def install_script(self, content: str) -> bool:
        """Installs the script `content`; returns False if it is already installed."""
        if self.has_script(content):
            return False
        with tempfile.NamedTemporaryFile(dir=self._home, suffix=".tar.gz") as archive:
            archive.write(_archive(self._program.name, content))
            archive.flush()
            self._install("--file", archive.name)
        return True

    def install_official(self) -> None:
        """Lets Pulumi download the plugin from the server that its Python package names.

        Raises:
            _NotAvailable: if the server can't be reached, or if the download fails.
        """
        # Imported here because it loads an HTTP client, which is seldom needed.
        from sandbox.toolchain.reach import unreachable_hosts

        package = importlib.metadata.distribution(PACKAGES[self.name])
        described = Path(str(package.locate_file(f"{PACKAGES[self.name]}/pulumi-plugin.json")))
        server = str(json.loads(described.read_text())["server"])
        # Format: github://HOST/OWNER/REPOSITORY, where HOST is the API's host.
        api, _, repository = server.partition("://")[2].partition("/")
        address = f"https://{api}/repos/{repository}/releases/tags/v{self._version}"
        if missing := unreachable_hosts([address]):
            raise _NotAvailable(f"{', '.join(missing)} can't be reached")
        try:
            self._install("--server", server)
        except SandboxError as error:
            raise _NotAvailable(str(error).rpartition("\n")[2]) from error

    def _install(self, option: str, value: str) -> None:
        arguments = ["plugin", "install", "resource", self.name, self._version, option, value]
        pulumi([*arguments, "--reinstall"], ROOT, self._environment)


def _archive(name: str, content: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.mode = 0o755
        entry.size = len(content.encode())
        archive.addfile(entry, io.BytesIO(content.encode()))
    return buffer.getvalue()
