"""The policies on the real engine: they stop a preview of production, and advise elsewhere."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from sandbox.paths import ROOT
from tests.support.account import Sandbox
from tests.support.stack import Stack, copy_project
from tools.policies import policy_arguments

pytestmark = pytest.mark.integration

DIGEST = f"sha256:{'0a' * 32}"


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    """Those of the project's own stack `prod`, with a digest and a chart that is at hand."""
    config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    settings = {key.removeprefix("webapp:"): value for key, value in config.items()}
    app = settings["apps"][0]
    app["image"] = f"{app['image'].partition('@')[0]}@{DIGEST}"
    settings["ingress"]["chart"] = "./sandbox/charts/traefik"
    return settings


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack("prod", copy_project(tmp_path_factory.mktemp("prod")), sandbox.environment)


def previewed(stack: Stack, settings: dict[str, Any]) -> tuple[int, str]:
    """The exit code of a preview with the policies, and what it says."""
    stack.configure(settings)
    answer = stack.run("preview", *policy_arguments(stack.name, stack.folder))
    return answer.returncode, answer.stdout + answer.stderr


def test_the_stack_prod_keeps_all_rules(stack: Stack, settings: dict[str, Any]) -> None:
    code, text = previewed(stack, settings)
    assert code == 0, text
    assert "webapp@v1.0.0 (local: policies/pack)" in text
    assert "[mandatory]" not in text
    assert "[advisory]" not in text


def test_what_breaks_a_rule_is_not_for_production(stack: Stack, settings: dict[str, Any]) -> None:
    broken = copy.deepcopy(settings)
    broken["cluster"]["firewallRules"] = [{"name": "ssh", "ports": 22, "sources": ["0.0.0.0/0"]}]
    broken["apps"][0]["environment"]["DB_PASSWORD"] = "hunter2"

    code, text = previewed(stack, broken)
    assert code != 0
    for line in (
        "[mandatory]  closed-ports  (exoscale:index:SecurityGroupRule: cluster-ssh-0.0.0.0/0)",
        "port 22 (SSH) is open to 0.0.0.0/0: remove it from the rule's `ports`",
        "[mandatory]  no-clear-secret  (kubernetes:apps/v1:Deployment: rickroller.rickroller)",
        "DB_PASSWORD: looks like an unencrypted secret: move it to `secrets.environment`",
    ):
        assert line in text
    assert "hunter2" not in text

    code, text = previewed(stack, broken | {"production": False})
    assert code == 0, text
    assert "[advisory]  closed-ports" in text
    assert "[mandatory]" not in text


def test_a_rule_on_the_whole_stack(stack: Stack, settings: dict[str, Any]) -> None:
    broken = copy.deepcopy(settings)
    broken["apps"][0]["service"] = "NodePort"
    code, text = previewed(stack, broken)
    assert code != 0
    assert (
        "[mandatory]  no-public-node-port  (kubernetes:core/v1:Service: rickroller.rickroller)"
        in text
    )
    assert "type NodePort: open to 0.0.0.0/0 on every node: write `service: ClusterIP`" in text
