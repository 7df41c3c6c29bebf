"""`exec --plugins`, and Exoscale's own names inside the sandbox."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from sandbox.paths import ROOT, TOOLS_BIN
from tests.support.account import Sandbox

pytestmark = pytest.mark.integration

OWN_CODE = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"


def run(
    sandbox: Sandbox, *arguments: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env={**environment, "SANDBOX_HOME": str(sandbox.home)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_exoscales_own_name_leads_to_the_account(sandbox: Sandbox) -> None:
    """A program that knows nothing of the sandbox, in its environment, asks Exoscale."""
    address = "https://api-ch-gva-2.exoscale.com/v2/zone"
    answer = subprocess.run(
        [sys.executable, "-c", OWN_CODE, address],
        env=sandbox.environment,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert sandbox.credentials.base_url in answer.stdout
    log = (sandbox.home / "log" / "requests.log").read_text()
    assert "GET /v2/zone" in log


@pytest.mark.parametrize("host", ["portal.exoscale.com", "sos-ch-gva-2.exo.io"])
def test_the_cloud_itself_is_out_of_reach(sandbox: Sandbox, host: str) -> None:
    proxies = {"https": sandbox.environment["HTTPS_PROXY"]}
    with pytest.raises(requests.exceptions.ProxyError, match="403 Forbidden"):
        requests.get(f"https://{host}/", proxies=proxies, timeout=10)


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with one plugin, which tells what it is."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    program = folder / "pulumi-resource-exoscale"
    program.write_text("#!/bin/sh\necho of the folder\n")
    program.chmod(0o755)
    return folder


def test_plugins_of_a_folder(sandbox: Sandbox, plugins: Path) -> None:
    programs = '"$PULUMI_HOME"/plugins/*/pulumi-resource-'
    ask = f"cat {programs}kubernetes; {programs}exoscale"
    chosen = ("--plugins", str(plugins))
    given = run(sandbox, "exec", *chosen, "--", "sh", "-c", ask, environment=sandbox.environment)
    assert given.stdout.endswith("of the folder\n"), given.stderr
    # the other one is the tool, as without a folder
    tool = str(TOOLS_BIN / "pulumi-resource-kubernetes")
    assert tool in given.stdout
    look = f"cat {programs}kubernetes; grep --files-with-matches --text {plugins} {programs}*"
    without = run(sandbox, "exec", "--", "sh", "-c", look, environment=sandbox.environment)
    assert tool in without.stdout
    assert without.returncode == 1, "grep found the folder in a plugin"
    listed = run(
        sandbox, "exec", *chosen, "--", "pulumi", "stack", "ls", environment=sandbox.environment
    )
    assert "local" in listed.stdout


def test_environment_of_a_folder(sandbox: Sandbox, plugins: Path) -> None:
    answer = run(sandbox, "env", "--plugins", str(plugins), environment=sandbox.environment)
    (line,) = [line for line in answer.stdout.splitlines() if "PULUMI_HOME" in line]
    assert str(sandbox.home / "pulumi-homes") in line


def test_a_folder_without_plugins(sandbox: Sandbox, tmp_path: Path) -> None:
    arguments = ("exec", "--plugins", str(tmp_path), "--", "true")
    answer = run(sandbox, *arguments, environment=sandbox.environment)
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"sandbox: --plugins: {tmp_path} has none of ")
    assert answer.stderr.count("\n") == 1
