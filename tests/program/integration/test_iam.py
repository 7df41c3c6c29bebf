"""The roles of `docs/iam` are the least: what they allow is asked, what is asked they allow.

A stack lives from its first preview to its end, on an account without processes, whose API heeds
the role of each key. That the roles suffice for all else that stacks do is shown by all the other
tests, whose keys have the role `deploy`; the check for drift has that of `preview`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exoscale.api.v2 import Client

from sandbox.exoscale_api import iam
from sandbox.exoscale_api.request_log import LOGGER
from tests.program.integration.cluster_stack import POOL
from tests.support.account import OLDER_VERSION, VERSION, Sandbox, key_with_role, policy
from tests.support.served_account import ServedAccount, served_account
from tests.support.stack import Stack, copy_project
from tools.account_leftovers import account_leftovers

pytestmark = pytest.mark.integration

PROGRAM = """
import pulumi
from pulumiverse_exoscale import Dbaas, get_database_uri_output, get_nlb, get_nlb_service_list

from components.dns.dns import Dns
from components.exoscale.kept_load_balancer import create_load_balancer
from components.exoscale.load_balancer_args import LoadBalancerArgs
from components.sks_cluster.autoscaler import credentials
from components.sks_cluster.sks_cluster import SksCluster
from stack.load import load

config, settings = pulumi.Config("life"), load()
balancer, zone = config.require("balancer"), settings.cluster.zone
get_nlb(id=balancer, zone=zone)
get_nlb_service_list(nlb_id=balancer, zone=zone)
cluster = SksCluster("cluster", settings.cluster)
database = Dbaas(
    "database",
    zone=zone,
    type="pg",
    plan=config.require("plan"),
    termination_protection=False,
    pg={"version": "17", "ip_filters": cluster.node_networks(), "backup_schedule": "02:00"},
)
kept = LoadBalancerArgs(description=config.require("plan"))
nlb, _ = create_load_balancer("kept", kept, zone, pulumi.ResourceOptions())
if config.require("plan") != "startup-4":
    credentials.OPERATIONS = credentials.OPERATIONS[:-1]
credentials.create_api_key("autoscaler", pulumi.ResourceOptions())
Dns("dns", settings.dns).point("shop.example.com", nlb.ip_address, record_type="A")
pulumi.export("uri", get_database_uri_output(name=database.id, type="pg", zone=zone).uri)
"""
"""What of the program asks Exoscale's API: what runs on the cluster does not."""

SSH = {"name": "ssh", "ports": 22, "sources": ["198.51.100.0/24"]}
ZONE = "ch-gva-2"
DEPLOY = "deploy-with-autoscaler"
"""The role that allows most. `test_iam_roles.py` compares `deploy` with it."""


@pytest.fixture
def account(tmp_path: Path) -> Iterator[ServedAccount]:
    with served_account(tmp_path / "account") as served:
        yield served


def allowed(role: str) -> set[str]:
    """The operations of the API that a role allows; object storage is not simulated."""
    services = policy(role)["services"]
    names = {"compute", "dbaas", "dns", "iam"} & services.keys()
    rules = [rule for name in names for rule in services[name]["rules"]]
    assert {rule["action"] for rule in rules} == {"allow"}
    return {operation for rule in rules for operation in iam.operations(rule["expression"])}


def asked(caplog: pytest.LogCaptureFixture) -> set[str]:
    """The operations in the request log since the last time; none was refused."""
    lines = [line.split() for line in caplog.messages if " ms" in line]
    assert not [line for line in lines if line[3] == "403"]
    caplog.clear()
    return {line[2] for line in lines}


def imported_again(stack: Stack, caplog: pytest.LogCaptureFixture) -> set[str]:
    """Import the database, as one that was taken out of the stack; return the operations."""
    kind = "exoscale:index/dbaas:Dbaas"
    (database,) = [each for each in stack.resources() if each["type"] == kind]
    stack("state", "delete", database["urn"], "--yes")
    caplog.clear()
    flags = ("--yes", "--skip-preview", "--protect=false", "--generate-code=false")
    stack("import", kind, "database", f"{database['id']}@{ZONE}", *flags)
    stack.up()
    return asked(caplog)


def test_a_stack_s_life_asks_for_what_the_roles_allow(
    account: ServedAccount,
    sandbox: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    given_plugins: Path | None,
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    own = account.account
    api = Client(own.api_key, own.api_secret, url=own.endpoint)
    made = api.create_load_balancer(name="web")
    keys = {role: key_with_role(api, role) for role in (DEPLOY, "preview")}
    environment = {**sandbox.environment, **account.environment}
    folder = copy_project(tmp_path / "project")
    (folder / "__main__.py").write_text(PROGRAM)
    stack = Stack("iam", folder, environment | keys[DEPLOY])
    reader = replace(stack, environment=environment | keys["preview"])
    cluster = {"zone": ZONE, "version": OLDER_VERSION, "readySeconds": 10}
    pool = POOL | {"replaceOnUpgrade": False}

    def configure(plan: str = "startup-4", pool: dict[str, Any] = pool, **changes: Any) -> None:
        dns = {"zone": "example.com", "create": True, "ttl": 300 if plan == "startup-4" else 600}
        stack.configure({"cluster": {**cluster, "nodepools": [pool], **changes}, "dns": dns})
        stack("config", "set", "life:balancer", made["reference"]["id"])
        stack("config", "set", "life:plan", plan)

    stack("stack", "init")
    configure(firewallRules=[SSH])
    caplog.clear()

    reader("preview")
    reads = asked(caplog)
    stack.up()
    configure(
        "startup-8", pool | {"size": 2, "description": "more"}, version=VERSION, description="shop"
    )
    stack.up()
    configure("startup-8", pool | {"description": "more"}, version=VERSION, description="shop")
    stack.up()
    writes = asked(caplog) | imported_again(stack, caplog)
    reader("refresh", "--preview-only")
    reader("preview", "--refresh")
    reads |= asked(caplog)
    for name, value in keys[DEPLOY].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EXOSCALE_API_ENDPOINT", own.endpoint)
    assert [*account_leftovers("iam", {"zone": ZONE, "autoscaler": {}}, (), folder)]
    stack("destroy", "--yes", "--skip-preview")
    writes |= asked(caplog)

    only_ours = {"get-sks-nodepool"} if given_plugins else set()
    assert allowed(DEPLOY) == reads | writes | only_ours
    assert allowed("preview") == reads | only_ours
