"""The pack as it is served, to the engine itself or by a language host, and how strict it is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto.analyzer_pb2 import (
    ADVISORY,
    DISABLED,
    MANDATORY,
    AnalyzeRequest,
    ConfigureAnalyzerRequest,
    PolicyConfig,
)
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.rules import RULES
from tools.policies import ADVISORY as ADVISORY_ARGUMENTS, PACK, policy_arguments

ROOT = Path(__file__).parents[2]
FOLDER, ENGINE = ROOT / "policies", "127.0.0.1:1"
BY_ITSELF = [str(FOLDER / "pack"), ENGINE]
BY_A_LANGUAGE_HOST = [sys.executable, "-u", "-m", "pulumi.policy", ENGINE, str(FOLDER)]
LEVELS = {"advisory": ADVISORY, "disabled": DISABLED}


@pytest.fixture(params=[BY_ITSELF, BY_A_LANGUAGE_HOST], ids=["by-itself", "by-a-language-host"])
def pack(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnalyzerStub]:
    """The running pack, started in another folder than its own."""
    command: Sequence[str] = request.param
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.enable_http_proxy", 0)]) as to:
                yield AnalyzerStub(to)
        finally:
            process.kill()


def rule_on_ssh(source: str = "0.0.0.0/0") -> AnalyzeRequest:
    request = AnalyzeRequest(
        urn="urn:pulumi:prod::webapp::exoscale:index/securityGroupRule:SecurityGroupRule::ssh",
        type="exoscale:index/securityGroupRule:SecurityGroupRule",
        name="ssh",
    )
    inputs = {"type": "INGRESS", "cidr": source, "startPort": 22, "endPort": 22}
    request.properties.update(inputs)
    return request


def test_the_engine_is_told_of_all_rules_and_their_findings(pack: AnalyzerStub) -> None:
    told = {each.name: each for each in pack.GetAnalyzerInfo(Empty()).policies}
    assert {name: each.description for name, each in told.items()} == {
        rule.name: rule.description for rule in RULES
    }
    assert {each.enforcementLevel for each in told.values()} == {MANDATORY}

    (finding,) = pack.Analyze(rule_on_ssh()).diagnostics
    assert (finding.policyName, finding.enforcementLevel) == ("closed-ports", MANDATORY)

    (finding,) = pack.Analyze(rule_on_ssh(UNKNOWN_STRING_VALUE)).diagnostics
    assert finding.message.startswith("can't run policy 'closed-ports'")

    levels = json.loads((ROOT / ADVISORY_ARGUMENTS[1]).read_text())
    assert set(levels) <= {"all", *told}
    asked = {name: levels.get(name, levels["all"]) for name in told}
    config = {name: PolicyConfig(enforcementLevel=LEVELS[level]) for name, level in asked.items()}
    pack.Configure(ConfigureAnalyzerRequest(policyConfig=config))
    (finding,) = pack.Analyze(rule_on_ssh()).diagnostics
    assert finding.enforcementLevel == ADVISORY


@pytest.mark.parametrize("line", ["", "  webapp:production: false\n", "  other:production: true\n"])
def test_policies_are_advice_unless_in_production(line: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: webapp\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  webapp:apps: []\n{line}")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  webapp:production: true\n")
    assert policy_arguments("dev", tmp_path) == PACK + ADVISORY_ARGUMENTS
    assert policy_arguments("prod", tmp_path) == PACK
