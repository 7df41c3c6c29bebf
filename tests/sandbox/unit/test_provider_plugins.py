"""Which provider plugins a PULUMI_HOME gets; `pulumi` is a program of the test's own."""

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.environment import provider_plugins, pulumi_command
from sandbox.environment.provider_plugins import install_plugins, launcher_script, wrapper_script
from sandbox.progress import Progress
from sandbox.toolchain import reach

PULUMI = """
import os, sys, tarfile
from pathlib import Path

_, _, kind, name, version, option, value, _ = arguments = sys.argv[1:]
home = Path(os.environ["PULUMI_HOME"])
with (home / "calls").open("a") as calls:
    calls.write(f"{name} {option} {value if option == '--server' else ''}\\n")
folder = home / "plugins" / f"resource-{name}-v{version}"
folder.mkdir(parents=True, exist_ok=True)
if option == "--file":
    with tarfile.open(value) as archive:
        archive.extractall(folder, filter="data")
elif "BROKEN" in os.environ:
    sys.exit("warning: once more\\nerror: failed to download plugin")
else:
    (folder / f"pulumi-resource-{name}").write_bytes(b"\\x7fELF official")
"""
SERVER = "github://api.github.com/pulumiverse/pulumi-exoscale"


@dataclass(frozen=True)
class Home:
    """A PULUMI_HOME."""

    folder: Path

    def install(self, plugins: Path | None = None, **more: str) -> list[str]:
        """Return the lines that were said."""
        output = io.StringIO()
        environment = {"PULUMI_HOME": str(self.folder), "PATH": "/usr/bin:/bin", **more}
        install_plugins(environment, Progress(output), plugins)
        return [" ".join(line.split()) for line in output.getvalue().splitlines()]

    def calls(self) -> list[str]:
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line.strip() for line in lines]

    def plugin(self, name: str) -> bytes:
        (program,) = self.folder.glob(f"plugins/resource-{name}-v*/pulumi-resource-{name}")
        return program.read_bytes()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{PULUMI}")
    program.chmod(0o755)
    for module in (provider_plugins, pulumi_command):
        monkeypatch.setattr(module, "TOOLS_BIN", program.parent)
    return Home(tmp_path / "home")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_answered", {"api.github.com": False})


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_answered", {"api.github.com": True})


@pytest.mark.usefixtures("offline")
def test_without_a_network_the_sandboxs_own_stands_in(home: Home) -> None:
    assert home.install() == [
        "plugin kubernetes 4.25.0 official",
        "plugin exoscale 0.66.1 the sandbox's own: api.github.com can't be reached",
    ]
    assert home.plugin("exoscale").decode() == launcher_script("exoscale")
    tool = home.folder.parent / "bin" / "pulumi-resource-kubernetes"
    assert home.plugin("kubernetes").decode() == wrapper_script(tool)
    assert home.calls() == ["kubernetes --file", "exoscale --file"]


@pytest.mark.usefixtures("online")
def test_the_official_one_is_the_default(home: Home) -> None:
    said = home.install()
    assert said[1] == "plugin exoscale 0.66.1 official"
    assert home.plugin("exoscale") == b"\x7fELF official"
    assert home.calls() == ["kubernetes --file", f"exoscale --server {SERVER}"]


@pytest.mark.parametrize("network", ["offline", "online"])
def test_what_was_chosen_stays_and_nobody_is_asked(
    home: Home,
    network: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request.getfixturevalue(network)
    home.install()
    before = home.plugin("exoscale")
    home.calls()

    def asked(*_: object) -> None:
        raise AssertionError("a publisher was asked")

    monkeypatch.setattr(reach, "unreachable_hosts", asked)
    assert home.install() == []
    assert home.calls() == []
    assert home.plugin("exoscale") == before


@pytest.mark.usefixtures("online")
def test_a_failed_download_leads_to_the_sandboxs_own(home: Home) -> None:
    said = home.install(BROKEN="1")
    assert said[1] == ("plugin exoscale 0.66.1 the sandbox's own: error: failed to download plugin")
    assert home.plugin("exoscale").decode() == launcher_script("exoscale")


@pytest.mark.usefixtures("offline")
def test_a_folder_of_the_users_goes_first(home: Home, tmp_path: Path) -> None:
    given = tmp_path / "given" / "pulumi-resource-exoscale"
    given.parent.mkdir()
    given.write_bytes(b"\x7fELF given")
    assert home.install(given.parent) == [
        "plugin kubernetes 4.25.0 official",
        f"plugin exoscale 0.66.1 from {given.parent}",
    ]
    assert home.plugin("exoscale").decode() == wrapper_script(given)
    assert home.install(given.parent) == []
