"""What a stack gets is what another one runs, by its digest, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.program.unit.answering_pulumi import FakePulumi
from tests.support.kubernetes_api import Pages, kubernetes_api
from tools import promote

A, B, C = (f"sha256:{digit * 64}" for digit in "abc")
SET = "config set --stack prod --path"


def pod(*containers: tuple[str, str, str], ready: bool = True) -> dict[str, Any]:
    """A pod with containers: the name of each, its image, and the ID that its node tells."""
    first, *before = containers
    status = {"ready": ready, "restartCount": 0}
    states = [
        {"name": name, "image": image, "imageID": known} | status
        for name, image, known in containers
    ]
    return {
        "metadata": {"name": "shop-1"},
        "spec": {
            "containers": [{"name": first[0], "image": first[1]}],
            "initContainers": [{"name": name, "image": image} for name, image, _ in before],
        },
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": states[:1],
            "initContainerStatuses": states[1:],
        },
    }


def shop(tag: str, digest: str, *more: tuple[str, str, str], ready: bool = True) -> dict[str, Any]:
    known = f"docker.io/example/shop@{digest}" if digest else ""
    return pod(("shop", f"example/shop:{tag}", known), *more, ready=ready)


class Stack:
    """A stack whose cluster has the pods that a test gives it."""

    def __init__(self, name: str, pulumi: FakePulumi, host: str, pages: Pages) -> None:
        user = {"name": name, "cluster": name, "user": name}
        kubeconfig = {
            "clusters": [{"name": name, "cluster": {"server": f"{host}/{name}"}}],
            "users": [{"name": name, "user": {"token": "hidden"}}],
            "contexts": [{"name": name, "context": user}],
            "current-context": name,
        }
        outputs = {"kubeconfig": json.dumps(kubeconfig), "shop_namespace": "web"}
        pulumi.answers(f"stack output --json --stack {name} --show-secrets", outputs)
        self._prefix, self._pages = f"/{name}", pages

    def runs(self, *pods: dict[str, Any], deployment: str = "shop") -> None:
        labels = {"matchLabels": {"app.kubernetes.io/name": deployment}}
        spec = {"selector": labels, "template": {}}
        deployments = f"{self._prefix}/apis/apps/v1/namespaces/web/deployments"
        self._pages[f"{deployments}/{deployment}"] = {
            "metadata": {"name": deployment},
            "spec": spec,
        }
        self._pages[f"{self._prefix}/api/v1/namespaces/web/pods"] = list(pods)


@pytest.fixture
def pages() -> Pages:
    """What the clusters' API servers answer."""
    return {}


