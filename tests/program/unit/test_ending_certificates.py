"""`make drift` tells of certificates that end soon and are not renewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.program.unit.answering_pulumi import FakePulumi
from tests.support.kubernetes_api import kubeconfig, kubernetes_api
from tools.drift import DRIFT, NONE, main
from tools.ending_certificates import ending_certificates

PATH = "/apis/cert-manager.io/v1/certificates"
NOW = datetime.now(UTC)


def certificate(days: float, renewal: float, namespace: str = "web") -> dict[str, Any]:
    """One that ends in so many days, and was to be renewed in so many."""

    def time(later: float) -> str:
        return (NOW + timedelta(days=later)).strftime("%Y-%m-%dT%H:%M:%SZ")

    message = "order is in `invalid` state:\n CAA"
    return {
        "metadata": {"name": "web-tls", "namespace": namespace},
        "spec": {"dnsNames": ["web.example.com"]},
        "status": {
            "notAfter": time(days),
            "renewalTime": time(renewal),
            "conditions": [
                {"type": "Ready", "status": "True", "message": "up to date"},
                {"type": "Issuing", "status": "False", "message": message},
            ],
        },
    }


@pytest.fixture
def https(clone: Path) -> Path:
    """The clone, whose stack `dev` has HTTPS."""
    with (clone / "Pulumi.dev.yaml").open("a") as file:
        file.write("  webapp:ingress: {https: {email: ops@example.com}}\n")
    return clone


def told(folder: Path, pulumi: FakePulumi, *certificates: dict[str, Any]) -> list[str]:
    with kubernetes_api({PATH: [*certificates]}) as client:
        outputs = {"kubeconfig": kubeconfig(client.configuration.host), "web_namespace": "web"}
        pulumi.answers("stack output", outputs)
        return [*ending_certificates("dev", folder)]


def test_one_that_ends_soon_and_was_not_renewed_is_told(https: Path, pulumi: FakePulumi) -> None:
    day, since = (f"{NOW + timedelta(days=days):%Y-%m-%d}" for days in (19, -11))
    assert told(https, pulumi, certificate(19, -11)) == [
        f"web.example.com: the certificate ends on {day} and has not been renewed since {since}:"
        " order is in `invalid` state: CAA"
    ]


@pytest.mark.parametrize(
    "other",
    [
        certificate(21, -9),
        certificate(19, 4),
        certificate(19, -11, "elsewhere"),
        {"metadata": {"name": "new", "namespace": "web"}, "spec": {}},
    ],
)
def test_others_are_not(https: Path, pulumi: FakePulumi, other: dict[str, Any]) -> None:
    assert told(https, pulumi, other) == []


def test_a_stack_without_https_is_not_asked(clone: Path, pulumi: FakePulumi) -> None:
    assert told(clone, pulumi, certificate(19, -11)) == []
    assert pulumi.asked() == []


def test_a_cluster_may_have_none_yet(https: Path, pulumi: FakePulumi) -> None:
    with kubernetes_api({}) as client:
        pulumi.answers("stack output", {"kubeconfig": kubeconfig(client.configuration.host)})
        assert not [*ending_certificates("dev", https)]


def test_a_stack_that_was_never_deployed_has_none(https: Path, pulumi: FakePulumi) -> None:
    pulumi.answers("stack output", {})
    assert not [*ending_certificates("dev", https)]


@pytest.mark.parametrize(("days", "code"), [(19, DRIFT), (60, NONE)])
def test_the_report_has_them(https: Path, pulumi: FakePulumi, days: int, code: int) -> None:
    for command in ("refresh", "preview"):
        pulumi.answers(command, {"steps": []})
    with kubernetes_api({PATH: [certificate(days, -11)]}) as client:
        outputs = {"kubeconfig": kubeconfig(client.configuration.host), "web_namespace": "web"}
        pulumi.answers("stack output", outputs)
        assert main(["--out", str(https / "out"), "dev"], https) == code
    report = https / "out" / "dev.md"
    assert report.exists() == (code == DRIFT)
    if code == DRIFT:
        text = report.read_text()
        assert text.startswith("# dev: certificates end soon\n\n- `web.example.com: ")
        assert "order is in 'invalid' state: CAA`\n" in text
        assert "manual changes" not in text
