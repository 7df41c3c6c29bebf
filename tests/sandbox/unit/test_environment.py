"""What a command sees inside the sandbox, and what it leaves behind in the clone."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml

from sandbox.account import Account
from sandbox.daemon.kubeconfig import merged_kubeconfig
from sandbox.environment.provider_plugins import launcher_script
from sandbox.environment.stack_files import stack_files, temporary_salts
from sandbox.environment.variables import command_environment, export_lines
from sandbox.errors import SandboxError
from sandbox.paths import TOOLS_BIN

ACCOUNT = Account(
    api_key="EXO1", api_secret="hush", passphrase="it's quiet", port=4711, proxy_port=4712
)
HOME = Path("/somewhere/a home")


@pytest.fixture(autouse=True)
def passphrase_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "clone's" / "passphrase"
    monkeypatch.setattr("sandbox.account.PASSPHRASE_FILE", file)
    return file


def test_sandboxes_of_one_clone_share_a_passphrase(tmp_path: Path, passphrase_file: Path) -> None:
    first, second = (Account.load_or_create(tmp_path / name) for name in ("a", "b"))
    assert first.passphrase == second.passphrase == passphrase_file.read_text()
    assert len(first.passphrase) == 32
    assert first.api_secret != second.api_secret
    assert stat.S_IMODE(passphrase_file.stat().st_mode) == 0o600
    assert [file.name for file in passphrase_file.parent.iterdir()] == ["passphrase"]


def test_account_is_made_once_and_private(tmp_path: Path) -> None:
    account = Account.load_or_create(tmp_path / "new")
    file = tmp_path / "new" / "account.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert account.api_key.startswith("EXO")
    assert len(account.api_key) == 27
    assert Account.load_or_create(tmp_path / "new") == account
    assert account.api_secret not in repr(account)
    assert account.passphrase not in repr(account)


def test_damaged_account_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text("{")
    with pytest.raises(SandboxError, match="reset"):
        Account.load(tmp_path)


def test_no_account_is_none(tmp_path: Path) -> None:
    assert Account.load(tmp_path) is None


def test_tools_and_virtual_environment_come_first_on_path() -> None:
    path = command_environment(ACCOUNT, HOME, {"PATH": "/usr/bin:/bin"})["PATH"]
    assert path.split(":") == [str(TOOLS_BIN), str(Path(sys.executable).parent), "/usr/bin", "/bin"]


def test_nothing_leads_out_of_the_sandbox() -> None:
    outer = {
        "PATH": "/bin",
        "PULUMI_ACCESS_TOKEN": "real",
        "PULUMI_BACKEND_URL": "https://real",
        "EXOSCALE_API_KEY": "real",
        "EXOSCALE_API_SECRET": "real",
        "EXOSCALE_KEY": "real",
        "CLOUDSTACK_SECRET": "real",
        "EXOSCALE_API_ENVIRONMENT": "real",
        "KUBECONFIG": "/real",
        "NO_PROXY": "intranet",
        "EDITOR": "vi",
    }
    inner = command_environment(ACCOUNT, HOME, outer)
    assert [name for name, value in inner.items() if "real" in value] == []
    assert inner["EDITOR"] == "vi"
    assert inner["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert inner["EXOSCALE_API_ENDPOINT"] == "http://127.0.0.1:4711/v2"
    assert inner["PULUMI_BACKEND_URL"] == "file:///somewhere/a home/pulumi-state?metadata=skip"


@pytest.mark.parametrize(("cores", "operations"), [(1, "16"), (2, "16"), (8, "32"), (None, "16")])
def test_a_small_machine_runs_more_operations_at_once_than_by_default(
    cores: int | None, operations: str
) -> None:
    with patch("os.cpu_count", return_value=cores):
        assert command_environment(ACCOUNT, HOME, {})["PULUMI_PARALLEL"] == operations
        own = {"PULUMI_PARALLEL": "3"}
        assert command_environment(ACCOUNT, HOME, own)["PULUMI_PARALLEL"] == "3"


def test_exoscales_own_names_lead_into_the_sandbox() -> None:
    inner = command_environment(ACCOUNT, HOME, {"HTTPS_PROXY": "http://outer:3128"})
    assert inner["HTTPS_PROXY"] == inner["https_proxy"] == "http://127.0.0.1:4712"
    assert inner["SSL_CERT_FILE"] == "/somewhere/a home/tls/authorities.pem"


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("*", ""),
        ("intranet, .corp.example", "intranet,.corp.example,"),
        ("api-ch-gva-2.exoscale.com,.exoscale.com,exoscale.com,*.exo.io,.com,com,a.com", "a.com,"),
        ("notexoscale.com", "notexoscale.com,"),
    ],
)
def test_no_exception_leads_past_the_proxy_to_exoscale(outer: str, inner: str) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        variables = command_environment(ACCOUNT, HOME, {name: outer})
        assert variables[name] == f"{inner}127.0.0.1,localhost"


def test_each_folder_of_plugins_has_a_pulumi_home_of_its_own() -> None:
    folders = (None, Path("/a"), Path("/b"))
    homes = {command_environment(ACCOUNT, HOME, {}, folder)["PULUMI_HOME"] for folder in folders}
    states = {
        command_environment(ACCOUNT, HOME, {}, folder)["PULUMI_BACKEND_URL"] for folder in folders
    }
    assert (len(homes), len(states)) == (3, 1)


def test_an_account_from_before_the_proxy_gets_a_port_for_it(tmp_path: Path) -> None:
    before = Account.load_or_create(tmp_path)
    file = tmp_path / "account.json"
    fields = json.loads(file.read_text())
    del fields["proxy_port"], fields["dns_port"]
    file.write_text(json.dumps(fields))
    after = Account.load_or_create(tmp_path)
    assert after.proxy_port
    assert after.dns_address == f"127.0.0.1:{after.dns_port}"
    assert after.dns_port not in (0, after.port, after.proxy_port)
    assert after == Account.load(tmp_path)
    assert after.api_secret == before.api_secret


def test_export_lines_give_a_shell_the_same_environment() -> None:
    outer = {"PATH": "/usr/bin:/bin", "PULUMI_ACCESS_TOKEN": "real"}
    script = "\n".join([*export_lines(ACCOUNT, HOME, outer), "env -0"])
    shell = subprocess.run(
        ["/bin/sh", "-c", script], env=outer, capture_output=True, text=True, check=True
    )
    seen = dict(line.split("=", 1) for line in shell.stdout.split("\0") if line)
    wanted = command_environment(ACCOUNT, HOME, outer)
    assert {name: seen.get(name) for name in wanted} == wanted
    assert "PULUMI_ACCESS_TOKEN" not in seen


def test_plugin_launcher_runs_the_module_in_the_callers_folder(tmp_path: Path) -> None:
    file = tmp_path / "launcher"
    file.write_text(launcher_script("absent"))
    file.chmod(0o755)
    answer = subprocess.run([file], cwd=tmp_path, capture_output=True, text=True)
    assert "No module named sandbox.plugins.absent" in answer.stderr


CONFIG = "# why\nconfig:\n  app:replicas: 3   # three\n\n  app:zone: ch-gva-2\n"
SALT = "encryptionsalt: v1:abc=:v1:def:ghi==\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    clone, scratch = tmp_path / "clone", tmp_path / "home" / "pulumi-stacks"
    clone.mkdir()
    scratch.mkdir(parents=True)
    (clone / "Pulumi.yaml").write_text("name: app\n")
    (clone / "Pulumi.dev.yaml").write_text(CONFIG)
    (scratch / "Pulumi.dev.yaml").write_text(SALT)
    return clone


def test_stacks_are_those_with_a_file(clone: Path) -> None:
    assert stack_files(clone) == {"dev": clone / "Pulumi.dev.yaml"}


@pytest.mark.parametrize(
    ("written", "left"),
    [
        # as Pulumi writes it: its salt, and no blank lines
        (CONFIG.replace("\n\n", "\n").replace("   #", " #") + SALT, CONFIG),
        (CONFIG, CONFIG),
        # a change of the configuration stays
        (CONFIG.replace("3", "5") + SALT, CONFIG.replace("3", "5")),
        # an encrypted value is lost without its salt
        (CONFIG + "  app:key:\n    secure: v1:x\n" + SALT,) * 2,
        # the salt of a stack elsewhere is none of the sandbox's business
        (CONFIG + "encryptionsalt: v1:other\n",) * 2,
    ],
)
def test_stack_files_are_left_as_they_were(clone: Path, written: str, left: str) -> None:
    with temporary_salts(clone.parent / "home", folder=clone):
        (clone / "Pulumi.dev.yaml").write_text(written)
    assert (clone / "Pulumi.dev.yaml").read_text() == left


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        (CONFIG, CONFIG + SALT),
        (CONFIG.rstrip(), CONFIG + SALT),
        ("", SALT),
        # Pulumi has no salt to write
        *((CONFIG + key,) * 2 for key in (SALT, "secretsprovider: awskms://a\n")),
        # nothing that a line can be appended to
        *((text,) * 2 for text in ("{config: {app:replicas: 3}}\n", "config: [\n", "- a\n")),
    ],
)
def test_while_a_command_runs_pulumi_has_no_reason_to_write_a_stack_file(
    clone: Path, text: str, inside: str
) -> None:
    (clone / "Pulumi.dev.yaml").write_text(text)
    with temporary_salts(clone.parent / "home", ("pulumi", "up"), clone):
        assert (clone / "Pulumi.dev.yaml").read_text() == inside
    assert (clone / "Pulumi.dev.yaml").read_text() == text.replace(SALT, "")


def test_the_salt_stays_until_the_last_of_several_commands_ends(clone: Path) -> None:
    home, file = clone.parent / "home", clone / "Pulumi.dev.yaml"
    with temporary_salts(home, folder=clone):
        with temporary_salts(home, folder=clone):
            pass
        assert file.read_text() == CONFIG + SALT
    assert file.read_text() == CONFIG


def test_a_command_that_names_a_stack_uses_no_other(clone: Path) -> None:
    (clone / "Pulumi.e2e.yaml").write_text(CONFIG)
    (clone.parent / "home" / "pulumi-stacks" / "Pulumi.e2e.yaml").write_text(SALT)
    for command in (("pulumi", "up", "--stack", "e2e"), ("tool", "--stack=e2e"), ("tool", "e2e")):
        with temporary_salts(clone.parent / "home", command, clone):
            assert (clone / "Pulumi.dev.yaml").read_text() == CONFIG
            assert (clone / "Pulumi.e2e.yaml").read_text() == CONFIG + SALT


def test_a_salt_left_by_an_interrupted_command_is_taken_out(clone: Path) -> None:
    (clone / "Pulumi.dev.yaml").write_text(CONFIG + SALT)
    with temporary_salts(clone.parent / "home", folder=clone):
        pass
    assert (clone / "Pulumi.dev.yaml").read_text() == CONFIG


def _kubeconfig(server: str) -> str:
    return (
        f"clusters: [{{name: x, cluster: {{server: '{server}'}}}}]\n"
        f"users: [{{name: x, user: {{token: '{server}'}}}}]\n"
    )


@pytest.mark.parametrize(
    ("names", "contexts", "current"),
    [
        ([], [], ""),
        (["webapp-dev", "webapp-local"], ["webapp-dev", "webapp-local"], "webapp-local"),
        (["b", "a"], ["a", "b"], "a"),
        (["same", "same"], ["same", "same-2"], "same"),
    ],
)
def test_kubeconfig_has_a_context_for_every_cluster(
    names: list[str], contexts: list[str], current: str
) -> None:
    config = yaml.safe_load(
        merged_kubeconfig([(name, _kubeconfig(str(n))) for n, name in enumerate(names)])
    )
    assert [context["name"] for context in config["contexts"]] == contexts
    assert config["current-context"] == current
    assert {cluster["cluster"]["server"] for cluster in config["clusters"]} == {
        str(n) for n in range(len(names))
    }


def test_what_makes_python_slow_is_not_passed_on(tmp_path: Path) -> None:
    outer = {"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/home/me"}
    inner = command_environment(ACCOUNT, tmp_path, outer)
    assert "PYTHONDONTWRITEBYTECODE" not in inner
    assert inner["HOME"] == "/home/me"
    assert "unset PYTHONDONTWRITEBYTECODE" in export_lines(ACCOUNT, tmp_path, outer)