@pytest.fixture
def host(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the clusters' API servers, which no proxy is before."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with kubernetes_api(pages) as api:
        yield api.configuration.host


@pytest.fixture
def dev(pulumi: FakePulumi, host: str, pages: Pages) -> Stack:
    pulumi.answers(SET)
    return Stack("dev", pulumi, host, pages)


@pytest.fixture
def prod(pulumi: FakePulumi, host: str, pages: Pages) -> Stack:
    return Stack("prod", pulumi, host, pages)


def run(clone: Path, what: str) -> int:
    return promote.main([what, "--from=dev", "--to=prod"], clone)


def write(clone: Path, stack: str, apps: str) -> None:
    (clone / f"Pulumi.{stack}.yaml").write_text(f"config:\n  webapp:apps:\n{apps}")


def test_what_runs_is_written_with_its_digest(
    clone: Path, pulumi: FakePulumi, dev: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tag is the pods', the digest is what their nodes have pulled."""
    dev.runs(shop("1.1.0", A), shop("1.1.0", A))
    assert run(clone, "write") == 0
    assert pulumi.asked("config") == [f"{SET} apps[0].image example/shop:1.1.0@{A}"]
    told = capsys.readouterr()
    assert told.out == f"apps[0].image: example/shop:1.1.0@{A}: was example/shop:1\n"
    assert "hidden" not in told.out + told.err + "".join(pulumi.asked())


def test_a_pinned_image_is_written_as_it_runs(clone: Path, pulumi: FakePulumi, dev: Stack) -> None:
    dev.runs(shop(f"1.1.0@{A}", A))
    write(clone, "prod", f"    - {{name: shop, image: 'example/shop:1.1.0@{A}'}}\n")
    assert run(clone, "write") == 0
    assert not pulumi.asked("config")


def test_applications_and_containers_are_found_by_their_names(
    clone: Path, pulumi: FakePulumi, dev: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    log = ("log", "busybox:1.37", f"docker.io/library/busybox@{B}")
    dev.runs(shop("2", A, log))
    parts = (
        "      sidecars: [{name: log, image: 'busybox:1'}]\n"
        f"      beforeRollout: {{image: 'example/migrate:2@{C}', command: [up]}}\n"
    )
    app = "    - name: shop\n      image: example/shop:1\n"
    write(clone, "dev", app + parts)
    write(clone, "prod", "    - {name: other, image: 'a/b:1'}\n" + app + parts.replace(C, B))
    assert run(clone, "write") == 0
    assert pulumi.asked("config") == [
        f"{SET} apps[1].image example/shop:2@{A}",
        f"{SET} apps[1].sidecars[0].image busybox:1.37@{B}",
        f"{SET} apps[1].beforeRollout.image example/migrate:2@{C}",
    ]
    assert (
        "apps[0].image: not changed, because dev has no such container\n" in capsys.readouterr().out
    )


def test_a_worker_has_the_applications_image_or_its_own(
    clone: Path, pulumi: FakePulumi, dev: Stack
) -> None:
    own = pod(("shop-report", "example/report:2", f"docker.io/example/report@{B}"))
    app = pod(("shop-mail", "example/shop:1", f"docker.io/example/shop@{A}"))
    dev.runs(shop("1", A), app, own)
    for name in ("mail", "report"):
        dev.runs(shop("1", A), app, own, deployment=f"shop-{name}")
    workers = (
        "    - name: shop\n      image: example/shop:1\n      workers:\n"
        "        - {name: mail, command: [mail]}\n"
        "        - {name: report, image: 'example/report:1'}\n"
    )
    for stack in ("dev", "prod"):
        write(clone, stack, workers)
    assert run(clone, "write") == 0
    assert pulumi.asked("config") == [
        f"{SET} apps[0].image example/shop:1@{A}",
        f"{SET} apps[0].workers[1].image example/report:2@{B}",
    ]


def test_a_schedule_has_the_applications_image_or_that_of_the_file(
    clone: Path, pulumi: FakePulumi, dev: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pods of its runs are deleted sooner or later."""
    dev.runs(shop("2", A))
    schedules = (
        "    - name: shop\n      image: example/shop:1\n      schedules:\n"
        "        - {name: clean, schedule: '@daily'}\n"
        "        - {name: report, schedule: '@daily', image: 'example/report:IMAGE'}\n"
    )
    write(clone, "prod", schedules.replace("IMAGE", "1"))
    write(clone, "dev", schedules.replace("IMAGE", "2"))
    assert run(clone, "write") == 1
    assert not pulumi.asked("config")
    assert capsys.readouterr().err == (
        "promote: dev: neither the nodes nor the file have the digest of example/report:2, shop's "
        "container schedules.report\n"
    )
    write(clone, "dev", schedules.replace("IMAGE", f"2@{B}"))
    assert run(clone, "write") == 0
    assert pulumi.asked("config") == [
        f"{SET} apps[0].image example/shop:2@{A}",
        f"{SET} apps[0].schedules[1].image example/report:2@{B}",
    ]


@pytest.mark.parametrize(
    ("pods", "message"),
    [
        ([], "dev: no pod with shop's container shop is ready: "),
        ([shop("1", A, ready=False)], "dev: no pod with shop's container shop is ready: "),
        (
            [shop("1", "")],
            "dev: neither the nodes nor the file have the digest of example/shop:1, ",
        ),
        (
            [pod(("shop", "example/shop:1", f"sha256:{'a' * 64}"))],
            "dev: neither the nodes nor the file have the digest of example/shop:1, ",
        ),
        (
            [shop("1", A), shop("2", B)],
            f"dev: shop runs example/shop:1@{A} and example/shop:2@{B}: wait until the rollout",
        ),
    ],
)
def test_what_is_not_known_is_not_written(
    clone: Path,
    pulumi: FakePulumi,
    dev: Stack,
    capsys: pytest.CaptureFixture[str],
    pods: list[dict[str, Any]],
    message: str,
) -> None:
    dev.runs(*pods)
    assert run(clone, "write") == 1
    assert capsys.readouterr().err.startswith(f"promote: {message}")
    assert not pulumi.asked("config")


def test_a_pod_that_starts_does_not_count(clone: Path, pulumi: FakePulumi, dev: Stack) -> None:
    dev.runs(shop("1", A), shop("2", B, ready=False))
    assert run(clone, "write") == 0
    assert pulumi.asked("config") == [f"{SET} apps[0].image example/shop:1@{A}"]


def test_a_stack_that_is_not_deployed_runs_nothing(
    clone: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi.answers("stack output", {})
    assert run(clone, "write") == 1
    assert "dev: no pod with shop's container shop is ready" in capsys.readouterr().err


def test_a_cluster_that_refuses_is_told(
    clone: Path, dev: Stack, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    dev.runs(shop("1", A))
    del pages["/dev/api/v1/namespaces/web/pods"]
    assert run(clone, "write") == 1
    assert capsys.readouterr().err == "promote: dev: the cluster does not respond: Not Found\n"


@pytest.mark.parametrize(
    ("digest", "prod_runs", "code"), [(A, B, 0), (B, B, 0), (C, B, 1), (C, None, 1), (A, None, 0)]
)
def test_a_file_has_what_one_of_both_stacks_runs(
    clone: Path,
    pulumi: FakePulumi,
    dev: Stack,
    host: str,
    pages: Pages,
    capsys: pytest.CaptureFixture[str],
    digest: str,
    prod_runs: str | None,
    code: int,
) -> None:
    dev.runs(shop("2", A))
    if prod_runs:
        Stack("prod", pulumi, host, pages).runs(shop("1", prod_runs))
    else:
        pulumi.answers("stack output --json --stack prod", {})
    write(clone, "prod", f"    - {{name: shop, image: 'example/shop:2@{digest}'}}\n")
    assert run(clone, "check") == code
    if code:
        assert capsys.readouterr().err == (
            "promote: Pulumi.prod.yaml: neither dev nor prod runs these images: "
            f"apps[0].image: example/shop:2@{digest}. "
            "To use those of dev, run make promote FROM=dev TO=prod\n"
        )


def test_an_image_without_a_digest_may_be_any(clone: Path, dev: Stack, prod: Stack) -> None:
    dev.runs(shop("1", ""))
    prod.runs(shop("1", ""))
    assert run(clone, "check") == 1
