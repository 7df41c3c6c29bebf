"""Who may do what on a cluster, for how long, and that no secret is seen."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.paths import ROOT, write_private
from tests.program.integration.cluster_stack import POOL, PROGRAM, create_stack, plan
from tests.support.account import VERSION, Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]

TOKEN = "audit-token-nobody-may-see"
FORMER_NAME = 'f"{pulumi.get_project()}-{pulumi.get_stack()}"'
"""What the cluster was called in the program when it had the stack's name in it."""
RENEW = ("--target", "**SksKubeconfig::*", "--target", "**pulumi:providers:kubernetes::*")
"""The command of `docs/troubleshooting.md`, and that of `make renew`, is `pulumi up` with these."""

REFUSED = "the server has asked for the client to provide credentials"
TROUBLE = (ROOT / "docs" / "troubleshooting.md").read_text()

ON_THE_CLUSTER = """
from pulumi_kubernetes.core.v1 import Namespace

Namespace(
    "web",
    metadata={"name": "web"},
    opts=pulumi.ResourceOptions(provider=cluster.provider, depends_on=[cluster]),
)
"""


@pytest.fixture(scope="module")
def access(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A cluster whose two kubeconfigs have to be renewed by every `up`."""
    short = {"ttlSeconds": 3600, "earlyRenewalSeconds": 3599}
    settings = {
        "zone": "ch-gva-2",
        "version": VERSION,
        "nodepools": [POOL],
        "kubeconfig": short,
        "readOnlyKubeconfig": short,
        "audit": {"endpoint": "https://audit.example"},
    }
    folder = tmp_path_factory.mktemp("access") / "project"
    stack = create_stack("access", folder, sandbox, settings)
    (folder / "__main__.py").write_text(PROGRAM.replace('"cluster"', FORMER_NAME))
    stack("config", "set", "--secret", "--path", "cluster.audit.bearerToken", TOKEN)
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")


def test_a_stack_of_before_is_renamed_and_nothing_of_it_is_made_anew(
    access: Stack, sandbox: Sandbox
) -> None:
    """All that changes is what changes in every `up` of this stack: its kubeconfigs."""
    before = sandbox.holds()
    renewals = {
        "SksKubeconfig": {"replace"},
        "kubernetes": {"update"},
        "ClusterRoleBinding": {"update"},
    }
    shutil.copy(ROOT / "__main__.py", access.folder)
    assert plan(access).operations == renewals | {"Stash": {"create"}}
    access.up()
    named = [r["urn"] for r in access.resources() if r["urn"].endswith("webapp-access")]
    assert [urn.split("::")[2] for urn in named] == ["pulumi:pulumi:Stack"]

    access("stack", "rename", "renamed")
    renamed = replace(access, name="renamed")
    assert plan(renamed).operations == renewals
    renamed.up()
    renamed("stack", "rename", access.name)
    assert sandbox.holds() == before


def test_a_token_is_nowhere_in_clear(access: Stack) -> None:
    assert TOKEN not in access.file.read_text()
    assert TOKEN not in json.dumps(access.resources())
    access("preview", "--diff")
    settings = access.file.read_text()
    access.file.write_text(settings.replace("zone: ch-gva-2", "zone: mars"))
    assert "cluster.zone: [secret]: must be one of" in access.run("preview").stdout
    access.file.write_text(settings)
    assert not [text for text in access.transcript if TOKEN in text]


def test_people_may_look_and_not_touch(access: Stack, sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    write_private(file, access.outputs(secrets=True)["read_only_kubeconfig"])
    reader = Kube(file, sandbox.environment)
    assert reader.names("serviceaccounts", "kube-system")
    assert reader.run("kubectl", "auth", "can-i", "list", "pods", "--all-namespaces") == "yes\n"
    for command in ("get secrets", "delete serviceaccount default", "create namespace mine"):
        with pytest.raises(AssertionError, match='User "reader" cannot'):
            reader.run("kubectl", *command.split(), "--namespace", "kube-system")


def test_a_renewal_replaces_no_kubernetes_object(access: Stack) -> None:
    """The preview can't ask the cluster with credentials that are not there yet: Pulumi shows the
    objects as updates. The `up` finds that they are the same."""
    before = access.outputs(secrets=True)
    planned = plan(access)
    assert (
        planned.operations["kubernetes"] == planned.operations["ClusterRoleBinding"] == {"update"}
    )
    done = access.up()
    assert (done["replace"], done["update"]) == (2, 1)
    after = access.outputs(secrets=True)
    assert all(before[name] != after[name] for name in ("kubeconfig", "read_only_kubeconfig"))


def test_make_renews_kubeconfigs_that_near_their_end_and_nothing_else(access: Stack) -> None:
    """Not what else the settings say by now, nor kubeconfigs that have time."""
    before, settings = access.outputs(secrets=True), access.file.read_text()
    access.set("cluster.description", "later")
    arguments = dry_run("renew", f"STACK={access.name}").split("tools.refreshed up ")[1]
    assert shlex.split(arguments) == ["--yes", "--stack", "$STACK", *RENEW]
    done = access.up(*RENEW)
    after = access.outputs(secrets=True)
    assert all(before[name] != after[name] for name in ("kubeconfig", "read_only_kubeconfig"))
    assert (done["replace"], done["update"]) == (2, 1)
    assert plan(access).operations["SksCluster"] == {"update"}

    for kubeconfig in ("kubeconfig", "readOnlyKubeconfig"):
        access.set(f"cluster.{kubeconfig}.earlyRenewalSeconds", "0")
    access.up(*RENEW)
    kept = access.outputs(secrets=True)
    assert access.up(*RENEW).keys() == {"same"}
    assert access.outputs(secrets=True) == kept
    access.file.write_text(settings)
    access.up()


def dry_run(*arguments: str) -> str:
    """The command that make would run, on one line."""
    command = ["make", "--dry-run", "--silent", "--old-file=.venv/tools-ready", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.replace("\\\n", " ")


def test_a_protected_cluster_is_neither_removed_nor_replaced(
    access: Stack, sandbox: Sandbox
) -> None:
    settings = access.file.read_text()
    access("config", "set", "--path", "cluster.protect", "true")
    access.up()
    before = sandbox.holds(), len(access.resources())
    removal = access.run("destroy", "--yes")  # its preview refuses; without one, the rest would go
    protected = access.file.read_text()
    access("config", "set", "--path", "cluster.cni", "cilium")
    replacement = access.run("preview")
    access.file.write_text(protected)
    for answer in (removal, replacement):
        assert answer.returncode != 0
        assert "protect" in answer.stdout + answer.stderr
    assert (sandbox.holds(), len(access.resources())) == before
    access.file.write_text(settings)
    access.up()


def test_a_version_that_is_not_offered_is_refused_before_anything_is_made(
    access: Stack, sandbox: Sandbox
) -> None:
    settings = {"zone": "ch-gva-2", "version": "1.34.99", "nodepools": [POOL]}
    stack = create_stack("unknown-version", access.folder, sandbox, settings)
    before = sandbox.holds()
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        answer = stack.run(*command)
        assert answer.returncode != 0
        said = answer.stdout + answer.stderr
        reason = f"must be a version that Exoscale offers: {VERSION}"
        assert f'cluster.version: "1.34.99": {reason}' in said
    assert sandbox.holds() == before
    stack("destroy", "--yes", "--skip-preview")


def test_missing_credentials_are_named(access: Stack, given_plugins: Path | None) -> None:
    """The official plugin names none, and the page says which they are."""
    environment = dict(access.environment)
    del environment["EXOSCALE_API_KEY"]
    answer = subprocess.run(
        access.command("preview", "--refresh"),
        cwd=access.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode != 0
    told = answer.stdout + answer.stderr
    if given_plugins is None:
        assert "EXOSCALE_API_KEY" in told
    else:
        official = "missing or incomplete API credentials"
        assert official in told
        (row,) = (line for line in TROUBLE.splitlines() if f"`{official}`" in line)
        assert "`EXOSCALE_API_KEY`" in row


def test_a_kubeconfig_that_has_run_out_is_renewed_by_one_command(
    access: Stack, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It is the last test: what is left is removed with the new one."""
    command = next(line for line in TROUBLE.splitlines() if RENEW[1] in line)
    assert all(part in command for part in RENEW)
    (access.folder / "__main__.py").write_text(PROGRAM + ON_THE_CLUSTER)
    access.set("cluster.kubeconfig.ttlSeconds", "60")
    access.set("cluster.kubeconfig.earlyRenewalSeconds", "0")
    access.up()
    assert REFUSED in eventually(lambda: failure(access, "refresh"), within=120)
    assert REFUSED in failure(access, "destroy")

    access("config", "rm", "--path", "cluster.kubeconfig")
    access.up(*RENEW)
    file = tmp_path / "kubeconfig"
    write_private(file, access.outputs(secrets=True)["kubeconfig"])
    assert "web" in Kube(file, sandbox.environment).names("namespaces")
    access("refresh", "--yes", "--skip-preview")


def failure(stack: Stack, command: str) -> str:
    """What a command says that fails; nothing of one that does not."""
    answer = stack.run(command, "--yes", "--skip-preview")
    return answer.stdout + answer.stderr if answer.returncode else ""
