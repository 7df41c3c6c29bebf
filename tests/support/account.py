"""A sandbox for the tests, and what its Exoscale account holds."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from exoscale.api.v2 import Client

from sandbox.account import Account
from sandbox.environment.variables import command_environment
from sandbox.paths import ROOT
from sandbox.toolchain.tools import EARLIER_KUBERNETES_VERSION, KUBERNETES_VERSION
from tests.support.security_group_rules import ingress

COMMAND_SECONDS = 300
ZONE = "ch-gva-2"
VERSION = KUBERNETES_VERSION
OLDER_VERSION = EARLIER_KUBERNETES_VERSION


def policy(role: str) -> dict[str, Any]:
    """The policy document in `docs/iam/ROLE.json`."""
    return dict(json.loads((ROOT / "docs" / "iam" / f"{role}.json").read_text()))


def key_with_role(client: Client, role: str) -> dict[str, str]:
    """The variables of a new key with that role, which is made too."""
    made = client.create_iam_role(name=role, policy=policy(role))
    key = client.create_api_key(name=role, role_id=made["reference"]["id"])
    return {"EXOSCALE_API_KEY": key["key"], "EXOSCALE_API_SECRET": key["secret"]}


@dataclass(frozen=True)
class Sandbox:
    """The sandbox whose files are under `home`.

    Its commands use the provider plugins in the folder `plugins`, where that is given.
    """

    home: Path
    plugins: Path | None = None

    def up(self, *arguments: str, timeout: float = COMMAND_SECONDS) -> None:
        """Start it, and install the provider plugins."""
        self.run("up", *arguments, timeout=timeout)
        if self.plugins:
            self.run("exec", "--plugins", str(self.plugins), "--", "true")

    def run(self, *command: str, timeout: float = COMMAND_SECONDS) -> str:
        """Run `python -m sandbox COMMAND` and return its output; fail with it if it fails."""
        answer = subprocess.run(
            [sys.executable, "-m", "sandbox", *command],
            cwd=ROOT,
            env={**os.environ, "SANDBOX_HOME": str(self.home)},
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    @property
    def credentials(self) -> Account:
        """The account's address and key."""
        account = Account.load(self.home)
        assert account is not None
        return account

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment that `sandbox exec` gives to commands, with a key that may only deploy.

        So whatever a test does with it needs no operation beyond those in `docs/iam/deploy.json`.
        """
        return self.environment_of("deploy")

    def environment_of(self, role: str) -> dict[str, str]:
        """As `environment`, with a new key whose role is that of `docs/iam/ROLE.json`."""
        environment = command_environment(self.credentials, self.home, plugins=self.plugins)
        return {**environment, **key_with_role(self.client, role)}

    @cached_property
    def client(self) -> Client:
        """Exoscale's own client, on this account."""
        account = self.credentials
        return Client(account.api_key, account.api_secret, url=account.endpoint)

    def processes(self) -> dict[int, str]:
        """Return the processes that belong to this sandbox: their ids and command lines.

        Those are the daemon, what it started, and what a Pulumi command left behind.
        """
        wanted = f"SANDBOX_HOME={self.home}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (PermissionError, FileNotFoundError, ProcessLookupError):
                continue  # another user's, or gone meanwhile
            if wanted in environment and command:
                found[int(folder.name)] = command
        return found

    def holds(self) -> dict[str, list[str]]:
        """Return the names of all that the account holds, by kind."""
        client = self.client
        kinds = {
            "sks-clusters": client.list_sks_clusters,
            "load-balancers": client.list_load_balancers,
            "security-groups": client.list_security_groups,
            "anti-affinity-groups": client.list_anti_affinity_groups,
            "instance-pools": client.list_instance_pools,
            "instances": client.list_instances,
        }
        return {
            kind: sorted(item["name"] for item in listed()[kind]) for kind, listed in kinds.items()
        }

    def create_cluster(
        self, name: str, size: int, addons: Sequence[str] = (), group: str | None = None
    ) -> str:
        """Create a cluster with `size` nodes, in the security group `group`; return its id."""
        cluster: str = self.done(
            self.client.create_sks_cluster(
                name=name, level="starter", version=VERSION, cni="calico", addons=[*addons]
            )
        )
        types = self.client.list_instance_types()["instance-types"]
        small = next(
            kind for kind in types if (kind["family"], kind["size"]) == ("standard", "small")
        )
        self.done(
            self.client.create_sks_nodepool(
                id=cluster,
                name="workers",
                size=size,
                disk_size=20,
                instance_type={"id": small["id"]},
                security_groups=[{"id": group}] if group else [],
            )
        )
        return cluster

    def let_in(self, group: str, protocol: str, first: int, last: int, **source: Any) -> None:
        """Add a rule to a security group."""
        rule = ingress(protocol, first, last, **source)
        self.done(self.client.add_rule_to_security_group(id=group, **rule))

    def close(self, group: str, first: int) -> None:
        """Delete the rules of a security group that begin with this port."""
        for rule in self.client.get_security_group(id=group)["rules"]:
            if rule["start-port"] == first:
                self.done(self.client.delete_rule_from_security_group(id=group, rule_id=rule["id"]))

    def delete_cluster(self, cluster: str) -> None:
        """Delete a cluster with its nodepools."""
        for pool in self.client.get_sks_cluster(id=cluster)["nodepools"]:
            self.done(self.client.delete_sks_nodepool(id=cluster, sks_nodepool_id=pool["id"]))
        self.done(self.client.delete_sks_cluster(id=cluster))

    def kubeconfig(self, cluster: str) -> str:
        """Return a kubeconfig (YAML) of the cluster's administrator."""
        answer = self.client.generate_sks_cluster_kubeconfig(
            id=cluster, user="tests", groups=["system:masters"], ttl=24 * 3600
        )
        return base64.b64decode(answer["kubeconfig"]).decode()

    def done(self, operation: dict[str, Any]) -> Any:
        """The id of what an operation that succeeds refers to."""
        ended = self.client.wait(operation["id"], max_wait_time=COMMAND_SECONDS)
        assert ended["state"] == "success", ended
        return ended["reference"]["id"]
