"""What the program declares for workers."""

from __future__ import annotations

from typing import Any

from components.web_app.workers.settings import deployments
from tests.program.manifests import declare
from tests.program.unit.app import app_settings, declare_app
from tests.program.unit.engine import Engine
from tests.program.unit.recorded_resources import CLUSTER, POOL, requests

APP = "rickroller"
MAIL: dict[str, Any] = {"name": "mail", "command": ["shop", "worker"], "replicas": 2}
NAME = "rickroller-mail"
SELECTOR = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": APP}
DATABASE = {"database": {"kind": "postgresql", "storage": "1Gi"}}


def declared(worker: dict[str, Any] = MAIL, **changes: Any) -> Engine:
    return declare_app(workers=[worker], **changes)[0]


def pod(name: str = NAME, **settings: Any) -> dict[str, Any]:
    """The pods of a worker of an application with these settings."""
    found = declared(**settings).of_type("Deployment")[name]["spec"]["template"]["spec"]
    return dict(found)


def test_a_worker_is_a_deployment_of_the_application() -> None:
    found = declared()
    deployment = found.of_type("Deployment")[NAME]
    labels = SELECTOR | {
        "app.kubernetes.io/part-of": "webapp",
        "app.kubernetes.io/managed-by": "pulumi",
    }
    metadata = deployment["metadata"]
    assert (metadata["name"], metadata["namespace"], metadata["labels"]) == (NAME, "test", labels)
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["selector"] == {"matchLabels": SELECTOR}
    assert deployment["spec"]["template"]["metadata"]["labels"] == labels
    assert NAME not in found.of_type("Service")
    assert len(found.of_type("Ingress")) == 1
    assert found.of_type("PodDisruptionBudget")[NAME]["spec"]["selector"] == {
        "matchLabels": SELECTOR
    }


def test_its_container_has_what_the_applications_has() -> None:
    """But its command, port, probes and the time to finish requests."""
    settings: dict[str, Any] = {
        **DATABASE,
        "config": {"environment": {"A": "1"}, "files": {"/etc/shop.conf": "a"}},
        "secrets": {"environment": {"TOKEN": "hidden"}},
        "port": 80,
    }
    deployments = declared(**settings).of_type("Deployment")
    specs = [deployments[name]["spec"]["template"]["spec"] for name in (APP, NAME)]
    (app,), (worker,) = (spec.pop("containers") for spec in specs)
    for key in ("ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle"):
        assert app.pop(key)
    mounts = [container.pop("volumeMounts") for container in (app, worker)]
    assert app | {"name": NAME, "command": ["shop", "worker"]} == worker
    assert {each["name"] for each in worker["env"]} >= {"DATABASE_URL", "APP_SECRET_KEY"}
    assert len(worker["envFrom"]) == 2
    assert [[each["mountPath"] for each in listed] for listed in mounts] == 2 * [
        ["/tmp", "/etc/shop.conf"]
    ]
    for spec in specs:
        spec.pop("topologySpreadConstraints")
    assert specs[0]["securityContext"].pop("sysctls")
    assert specs[0] == specs[1]


def test_it_has_no_containers_beside_it_and_only_its_own_volumes() -> None:
    found = pod(
        sidecars=[{"name": "logs", "image": "busybox:1", "command": ["logs"]}],
        initContainers=[{"name": "first", "image": "busybox:1"}],
        volumes=[{"name": "data"}, {"name": "other"}],
        mounts=[{"volume": "data", "path": "/data"}],
    )
    assert len(found["containers"]) == 1
    assert "initContainers" not in found
    assert [each["name"] for each in found["volumes"]] == ["writable", "data"]


