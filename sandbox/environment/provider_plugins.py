"""Installs the provider plugins in a PULUMI_HOME: the official ones, where they can be had.

The Kubernetes plugin is one of the tools. The Exoscale plugin can't be built from what package
registries serve: where Pulumi can't download it either, the sandbox's own stands in for it.
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
"""The providers, and the PyPI package that fixes each's version."""


def install_plugins(
    environment: Mapping[str, str], progress: Progress, plugins: Path | None = None
) -> None:
    """Install the plugins in the environment's PULUMI_HOME, where not done yet.

    A line says which one runs. What was chosen for a PULUMI_HOME stays. A plugin that the folder
    `plugins` has is taken from there. Raises SandboxError if it has none, and with Pulumi's own
    words where it refuses.
    """
    home = private_directory(Path(environment["PULUMI_HOME"]))
    versions = {name: importlib.metadata.version(package) for name, package in PACKAGES.items()}
    given = find_plugins(plugins, versions, home) if plugins else {}
    programs = {"kubernetes": TOOLS_BIN / "pulumi-resource-kubernetes", **given}
    for name, version in versions.items():
        plugin = _Plugin(name, version, home, environment)
        said = ""
        if name not in programs:
            said = _official_or_own(plugin)
        elif plugin.install_script(running(programs[name])):
            said = f"from {plugins}" if name in given else "official"
        if said:
            progress.say(f"plugin {name} {version}", said)


def _official_or_own(plugin: "_Plugin") -> str:
    """Install the official plugin, else the sandbox's own; return which and why, "" if one is."""
    own = launcher(plugin.name)
    if plugin.is_official or plugin.has_script(own):
        return ""
    try:
        plugin.install_official()
    except _NotToBeHad as error:
        plugin.install_script(own)
        return f"the sandbox's own: {error}"
    return "official"


def launcher(name: str) -> str:
    """Return the program that Pulumi starts as `pulumi-resource-NAME`.

    The plugin keeps Pulumi's working directory, against which paths in a program are resolved.
    """
    code = (
        "import runpy, sys; "
        f"sys.path[0] = {str(ROOT)!r}; "
        f"runpy.run_module('sandbox.plugins.{name}', run_name='__main__', alter_sys=True)"
    )
    return f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)} "$@"\n'


def running(program: Path) -> str:
    """Return the program that Pulumi starts instead of `program`, which stays where it is."""
    return f'#!/bin/sh\nexec {shlex.quote(str(program))} "$@"\n'


class _NotToBeHad(Exception):
    """Why the official plugin can't be downloaded."""


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
        """Whether Pulumi downloaded the one that is there; the sandbox installs scripts."""
        if not self._program.exists():
            return False
        with self._program.open("rb") as content:
            return content.read(2) != b"#!"

    def has_script(self, content: str) -> bool:
        """Whether the script `content` is what is there."""
        return (
            self._program.exists() and not self.is_official and self._program.read_text() == content
        )

    def install_script(self, content: str) -> bool:
        """Install the script `content`; False if it is there already."""
        if self.has_script(content):
            return False
        with tempfile.NamedTemporaryFile(dir=self._home, suffix=".tar.gz") as archive:
            archive.write(_archive(self._program.name, content))
            archive.flush()
            self._install("--file", archive.name)
        return True

    def install_official(self) -> None:
        """Let Pulumi download the plugin from its package's server; raises _NotToBeHad."""
        # imported here: it brings an HTTP client, which is seldom needed
        from sandbox.toolchain.reach import out_of_reach

        package = importlib.metadata.distribution(PACKAGES[self.name])
        described = Path(str(package.locate_file(f"{PACKAGES[self.name]}/pulumi-plugin.json")))
        server = str(json.loads(described.read_text())["server"])
        # github://HOST/OWNER/REPOSITORY, where the host is that of the API
        api, _, repository = server.partition("://")[2].partition("/")
        address = f"https://{api}/repos/{repository}/releases/tags/v{self._version}"
        if missing := out_of_reach([address]):
            raise _NotToBeHad(f"{', '.join(missing)} can't be reached")
        try:
            self._install("--server", server)
        except SandboxError as error:
            raise _NotToBeHad(str(error).rpartition("\n")[2]) from error

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
