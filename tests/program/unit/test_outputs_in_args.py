"""Outputs of other resources as args of components, known and, in a preview, not yet."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar

import pulumi
import pytest
from pydantic import SecretStr, ValidationError

from components.args.problem import line
from components.database.args import BackupArgs, DatabaseArgs
from components.existing_cluster.args import ExistingClusterArgs
from components.existing_cluster.existing_cluster import ExistingCluster
from components.exoscale.load_balancer_args import LoadBalancerArgs
from components.ingress_controller.args import IngressControllerArgs
from components.ingress_controller.ingress_controller import IngressController
from components.sks_cluster.args import AuditArgs, SksClusterArgs
from components.sks_cluster.nodepools.args import NodePoolArgs
from components.sks_cluster.sks_cluster import SksCluster
from components.web_app.args import WebAppArgs
from components.web_app.config.args import ConfigArgs, PullSecretArgs, SecretsArgs
from components.web_app.ingress.args import AppIngressArgs, TlsArgs
from components.web_app.pod.container_args import InitContainerArgs, SidecarArgs
from components.web_app.rollout.args import BeforeRolloutArgs
from components.web_app.schedules.args import ScheduleArgs
from components.web_app.service.args import AppLoadBalancerArgs
from components.web_app.web_app import WebApp
from components.web_app.workers.args import WorkerArgs
from stack.args import AppArgs, StackArgs
from stack.checks.across import stack_problems
from stack.checks.whole_stack import warnings
from tests.program.unit.engine import Engine, run

IMAGE = "registry.example.com/shop@sha256:" + "0" * 64
BALANCER = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
KUBECONFIG = "kind: Config"
Value = TypeVar("Value")
Wrap = Callable[[str], pulumi.Output[str]]


def of(value: str) -> pulumi.Output[str]:
    """An output that is known."""
    return pulumi.Output.from_input(value)


def unknown(_: str) -> pulumi.Output[str]:
    """An output that a preview does not know."""
    known: asyncio.Future[bool] = asyncio.Future()
    known.set_result(False)
    value: asyncio.Future[Any] = asyncio.Future()
    value.set_result(pulumi.UNKNOWN)
    return pulumi.Output(set(), value, known)


def declare(args: Callable[[Wrap], WebAppArgs], wrap: Wrap = of) -> tuple[Engine, str]:
    """What an application declares in a preview, and its URL."""

    def program() -> pulumi.Output[str]:
        controller = IngressController("ingress-nginx", IngressControllerArgs())
        return WebApp("shop", args(wrap), controller=controller).url

    return run(program, preview=True)


def everything(wrap: Wrap) -> WebAppArgs:
    return WebAppArgs(
        image=wrap(IMAGE),
        host=wrap("shop.example.com"),
        additional_hosts=(wrap("www.example.com"), "example.com"),
        ingress=AppIngressArgs(tls=TlsArgs(cluster_issuer="letsencrypt")),
        environment={"HOST": wrap("value"), "TITLE": "Shop"},
        labels={"tier": wrap("value")},
        annotations={"example.com/checksum": wrap("value")},
        config=ConfigArgs(
            environment={"QUEUE": wrap("value"), "LEVEL": "info"},
            files={"/etc/shop.conf": wrap("value"), "/etc/other.conf": "plain"},
        ),
        secrets=SecretsArgs(
            environment={"TOKEN": wrap("value"), "KEY": SecretStr("plain")},
            files={"/etc/shop.key": wrap("value")},
        ),
        pull_secret=PullSecretArgs(registry="ghcr.io", username="robot", password=wrap("value")),
        sidecars=(SidecarArgs(name="logs", image=wrap(IMAGE)),),
        init_containers=(
            InitContainerArgs(name="first", image=wrap(IMAGE), inherits=("environment",)),
        ),
        before_rollout=BeforeRolloutArgs(command=("true",), image=wrap(IMAGE)),
        schedules=(ScheduleArgs(name="report", schedule="@daily", image=wrap(IMAGE)),),
        workers=(WorkerArgs(name="mail", image=wrap(IMAGE)),),
        database=DatabaseArgs(
            backup=BackupArgs(
                zone="de-fra-1", bucket="dumps", access_key=wrap("value"), secret_key=wrap("value")
            )
        ),
        service="LoadBalancer",
        load_balancer=AppLoadBalancerArgs(existing=wrap(BALANCER)),
    )


def test_outputs_arrive_in_what_is_declared() -> None:
    engine, _ = declare(everything)
    template = engine.of_type("Deployment")["shop"]["spec"]["template"]
    assert template["metadata"]["labels"]["tier"] == "value"
    assert template["metadata"]["annotations"] == {"example.com/checksum": "value"}
    (app,) = template["spec"]["containers"]
    assert app["image"] == IMAGE
    variables = [{"name": "HOST", "value": "value"}, {"name": "TITLE", "value": "Shop"}]
    assert app["env"][1:] == variables
    mail = engine.of_type("Deployment")["shop-mail"]["spec"]["template"]["spec"]
    assert mail["containers"][0]["image"] == IMAGE
    logs, first = template["spec"]["initContainers"]
    assert (logs["image"], first["image"], first["env"]) == (IMAGE, IMAGE, variables)
    job = engine.of_type("Job")["shop-before-rollout"]["spec"]["template"]["spec"]
    assert [each["image"] for each in job["containers"]] == [IMAGE]
    report = engine.of_type("CronJob")["shop-report"]["spec"]["jobTemplate"]["spec"]["template"]
    assert [each["image"] for each in report["spec"]["containers"]] == [IMAGE]
    maps = engine.of_type("ConfigMap")
    assert maps["shop-config"]["data"] == {"QUEUE": "value", "LEVEL": "info"}
    files = {"etc_shop.conf": "value", "etc_other.conf": "plain"}
    assert maps["shop-config-files"]["data"] == files
    service = engine.of_type("Service")["shop"]["metadata"]["annotations"]
    assert service["service.beta.kubernetes.io/exoscale-loadbalancer-id"] == BALANCER


def test_hosts_are_in_ingresses_whose_names_a_preview_knows() -> None:
    engine, _ = declare(everything)
    others, _ = declare(everything, unknown)
    found = engine.of_type("Ingress")
    assert found.keys() == others.of_type("Ingress").keys()
    specs = {name.rpartition("-")[0]: each["spec"] for name, each in found.items()}
    hosts = {
        "host-0-shop-shop": "shop.example.com",
        "host-1-shop-shop": "www.example.com",
        "example-com": "example.com",
    }
    assert {name: each["rules"][0]["host"] for name, each in specs.items()} == hosts
    tls = {name: [host] for name, host in hosts.items()}
    assert {name: each["tls"][0]["hosts"] for name, each in specs.items()} == tls


def test_the_url_has_the_host() -> None:
    _, url = declare(lambda wrap: WebAppArgs(image="example/shop:1", host=wrap("a.example.com")))
    assert url == "http://a.example.com/"


def test_what_a_preview_does_not_know_is_declared_all_the_same() -> None:
    known, _ = declare(everything)
    engine, _ = declare(everything, unknown)
    assert {each.name for each in engine.resources} == {each.name for each in known.resources}
    (app,) = engine.of_type("Deployment")["shop"]["spec"]["template"]["spec"]["containers"]
    assert IMAGE not in json.dumps(app, default=str)
    assert app["env"][-1] == {"name": "TITLE", "value": "Shop"}


def test_what_is_given_as_a_secret_becomes_one() -> None:
    engine, _ = declare(everything)
    secrets = engine.of_type("Secret")
    for name, data in (
        ("shop-secrets", {"TOKEN": "value", "KEY": "plain"}),
        ("shop-secret-files", {"etc_shop.key": "value"}),
    ):
        assert decoded(secrets[name]) == data
    backup = secrets["shop-db-backup"]["stringData"]
    assert pulumi.runtime.rpc.is_rpc_secret(backup)
    keys = {"accessKey": "value", "secretKey": "value"}
    assert pulumi.runtime.rpc.unwrap_rpc_secret(backup) == keys
    (password,) = decoded(secrets["shop-registry"]).values()
    auth = base64.b64encode(b"robot:value").decode()
    assert json.loads(password) == {"auths": {"ghcr.io": {"auth": auth}}}


def decoded(secret: dict[str, Any]) -> dict[str, str]:
    """The secret values of a Secret."""
    assert pulumi.runtime.rpc.is_rpc_secret(secret["data"])
    data = pulumi.runtime.rpc.unwrap_rpc_secret(secret["data"])
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def test_labels_of_a_cluster_and_its_nodepools_may_be_outputs() -> None:
    def program() -> pulumi.Output[str]:
        labels: dict[str, str | pulumi.Output[str]] = {"tier": of("front"), "disk": "ssd"}
        pool = NodePoolArgs(name="web", instance_type="standard.small", size=1, labels=labels)
        args = SksClusterArgs(
            zone="ch-gva-2",
            version="1.36.5",
            nodepools=(pool,),
            labels={"team": of("shop"), "site": "main"},
        )
        return SksCluster("web", args).cluster_name

    engine, _ = run(program)
    assert engine.of_type("SksCluster")["web"]["labels"] == {"team": "shop", "site": "main"}
    assert engine.of_type("SksNodepool")["web-web"]["labels"] == {"tier": "front", "disk": "ssd"}


def test_the_token_of_an_audit_log_becomes_a_secret() -> None:
    pool = NodePoolArgs(name="web", instance_type="standard.small", size=1)

    def program() -> pulumi.Output[str]:
        audit = AuditArgs(endpoint="https://audit.example.com", bearer_token=of("value"))
        args = SksClusterArgs(
            zone="ch-gva-2", version="1.36.5", nodepools=(pool,), level="pro", audit=audit
        )
        return SksCluster("web", args).cluster_name

    sent = run(program)[0].of_type("SksCluster")["web"]["audit"]
    assert pulumi.runtime.rpc.is_rpc_secret(sent)
    assert pulumi.runtime.rpc.unwrap_rpc_secret(sent)["bearerToken"] == "value"


def test_a_secret_output_stays_secret_anywhere() -> None:
    engine, _ = declare(
        lambda _: WebAppArgs(
            image="example/shop:1",
            environment={"TOKEN": pulumi.Output.secret("hidden")},
            config=ConfigArgs(environment={"OTHER": pulumi.Output.secret("hidden")}),
        )
    )
    for kind, name, key in (("Deployment", "shop", "spec"), ("ConfigMap", "shop-config", "data")):
        assert pulumi.runtime.rpc.is_rpc_secret(engine.of_type(kind)[name][key])


def kubeconfig_of(wrap: Wrap) -> Any:
    """What the provider for an existing cluster gets in a preview; nothing that is unknown."""
    engine, _ = run(
        lambda: ExistingCluster("cluster", ExistingClusterArgs(kubeconfig=wrap(KUBECONFIG))).urn,
        preview=True,
    )
    return engine.of_type("kubernetes")["cluster"].get("kubeconfig")


def test_a_kubeconfig_may_be_an_output_and_is_secret() -> None:
    known = kubeconfig_of(of)
    assert pulumi.runtime.rpc.is_rpc_secret(known)
    assert pulumi.runtime.rpc.unwrap_rpc_secret(known) == KUBECONFIG
    assert KUBECONFIG not in str(kubeconfig_of(unknown))


def test_a_load_balancer_of_the_controller_may_be_an_output() -> None:
    engine, _ = run(
        lambda: (
            IngressController(
                "ingress-nginx",
                IngressControllerArgs(load_balancer=LoadBalancerArgs(existing=of(BALANCER))),
            ).address
        )
    )
    values = engine.of_type("Release")["ingress-nginx"]["values"]
    annotations = values["controller"]["service"]["annotations"]
    assert annotations["service.beta.kubernetes.io/exoscale-loadbalancer-id"] == BALANCER


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image", "https://example.com/shop"),
        ("image", 5),
        ("host", "Shop.example.com"),
        ("additional_hosts", ("a.example.com", "b_c.example.com")),
        ("environment", {"RATIO": 0.5}),
        ("labels", {"tier": "a b"}),
        ("config", {"environment": {"RATIO": 0.5}}),
        ("config", {"files": {"/etc/shop.conf": 5}}),
        ("secrets", {"environment": {"TOKEN": ""}}),
        ("load_balancer", {"existing": "an-id"}),
        ("before_rollout", {"command": ["true"], "image": "Shop"}),
        ("schedules", [{"name": "report", "schedule": "@daily", "image": "Shop"}]),
    ],
)
def test_values_that_are_no_outputs_are_checked(key: str, value: Any) -> None:
    args = {"image": "example/shop:1", "host": "shop.example.com", "service": "LoadBalancer"}
    with pytest.raises(ValidationError):
        WebAppArgs(**args | {key: value})


def test_rules_look_at_what_is_known() -> None:
    async def check() -> None:
        with pytest.raises(ValidationError, match="must have 1024 KiB together at most"):
            ConfigArgs(environment={"A": of("a"), "B": "b" * 2**20 + "c"})
        with pytest.raises(ValidationError, match="must differ from host and from the others"):
            WebAppArgs(
                image=of(IMAGE),
                host=of("a.example.com"),
                additional_hosts=("b.example.com", "b.example.com"),
            )
        with pytest.raises(ValidationError, match=r'"kubeconfig": "\[output\]".*must have one'):
            ExistingClusterArgs(kubeconfig=of(KUBECONFIG), stack="dev")

    asyncio.run(check())


def test_checks_of_a_stack_pass_over_outputs() -> None:
    async def found() -> list[str]:
        app = AppArgs(
            name="shop",
            image=of("shop"),
            environment={"HOST": of("$(NONE)"), "URL": "http://$(HOST)/"},
            config=ConfigArgs(files={"/etc/shop.conf": of("x" * 2**20)}),
            secrets=SecretsArgs(files={"/etc/shop.key": of("x" * 2**20)}),
            annotations={"container.apparmor.security.beta.kubernetes.io/shop": of("unconfined")},
        )
        settings = StackArgs(apps=(app,))
        problems = [line(*problem) for problem in stack_problems(settings)]
        return [*problems, *warnings(settings)]

    assert asyncio.run(found()) == []