def test_its_own_settings_take_the_place_of_the_applications() -> None:
    probe = {"type": "exec", "command": ["alive"]}
    small = {"requests": {"cpu": "1m", "memory": "1Mi"}}
    worker = {
        "name": "mail",
        "image": "example/mail:1",
        "args": ["--fast"],
        "resources": small,
        "autoscaler": {"min": 2, "max": 4, "cpu": 80},
        "probes": {"liveness": probe},
        "rollout": {"type": "Recreate", "terminationGracePeriodSeconds": 300},
    }
    found = declared(worker, command=["serve"], replicas=1, disruptionBudget={"maxUnavailable": 2})
    deployment = found.of_type("Deployment")[NAME]["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (2, {"type": "Recreate"})
    spec = deployment["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] == 300
    (container,) = spec["containers"]
    assert "command" not in container
    assert (container["image"], container["args"]) == ("example/mail:1", ["--fast"])
    assert container["resources"] == small
    assert container["livenessProbe"]["exec"] == {"command": ["alive"]}
    assert not {"startupProbe", "readinessProbe"} & container.keys()
    scaler = found.of_type("HorizontalPodAutoscaler")[NAME]["spec"]
    assert scaler["scaleTargetRef"]["name"] == NAME
    budgets = found.of_type("PodDisruptionBudget")
    assert [budgets[name]["spec"]["maxUnavailable"] for name in (APP, NAME)] == [2, 1]


def test_it_connects_where_the_application_does_and_nobody_connects_to_it() -> None:
    egress = {"egress": [{"app": "redis", "ports": [6379]}]}
    policies = declared(**DATABASE, networkPolicy=egress).of_type("NetworkPolicy")
    app, worker = policies[APP]["spec"], policies[NAME]["spec"]
    assert worker["podSelector"] == {"matchLabels": SELECTOR}
    assert worker["egress"] == app["egress"]
    assert (len(worker["egress"]), worker["ingress"]) == (4, [])
    assert worker["policyTypes"] == ["Ingress", "Egress"]
    assert NAME not in declared(networkPolicy={"enabled": False}).of_type("NetworkPolicy")


def test_each_worker_runs_on_its_node_pool_or_the_applications() -> None:
    cluster = {key: CLUSTER[key] for key in ("zone", "version", "nodePortSources")}
    pools = [POOL | {"name": name} for name in ("web", "batch")]
    values = {
        "cluster": cluster | {"allowOpenNetworks": True, "nodepools": pools},
        "apps": [
            {
                "name": "shop",
                "image": "example/shop:1",
                "nodepool": "web",
                "workers": [
                    {"name": "mail", "command": ["mail"]},
                    {"name": "report", "command": ["report"], "nodepool": "batch"},
                ],
            }
        ],
    }
    found = declare(values).of_type("Deployment")
    nodes = {
        name: each["spec"]["template"]["spec"]["nodeSelector"]["node.exoscale.net/nodepool-id"]
        for name, each in found.items()
    }
    assert nodes["shop"] == nodes["shop-mail"] == "cluster-web-id"
    assert nodes["shop-report"] == "cluster-batch-id"


def test_it_is_updated_after_what_the_application_is_updated_after() -> None:
    """The database, the Job before a rollout, and the network policies."""
    shop = {
        "name": "shop",
        "image": "example/shop:1",
        "beforeRollout": {"command": ["migrate"]},
        "workers": [MAIL],
    }
    found = requests({"existingCluster": {"kubeconfig": "{}"}, "apps": [shop | DATABASE]})
    app, worker = (
        next(each for urn, each in found.items() if urn.endswith(f"Deployment::{name}.shop"))
        for name in ("shop", "shop-mail")
    )
    assert worker["dependencies"] == app["dependencies"]
    needed = [urn.rpartition("$")[2].rpartition("/")[2] for urn in worker["dependencies"]]
    assert {"v1:Job::shop-before-rollout", "v1:StatefulSet::shop-db"} <= {*needed}
    assert "v1:NetworkPolicy::shop-mail.shop" in needed


def test_the_workers_autoscalers_are_recorded_with_the_applications() -> None:
    worker = {"name": "mail", "command": ["m"], "autoscaler": {"min": 1, "max": 2, "cpu": 80}}
    values = {
        "existingCluster": {"kubeconfig": "{}"},
        "apps": [{"name": "shop", "image": "example/shop:1", "workers": [worker]}],
    }
    assert declare(values).of_type("Stash")["autoscalers"]["input"] == ["shop/shop-mail"]


def test_the_deployments_of_an_application() -> None:
    found = deployments(app_settings(workers=[MAIL]), APP)
    assert {name: each.first_replicas for name, each in found.items()} == {APP: 3, NAME: 2}
    assert not found[NAME].has_port
