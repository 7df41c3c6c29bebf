"""The program's pods on nodes that run containers: what the kernel lets them do."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.real_nodes import DEMO, MARKS, TRAEFIK, UP_SECONDS, kube_of, new_stack, real_nodes
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import APP, CLUSTER, Stack

pytestmark = MARKS

ACCESS_LOG = "/var/log/app/access.log"
SHARED = [{"volume": "shared-logs", "path": "/var/log/app"}]
SETTINGS: dict[str, Any] = {
    "cluster": CLUSTER,
    "ingress": TRAEFIK,
    "apps": [
        {
            **APP,
            "image": DEMO,
            "args": [f"--access-logfile={ACCESS_LOG}"],
            "volumes": [{"name": "shared-logs"}],
            "mounts": SHARED,
            "sidecars": [
                {
                    "name": "logs",
                    "image": "busybox:1.35",
                    "command": ["sh", "-c", f"touch {ACCESS_LOG}; tail -F {ACCESS_LOG}"],
                    "mounts": SHARED,
                }
            ],
        }
    ],
}
NAMESPACES = ("test", "ingress-nginx")
KINDS = (
    "configmaps,daemonsets,deployments,horizontalpodautoscalers,ingresses,jobs,networkpolicies,"
    "poddisruptionbudgets,rolebindings,roles,secrets,serviceaccounts,services"
)
CLUSTER_KINDS = "namespaces,ingressclasses,clusterroles,clusterrolebindings"
PER_CLUSTER = {
    *("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "status"),
    *("clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"),
    "modifiedAt",  # Helm's label
    "service.beta.kubernetes.io/exoscale-loadbalancer-id",
    "service.beta.kubernetes.io/exoscale-loadbalancer-service-instancepool-id",
}
"""Fields, labels and annotations with ids, addresses and times."""
SECRET = re.compile(r"(rickroller-app-secret-key)\.\w+-\w+")
"""The name of the generated secret, which ends with a digest of its value."""
CERTIFICATE = "kube-root-ca.crt"
"""The ConfigMap that Kubernetes puts into each namespace."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with real_nodes(tmp_path_factory.mktemp("pods") / "home") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The demo with a sidecar, on three pods of two nodes."""
    return deployed(sandbox, tmp_path_factory.mktemp("pods"))


@pytest.fixture(scope="module")
def kube(stack: Stack, sandbox: Sandbox) -> Kube:
    return kube_of(stack, sandbox)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """The same stack on simulated nodes."""
    folder = tmp_path_factory.mktemp("simulated")
    sandbox = Sandbox(folder / "home")
    try:
        sandbox.run("up", timeout=UP_SECONDS)
        yield kube_of(deployed(sandbox, folder / "project"), sandbox)
    finally:
        sandbox.run("reset")


def deployed(sandbox: Sandbox, folder: Path) -> Stack:
    stack = new_stack("pods", folder, sandbox, SETTINGS)
    stack.up()
    return stack


@pytest.fixture(scope="module")
def pod(kube: Kube) -> str:
    """One of the application's pods."""
    return min(kube.names("pods", "test"))


def execute(kube: Kube, pod: str, command: str, container: str = "rickroller") -> str:
    """What a shell in the container prints on both streams, whatever its exit code."""
    return kube.run(
        *("kubectl", "-n", "test", "exec", pod, "-c", container),
        *("--", "sh", "-c", f"{{ {command}; }} 2>&1 || :"),
    )


@pytest.mark.parametrize("container", ["rickroller", "logs"])
def test_its_processes_have_no_privileges(kube: Kube, pod: str, container: str) -> None:
    lines = execute(kube, pod, "busybox cat /proc/1/status /proc/self/status", container)

    told = [line.partition(":\t")[::2] for line in lines.splitlines()]
    users = {tuple(value.split()) for key, value in told if key in ("Uid", "Gid")}
    assert users == {("1000",) * 4}
    for key, wanted in {
        "CapEff": "0" * 16,
        "CapBnd": "0" * 16,
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }.items():
        assert {value for name, value in told if name == key} == {wanted}, key


@pytest.mark.parametrize("container", ["rickroller", "logs"])
def test_its_root_is_read_only_but_for_temporary_files(
    kube: Kube, pod: str, container: str
) -> None:
    assert "Read-only file system" in execute(kube, pod, "busybox touch /file", container)
    assert execute(kube, pod, "busybox touch /tmp/file", container) == ""


def test_it_has_no_token(kube: Kube, pod: str) -> None:
    found = execute(kube, pod, "busybox ls /var/run/secrets /run/secrets")
    assert found.count("No such file or directory") == 2


def test_a_sidecar_reaches_the_application_and_reads_its_logs(kube: Kube, pod: str) -> None:
    assert "<form" in execute(kube, pod, "wget -qO- localhost:8080/?from=sidecar", "logs")

    def logs() -> str:
        return kube.run("kubectl", "-n", "test", "logs", pod, "-c", "logs")

    eventually(lambda: '"GET /?from=sidecar HTTP/1.1" 200' in logs())


def test_the_objects_are_those_of_simulated_nodes(kube: Kube, simulated: Kube) -> None:
    assert objects(kube) == objects(simulated)


def objects(kube: Kube) -> dict[str, Any]:
    """What the stack made, without what each cluster has of its own."""
    listed = [item for namespace in NAMESPACES for item in kube.list(KINDS, namespace)]
    made = [each for each in kube.list(CLUSTER_KINDS) if is_the_stacks(each["metadata"]["name"])]
    return {shown(item): common(item) for item in [*listed, *made]}


def shown(item: dict[str, Any]) -> str:
    """An object's kind, namespace and name."""
    metadata = item["metadata"]
    return " ".join((item["kind"], metadata.get("namespace", ""), common(metadata["name"])))


def is_the_stacks(name: str) -> bool:
    """Whether an object without a namespace is the stack's: others are the cluster's own."""
    return name == "nginx" or name.startswith(NAMESPACES)


def common(value: Any) -> Any:
    """A value of an object without what is each cluster's own."""
    if isinstance(value, list):
        return [common(each) for each in value]
    if isinstance(value, str):
        return SECRET.sub(r"\1", value)
    if not isinstance(value, dict):
        return value
    its_own = value.get("kind") == "Secret" or value.get("metadata", {}).get("name") == CERTIFICATE
    return {
        key: sorted(each) if key == "data" and its_own else common(each)
        for key, each in value.items()
        if key not in PER_CLUSTER
    }
