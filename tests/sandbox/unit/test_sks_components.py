"""The flags that a cluster's settings become."""

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.sks import components
from sandbox.sks.layout import ClusterFiles, ClusterRecord, Ports
from sandbox.sks.processes import Command
from sandbox.sks.spec import Audit, Networking, Oidc

TOOLS = Path("/tools")
RECORD = ClusterRecord(
    id="c", name="web", version="1.34.3", zone="ch-gva-2", ports=Ports(1, 2, 3, 4)
)
AUDIT = Audit(endpoint="https://audit.example", bearer_token="s3cret", initial_backoff="3s")


@pytest.fixture
def files(tmp_path: Path) -> ClusterFiles:
    return ClusterFiles(tmp_path)


def flags(command: Command) -> dict[str, str]:
    pairs = (argument.removeprefix("--").partition("=") for argument in command.arguments[1:])
    return {name: value for name, _, value in pairs}


def test_an_audit_log_is_a_webhook_whose_token_is_in_a_file(files: ClusterFiles) -> None:
    plain = flags(components.kube_apiserver(TOOLS, files, RECORD))
    assert not [name for name in plain if name.startswith("audit")]
    command = components.kube_apiserver(TOOLS, files, replace(RECORD, audit=AUDIT))
    assert flags(command)["audit-webhook-config-file"] == str(files.audit_webhook)
    assert flags(command)["audit-policy-file"] == str(files.audit_policy)
    assert flags(command)["audit-webhook-initial-backoff"] == "3s"
    assert not [argument for argument in command.arguments if "s3cret" in argument]


def test_the_api_server_calls_nothing_by_itself(files: ClusterFiles) -> None:
    server = flags(components.kube_apiserver(TOOLS, files, RECORD))
    assert server["egress-selector-config-file"] == str(files.egress)


def test_feature_gates_are_the_api_servers(files: ClusterFiles) -> None:
    record = replace(RECORD, feature_gates=["A", "B"])
    assert flags(components.kube_apiserver(TOOLS, files, record))["feature-gates"] == (
        "A=true,B=true"
    )
    assert "feature-gates" not in flags(components.kube_controller_manager(TOOLS, files, record))


def test_networks_are_those_of_the_settings(files: ClusterFiles) -> None:
    networking = Networking(pods="10.1.0.0/16,fd00::/48", services="10.2.0.0/16", node_mask_ipv4=25)
    record = replace(RECORD, networking=networking)
    manager = flags(components.kube_controller_manager(TOOLS, files, record))
    assert manager["cluster-cidr"] == "10.1.0.0/16,fd00::/48"
    assert manager["node-cidr-mask-size-ipv4"] == "25"
    assert "node-cidr-mask-size-ipv6" not in manager
    server = flags(components.kube_apiserver(TOOLS, files, record))
    assert manager["service-cluster-ip-range"] == server["service-cluster-ip-range"]
    assert flags(components.kwok(TOOLS, files, record))["cidr"] == "10.1.0.0/16"


def test_a_clusters_settings_outlive_the_process(files: ClusterFiles) -> None:
    record = replace(
        RECORD,
        audit=AUDIT,
        oidc=Oidc(client_id="kube", issuer_url="https://issuer.example", required_claim={"a": "b"}),
        networking=Networking(pods="10.1.0.0/16"),
        addons=["metrics-server"],
        feature_gates=["A"],
    )
    files.save(record)
    assert files.load() == record
    assert files.record.stat().st_mode & 0o777 == 0o600
