"""The life of a change: a pull request, three environments, a bad one, the way back.

By the commands that the workflows call, in their order; the state is in an S3 bucket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox.account import LOOPBACK
from tests.program.integration.checkout import Checkout, Internet, internet
from tests.support.account import Sandbox
from tests.support.clone import copy_clone
from tests.support.s3_server import S3Server

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ENVIRONMENTS = ("dev", "staging", "prod")
PROJECT = "derlin/rickroller"
FIRST, SECOND = (f"{PROJECT}:1.{n}.0@sha256:{str(n) * 64}" for n in (0, 1))
PASSPHRASE = "a-passphrase-in-clear"


@pytest.fixture(scope="module")
def web() -> Iterator[Internet]:
    with internet() as there:
        yield there


@pytest.fixture(scope="module")
def checkout(
    sandbox: Sandbox, server: S3Server, web: Internet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checkout]:
    """The project in git, its three environments deployed."""
    environment = sandbox.environment | server.environment
    environment |= {
        "TMPDIR": str(tmp_path_factory.mktemp("temporary")),
        "PULUMI_BACKEND_URL": server.backend_url,
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "http_proxy": web.proxy,
        "no_proxy": LOOPBACK,
    }
    checkout = Checkout(copy_clone(tmp_path_factory.mktemp("team") / "clone"), environment)
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.git("config", "user.name", "A developer")
    checkout.git("config", "user.email", "developer@example.org")
    checkout.git("add", "--all")
    for name, chart in zip(ENVIRONMENTS, ("ingress-nginx", "traefik", "traefik"), strict=True):
        stack = checkout.stack(name)
        stack("stack", "init")
        stack.set("ingress.chart", f"./sandbox/charts/{chart}")
        stack.set("apps[0].image", FIRST)
    checkout.commit("Rickroller 1.0.0")
    try:
        with ThreadPoolExecutor() as side_by_side:
            list(side_by_side.map(lambda name: checkout.done("deploy", STACK=name), ENVIRONMENTS))
        yield checkout
    finally:
        checkout.stack("prod")("state", "unprotect", "--all", "--yes")
        with ThreadPoolExecutor() as side_by_side:
            list(
                side_by_side.map(
                    lambda name: checkout.stack(name)("destroy", "--yes"), ENVIRONMENTS
                )
            )


def deployment(checkout: Checkout, stack: str, namespace: str = "") -> dict[str, Any]:
    """The Deployment that an environment's cluster has."""
    namespace = namespace or {"dev": "test"}.get(stack, "rickroller")
    return checkout.kube(stack).get("deployment", "rickroller", namespace)


def container(checkout: Checkout, stack: str, namespace: str = "") -> dict[str, Any]:
    pod = deployment(checkout, stack, namespace)["spec"]["template"]["spec"]
    (found,) = pod["containers"]
    return dict(found)


def image(checkout: Checkout, stack: str, namespace: str = "") -> str:
    return str(container(checkout, stack, namespace)["image"])


def variables(checkout: Checkout, stack: str, namespace: str = "") -> dict[str, str]:
    """The environment of the application's container, without what is secret."""
    env = container(checkout, stack, namespace)["env"]
    return {each["name"]: each["value"] for each in env if "value" in each}


def edit(checkout: Checkout, stack: str, key: str, value: str) -> None:
    checkout.stack(stack).set(f"apps[0].{key}", value)


def test_the_environments_are_side_by_side(checkout: Checkout, web: Internet) -> None:
    assert {stack: image(checkout, stack) for stack in ENVIRONMENTS} == dict.fromkeys(
        ENVIRONMENTS, FIRST
    )
    urls = {checkout.stack(stack).outputs()["rickroller_url"] for stack in ENVIRONMENTS}
    assert len(urls) == 3
    assert urls <= set(web.asked)


def test_a_deploy_leaves_no_temporary_files(checkout: Checkout) -> None:
    """Such as the administrator's kubeconfigs that the Kubernetes plugin writes."""
    assert list(Path(checkout.environment["TMPDIR"]).iterdir()) == []


