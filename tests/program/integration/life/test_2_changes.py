"""Changes of the deployed stack: what the preview says, and that it is what happens."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import TUTORIAL, Stack, Step

pytestmark = pytest.mark.integration

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
WAITS = Step("update", "pulumi:index:Stash", "rickroller-rollout")
"""What comes after the pods waits for them."""
SERVICE = "kubernetes:core/v1:Service"
BALANCER = 'metadata.annotations["service.beta.kubernetes.io/exoscale-loadbalancer-service-'
SKIP_AWAIT = 'metadata.annotations["pulumi.com/skipAwait"]'


def deployment(kube: Kube) -> dict[str, Any]:
    return kube.get("deployment", "rickroller", "test")


def service(kube: Kube) -> dict[str, Any]:
    return kube.get("service", "rickroller", "test")


def application_key(kube: Kube) -> str:
    (secret,) = (item for item in kube.list("secrets", "test") if "APP_SECRET_KEY" in item["data"])
    value: str = secret["data"]["APP_SECRET_KEY"]
    return value


def running(kube: Kube) -> set[str]:
    """The names of the pods that run and are not about to end."""
    return {
        pod["metadata"]["name"]
        for pod in kube.list("pods", "test")
        if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]
    }


@pytest.fixture(scope="module", autouse=True)
def _key_is_kept(kube: Kube) -> Iterator[None]:
    """APP_SECRET_KEY is the same before and after all these changes."""
    key = application_key(kube)
    yield
    assert application_key(kube) == key


def test_scaling_changes_one_property(stack: Stack, kube: Kube) -> None:
    before = deployment(kube)
    pods = running(kube)
    stack.set("apps[0].replicas", "5")
    assert stack.preview() == [
        Step("update", DEPLOYMENT, "rickroller", {"spec.replicas": "update"}),
        WAITS,
    ]
    assert deployment(kube)["spec"] == before["spec"]

    assert stack.up()["update"] == 2
    after = deployment(kube)
    assert after["spec"] == {**before["spec"], "replicas": 5}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["readyReplicas"] == 5
    assert len(running(kube)) == 5
    assert running(kube) > pods


def test_a_deleted_pod_comes_back(stack: Stack, kube: Kube) -> None:
    before = running(kube)
    gone = min(before)
    kube.run("kubectl", "delete", "pod", gone, "--namespace", "test", "--wait=false")
    eventually(lambda: len(running(kube) - {gone}) == len(before))
    assert len(running(kube) - before) == 1


def test_a_new_variable_is_rolled_out(stack: Stack, kube: Kube) -> None:
    (old,) = kube.names("replicasets", "test")
    pods = running(kube)
    stack.set("apps[0].environment.GREETING", "hello")
    added = {"spec.template.spec.containers[0].env[2]": "add"}
    assert stack.preview() == [Step("update", DEPLOYMENT, "rickroller", added), WAITS]

    stack.up()

    def sizes() -> dict[str, tuple[int, int | None]]:
        return {
            item["metadata"]["name"]: (
                item["spec"]["replicas"],
                item["status"].get("readyReplicas"),
            )
            for item in kube.list("replicasets", "test")
        }

    assert sizes()[old] == (0, None)
    assert sorted(sizes().values()) == [(0, None), (5, 5)]
    eventually(lambda: len(kube.list("pods", "test")) == 5)
    assert running(kube).isdisjoint(pods)
    for pod in kube.list("pods", "test"):
        variables = {item["name"]: item for item in pod["spec"]["containers"][0]["env"]}
        assert variables.keys() == {"BEHIND_PROXY", "GREETING", "APP_SECRET_KEY"}
        assert variables["GREETING"]["value"] == "hello"


def test_service_types(stack: Stack, kube: Kube, sandbox: Sandbox) -> None:
    def balancers() -> set[str]:
        found = sandbox.client.list_load_balancers()["load-balancers"]
        return {str(balancer["ip"]) for balancer in found}

    def changes() -> dict[str, str]:
        (step,) = (step for step in stack.preview() if step.kind == SERVICE)
        assert (step.operation, step.name) == ("update", "rickroller")
        return step.changed

    before, others = service(kube), balancers()
    stack.set("apps[0].service", "LoadBalancer")
    told = dict.fromkeys((f'{BALANCER}healthcheck-{key}"]' for key in ("mode", "uri")), "add")
    told[f'{BALANCER}instancepool-id"]'] = "add"
    local = {"spec.externalTrafficPolicy": "add", "spec.type": "update"}
    assert changes() == told | local | {SKIP_AWAIT: "delete"}
    stack.up()
    (entry,) = service(kube)["status"]["loadBalancer"]["ingress"]
    assert balancers() == others | {entry["ip"]}
    assert entry["ip"] not in others
    assert stack.outputs()["rickroller_url"] == f"http://{entry['ip']}/"
    # the cloud controller has written the load balancer's ID into the annotations by now
    stack("preview", "--refresh", "--expect-no-changes")

    stack.set("apps[0].service", "NodePort")
    gone = dict.fromkeys(told, "delete") | {"spec.externalTrafficPolicy": "delete"}
    assert changes() == gone | {SKIP_AWAIT: "add", "spec.type": "update"}
    stack.up()
    assert 30000 <= service(kube)["spec"]["ports"][0]["nodePort"] <= 32767
    eventually(lambda: balancers() == others)

    stack.set("apps[0].service", "ClusterIP")
    stack.up()
    after = service(kube)
    assert after["spec"] == before["spec"]
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["loadBalancer"] == {}


def test_another_cni_would_replace_the_cluster(stack: Stack, sandbox: Sandbox) -> None:
    before = sandbox.holds()
    settings = stack.file.read_text()
    stack.set("cluster.cni", "cilium")
    steps = {(step.kind.rpartition(":")[2], step.name): step for step in stack.preview()}
    stack.file.write_text(settings)
    cluster = steps["SksCluster", "cluster"]
    assert (cluster.operation, cluster.changed) == ("replace", {"cni": "update-replace"})
    assert steps["SksNodepool", "cluster-workers"].operation == "replace"
    assert steps["SecurityGroupRule", "cluster-calico-vxlan"].operation == "delete"
    assert steps["SecurityGroupRule", "cluster-cilium-vxlan"].operation == "create"
    assert sandbox.holds() == before


def test_drift_is_shown_and_taken_back(stack: Stack, kube: Kube) -> None:
    kube.run("kubectl", "scale", "deployment", "rickroller", "--replicas=1", "--namespace=test")
    drift = [Step("update", DEPLOYMENT, "rickroller", {"spec.replicas": "update"})]
    assert stack.steps("refresh", "--preview-only") == drift

    conflict = stack.run("up", "--yes", "--skip-preview", "--refresh")
    assert conflict.returncode != 0
    assert 'conflict with "kubectl"' in conflict.stdout
    assert ".spec.replicas" in conflict.stdout
    assert deployment(kube)["spec"]["replicas"] == 1

    stack.with_force.up("--refresh")
    eventually(lambda: deployment(kube)["status"].get("readyReplicas") == 5)


def test_a_managed_database_takes_connections_from_the_nodes(
    stack: Stack, sandbox: Sandbox
) -> None:
    database = {"kind": "dbaas", "zone": "ch-gva-2", "keepData": "false", "allowDataLoss": "true"}
    for key, value in database.items():
        stack.set(f"apps[0].database.{key}", value)
    stack.up()
    found = sandbox.client.get_dbaas_service_pg(name="webapp-local-rickroller-db")
    (group,) = (each["id"] for each in stack.resources() if each["type"].endswith(":SecurityGroup"))
    instances = sandbox.client.list_instances()["instances"]
    addresses = {
        f"{instance['public-ip']}/32"
        for instance in instances
        if {"id": group} in instance["security-groups"]
    }
    assert len(addresses) == 2
    assert set(found["ip-filter"]) == addresses
    stack("preview", "--expect-no-changes")


def test_another_password_of_a_managed_database_is_a_rollout(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    before = deployment(kube)
    sandbox.client.reset_dbaas_postgres_user_password(
        service_name="webapp-local-rickroller-db", username="avnadmin", password="chosen-1234"
    )
    shown = {(step.operation, step.name) for step in stack.preview()}
    assert shown == {
        ("replace", "rickroller-db-uri"),
        ("update", "rickroller"),
        ("update", "rickroller-rollout"),
    }
    stack.up()
    now = deployment(kube)
    assert now["metadata"]["uid"] == before["metadata"]["uid"]
    assert "chosen-1234" in database_url(kube)
    stack("preview", "--refresh", "--expect-no-changes")


def database_url(kube: Kube) -> str:
    """What the pods get, of a Secret that is the only one of its kind."""
    (container,) = deployment(kube)["spec"]["template"]["spec"]["containers"]
    (source,) = (
        each["valueFrom"]["secretKeyRef"]
        for each in container["env"]
        if each["name"] == "DATABASE_URL"
    )
    (secret,) = (item for item in kube.list("secrets", "test") if source["key"] in item["data"])
    assert secret["metadata"]["name"] == source["name"]
    return base64.b64decode(secret["data"][source["key"]]).decode()


def test_back_to_the_beginning(stack: Stack, kube: Kube) -> None:
    stack.configure(TUTORIAL)
    stack.up()
    # old pods may still be on their way out
    eventually(lambda: deployment(kube)["status"]["readyReplicas"] == 3)
    assert kube.releases("ingress-nginx", "ingress-nginx") == [(1, "deployed")]
    stack("preview", "--expect-no-changes")
