"""What killed runs have left on a cluster is told from what is a stack's or somebody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.program.unit.answering_pulumi import FakePulumi
from tests.support.kubernetes_api import Pages, kubernetes_api
from tools import account_leftovers
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
        "/api/v1/namespaces/web/persistentvolumeclaims": [],
        "/apis/batch/v1/namespaces/web/jobs": [],
    }


@pytest.fixture
def stack(clone: Path, pulumi: FakePulumi, pages: Pages) -> Iterator[Path]:
    """The clone, whose stack `dev` has a cluster with `pages`."""
    file = clone / "Pulumi.dev.yaml"
    text = file.read_text().replace("  webapp:cluster: {zone: ch-gva-2}\n", "")
    more = "      generatedSecrets: [APP_KEY]\n      volumes: [{name: uploads, size: 1Gi}]\n"
    file.write_text(text + more)
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
        named("shop-app-key.web-22222222"),
        named("shop-former-22222222"),
        named("shop-config-11111111"),
    ]
    pages["/api/v1/namespaces/web/persistentvolumeclaims"] = [
        named("shop-db.web-22222222"),
        named("shop-uploads.web-22222222"),
        named("shop-other.web-22222222"),
    ]
    pages["/apis/batch/v1/namespaces/web/jobs"] = [named("shop-before-rollout.web-22222222")]
    assert main(["--stack=dev"], stack) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("dev: these resources are not in the state. ")
    assert [line.partition("   #")[0] for line in lines] == [
        "  kubectl --namespace web delete configmap shop-config-22222222",
        "  kubectl --namespace web delete secret shop-app-key.web-22222222",
        "  kubectl --namespace web delete secret shop-former-22222222",
        "  kubectl --namespace web delete secret shop-config-11111111",
        "  kubectl --namespace web delete persistentvolumeclaim shop-db.web-22222222",
        "  kubectl --namespace web delete persistentvolumeclaim shop-uploads.web-22222222",
        "  kubectl --namespace web delete job shop-before-rollout.web-22222222",
    ]


def test_nothing_is_left(
    stack: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--stack=dev"], stack) == 0
    assert capsys.readouterr().out == "dev: killed runs have left nothing\n"


def test_a_cluster_that_does_not_answer_is_told(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.clear()
    assert main(["--stack=dev"], stack) == 1
    assert "dev: the cluster does not respond: Not Found" in capsys.readouterr().err


class Account:
    """What Exoscale's API answers, by path."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "sks-cluster": {
                "sks-clusters": [
                    {"id": "own", "name": "webapp-dev-cluster-1111111"},
                    {"id": "left", "name": "webapp-dev-cluster-2222222"},
                    {"id": "others", "name": "webapp-dev-2-cluster-2222222"},
                    {"id": "more", "name": "webapp-dev-cluster-more-2222222"},
                ]
            },
            "sks-cluster/own": {
                "nodepools": [
                    {"id": "pool", "name": "webapp-dev-cluster-workers-1111111"},
                    {"id": "left-pool", "name": "webapp-dev-cluster-workers-2222222"},
                    {"id": "by-hand", "name": "gpu"},
                ]
            },
            "load-balancer": {
                "load-balancers": [
                    {"id": "kept", "name": "webapp-dev-ingress-nginx-1111111"},
                    {"id": "left-balancer", "name": "webapp-dev-ingress-nginx-2222222"},
                    {"id": "controller's", "name": "k8s-5ae1a5a2"},
                ]
            },
            "security-group": {
                "security-groups": [
                    {"id": "group", "name": "webapp-dev-cluster-1111111"},
                    {"id": "left-group", "name": "webapp-dev-cluster-2222222"},
                    {"id": "default", "name": "default"},
                ]
            },
        }

    def ask(self, zone: str, path: str) -> Any:
        assert zone == "ch-gva-2"
        return self.answers[path]


def test_what_is_left_in_the_account_is_named(
    clone: Path,
    pulumi: FakePulumi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also of a stack that has no cluster yet, so that nothing can be asked of one."""
    monkeypatch.setattr(account_leftovers, "_ask", Account().ask)
    resources = [
        {"type": "a:b:C", "urn": APP, "id": each} for each in ("own", "pool", "group", "kept")
    ]
    deployed(clone, pulumi, *resources)
    pulumi.answers("stack output", {})
    assert main(["--stack=dev"], clone) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  exo compute sks nodepool delete own left-pool --zone ch-gva-2"
        "   # webapp-dev-cluster-workers-2222222",
        "  exo compute sks delete left --zone ch-gva-2 --nodepools   # webapp-dev-cluster-2222222",
        "  exo compute load-balancer delete left-balancer --zone ch-gva-2"
        "   # webapp-dev-ingress-nginx-2222222",
        "  exo compute security-group delete left-group   # webapp-dev-cluster-2222222",
    ]


@pytest.mark.parametrize(
    ("key", "message"),
    [("", "must be set to read the account"), ("EXOkey", "the request to Exoscale's API failed: ")],
)
def test_an_account_that_can_not_be_asked_is_told(
    clone: Path,
    pulumi: FakePulumi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    key: str,
    message: str,
) -> None:
    if key:
        monkeypatch.setenv("EXOSCALE_API_KEY", key)
        monkeypatch.setenv("EXOSCALE_API_SECRET", "hidden")
    monkeypatch.setenv("EXOSCALE_API_ENDPOINT", "http://127.0.0.1:1/v2")
    assert main(["--stack=dev"], clone) == 1
    assert message in capsys.readouterr().err