def test_a_pull_request_tells_what_it_would_do(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "--create", "newer")
    for stack in ENVIRONMENTS:
        edit(checkout, stack, "image", SECOND)
    edit(checkout, "prod", "replicas", "4")
    checkout.commit("Rickroller 1.1.0")

    checkout.done("previews", STACKS=" ".join(ENVIRONMENTS), OUT="previews")
    comment = (checkout.folder / "previews" / "comment.md").read_text()
    for stack in ENVIRONMENTS:
        assert re.search(
            rf"^\| *`?{stack}`? *\| *0 *\| *2 *\| *0 *\| *0 *\|", comment, re.MULTILINE
        )
    assert SECOND in comment
    assert image(checkout, "dev") == FIRST


def test_it_has_a_review_stack(checkout: Checkout) -> None:
    url = checkout.done("review", PR="7").split()[-1]
    assert url == checkout.stack("dev").outputs()["rickroller_url"].replace(
        "/rickroller/", "/pr-7/rickroller/"
    )
    assert image(checkout, "dev", "pr-7") == SECOND
    assert image(checkout, "dev") == FIRST


def test_a_push_updates_it(checkout: Checkout) -> None:
    edit(checkout, "dev", "environment.COLOR", "blue")
    checkout.commit("Blue, in dev")
    checkout.done("review", PR="7")
    assert variables(checkout, "dev", "pr-7")["COLOR"] == "blue"
    assert "COLOR" not in variables(checkout, "dev")


def test_what_is_merged_goes_from_one_environment_to_the_next(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "main")
    checkout.git("merge", "--quiet", "newer")
    checkout.done("deploy", STACK="dev")
    assert image(checkout, "dev") == SECOND

    refused = checkout.make("promoted", FROM="staging", TO="prod")
    assert refused.returncode != 0
    assert "rickroller" in refused.stderr
    assert "make promote FROM=staging TO=prod" in refused.stderr

    checkout.done("deploy", STACK="staging")
    checkout.done("promoted", FROM="staging", TO="prod")
    assert image(checkout, "prod") == FIRST
    checkout.done("deploy", STACK="prod")
    assert image(checkout, "staging") == image(checkout, "prod") == SECOND
    assert deployment(checkout, "prod")["spec"]["replicas"] == 4


def test_what_does_not_answer_is_told_with_the_way_back(checkout: Checkout, web: Internet) -> None:
    edit(checkout, "staging", "environment.WORKERS", "none")
    checkout.commit("Without workers")
    host = checkout.stack("staging").outputs()["load_balancer_address"]
    web.down.add(host)
    failed = checkout.make("deploy", STACK="staging", FLAGS="--timeout=5")
    assert failed.returncode != 0
    assert "502" in failed.stderr
    assert variables(checkout, "staging")["WORKERS"] == "none"
    found = re.search(r"make rollback STACK=staging TO=(\w+)", failed.stderr)
    assert found, failed.stderr

    web.down.remove(host)
    checkout.done("rollback", STACK="staging", TO=found[1], FLAGS="--yes")
    checkout.done("smoke", STACK="staging")
    checkout.commit("Back")
    assert "WORKERS" not in variables(checkout, "staging")
    assert image(checkout, "staging") == SECOND


def test_a_closed_pull_request_leaves_nothing(checkout: Checkout, server: S3Server) -> None:
    assert any("pr-7" in key for key in server.objects())
    checkout.done("review-down", PR="7")
    assert "pr-7" not in checkout.kube("dev").names("namespaces")
    assert not any(key.endswith("stacks/webapp/pr-7.json") for key in server.objects())
    checkout.done("review-down", PR="7")
    assert image(checkout, "dev") == SECOND


def test_a_deploy_of_what_is_deployed_changes_nothing(checkout: Checkout) -> None:
    for stack in ENVIRONMENTS:
        assert checkout.stack(stack).preview() == []


def test_nothing_of_the_state_is_in_clear(checkout: Checkout, server: S3Server) -> None:
    """Neither the key's data of a kubeconfig nor a value that the program drew."""
    secrets = checkout.stack("dev").outputs(secrets=True)["kubeconfig"]
    (key,) = re.findall(r"client-key-data: (\S+)", secrets)
    objects = server.objects()
    assert any(key.endswith("webapp/dev.json") for key in objects)
    assert not [name for name, body in objects.items() if key.encode() in body]
