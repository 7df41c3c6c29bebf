"""What killed runs have left on a cluster is told from what is a stack's or somebody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.answering_pulumi import FakePulumi
from tests.unit.kubernetes_api import Pages, kubernetes_api
from tools.leftovers import main

CREATED = "2026-11-29T10:00:00Z"
APP = "urn:pulumi:dev::webapp::webapp:index:WebApp$kubernetes"


def named(name: str, *, generated: bool = True) -> dict[str, Any]:
    annotations = {"pulumi.com/autonamed": "true"} if generated else {}
    return {"metadata": {"name": name, "annotations": annotations, "creationTimestamp": CREATED}}


def resource(kind: str, name: str, identity: str) -> dict[str, Any]:
    return {"type": f"kubernetes:{kind}", "urn": f"{APP}:{kind}::{name}", "id": f"web/{identity}"}


@pytest.fixture
def pages() -> Pages:
    return {
        "/api/v1/namespaces/web/configmaps": [],
        "/api/v1/namespaces/web/secrets": [],
        "/apis/batch/v1/namespaces/web/jobs": [],
    }


@pytest.fixture
def stack(clone: Path, pulumi: FakePulumi, pages: Pages) -> Iterator[Path]:
    """The clone, whose stack `dev` has a cluster with `pages`."""
    with (clone / "Pulumi.dev.yaml").open("a") as file:
        file.write("      generatedSecrets: [APP_KEY]\n")
    with kubernetes_api(pages) as api:
        kubeconfig = {
            "clusters": [{"name": "c", "cluster": {"server": api.configuration.host}}],
            "users": [{"name": "u", "user": {"token": "hidden"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        outputs = {"kubeconfig": json.dumps(kubeconfig), "shop_namespace": "web"}
        pulumi.answers("stack output --json --stack dev --show-secrets", outputs)
        yield clone


def deployed(clone: Path, pulumi: FakePulumi, *resources: dict[str, Any]) -> None:
    """The state has these resources."""
    fake = clone.parent / "pulumi" / "answers"
    (answer,) = [each for each in fake.iterdir() if (each / "to").read_text() == "stack export"]
    (answer / "out").write_text(json.dumps({"deployment": {"resources": [*resources]}}))


def test_each_that_is_in_no_state_is_named(
    stack: Path, pulumi: FakePulumi, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(
        stack,
        pulumi,
        resource("core/v1:ConfigMap", "shop-config", "shop-config-11111111"),
        resource("core/v1:Secret", "shop-former", "shop-former-11111111"),
    )
    pages["/api/v1/namespaces/web/configmaps"] = [
        named("shop-config-11111111"),
        named("shop-config-22222222"),
        named("shop-config-33333333", generated=False),
        named("shop-config-more-22222222"),
        named("other-config-22222222"),
        named("kube-root-ca.crt", generated=False),
    ]
    pages["/api/v1/namespaces/web/secrets"] = [
        named("shop-app-key-22222222"),
        named("shop-former-22222222"),
        named("shop-config-11111111"),
    ]
    pages["/apis/batch/v1/namespaces/web/jobs"] = [named("shop-before-rollout-22222222")]
    assert main(["--stack=dev"], stack) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("dev: these are in no state. ")
    assert [line.partition("   #")[0] for line in lines] == [
        "  kubectl --namespace web delete configmap shop-config-22222222",
        "  kubectl --namespace web delete secret shop-app-key-22222222",
        "  kubectl --namespace web delete secret shop-former-22222222",
        "  kubectl --namespace web delete secret shop-config-11111111",
        "  kubectl --namespace web delete job shop-before-rollout-22222222",
    ]


def test_nothing_is_left(
    stack: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--stack=dev"], stack) == 0
    assert capsys.readouterr().out == "dev: nothing is left of a run that was killed\n"


def test_a_cluster_that_does_not_answer_is_told(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.clear()
    assert main(["--stack=dev"], stack) == 1
    assert "dev: its cluster can't be asked: Not Found" in capsys.readouterr().err


def test_without_a_deployment_there_is_nothing_to_ask(
    clone: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi.answers("stack output", {})
    assert main(["--stack=dev"], clone) == 1
    assert capsys.readouterr().err == "leftovers: dev: is not deployed\n"
