"""The tutorial, command by command, on nodes that run containers.

Its commands are as it has them, but for five things:

- the demo takes the place of `derlin/rickroller:latest`, which is in no package registry;
- kubectl does what `kubens` does, which is a tool of its own;
- a shell is the editor;
- `while true` takes the place of `while 1`, at which a shell ends, and so the container;
- `ImplementationSpecific` takes the place of `Prefix`, with which Traefik, as ingress-nginx since
  1.12, refuses a regular expression.

Its look into nginx.conf has no place here: the controller is Traefik.
"""

import json
import re
import stat
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.paths import write_private
from tests.e2e.real_nodes import ANSWER_SECONDS, MARKS, TRAEFIK, new_stack, real_nodes
from tests.e2e.terminal import Terminal
from tests.support.account import Sandbox
from tests.support.polling import eventually
from tests.support.stack import CLUSTER, Stack

pytestmark = MARKS

SETTINGS: dict[str, Any] = {
    "cluster": CLUSTER,
    "ingress": TRAEFIK,
}

POD_WITH_SHELL = """
apiVersion: v1
kind: Pod
metadata: {name: rickroller}
spec:
  containers:
  - {name: sh, image: busybox, command: [sh, -c, while true; do sleep 10; done]}
  - {name: rickroller, image: derlin/rickroller:latest, ports: [{containerPort: 8080}]}
"""
POD_WITH_LOGS = """
apiVersion: v1
kind: Pod
metadata: {name: example, labels: {app: webapp}}
spec:
  containers:
  - name: app
    image: nginx
    ports: [{containerPort: 80}]
    volumeMounts: [{name: shared-logs, mountPath: /var/log/nginx}]
  - name: sidecar
    image: busybox
    command: [sh, -c, touch /var/log/nginx/access.log; tail -F /var/log/nginx/access.log]
    volumeMounts: [{name: shared-logs, mountPath: /var/log/nginx}]
  volumes: [{name: shared-logs, emptyDir: {}}]
"""
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: rickroller
  annotations:
    kubernetes.io/ingress.class: nginx
    nginx.ingress.kubernetes.io/use-regex: "true"
    nginx.ingress.kubernetes.io/rewrite-target: /$2
    nginx.ingress.kubernetes.io/x-forwarded-prefix: /rickroller
spec:
  rules:
  - http:
      paths:
      - path: /rickroller(/|$)(.*)
        pathType: ImplementationSpecific
        backend: {service: {name: rickroller, port: {number: 80}}}
"""
BEHIND_PROXY = {"name": "BEHIND_PROXY", "value": "true"}
EDITOR = f"""#!/bin/sh
sed -i 's|^\\( *\\)- image: .*|&\\n\\1  env: [{json.dumps(BEHIND_PROXY)}]|' "$1"
"""
"""Adds the variable to the container, as the tutorial's reader does by hand."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with real_nodes(tmp_path_factory.mktemp("tutorial") / "home") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """What the tutorial begins with: a cluster with a controller behind a load balancer."""
    stack = new_stack("tutorial", tmp_path_factory.mktemp("tutorial"), sandbox, SETTINGS)
    stack.up()
    return stack


@pytest.fixture(scope="module")
def terminal(stack: Stack, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal with the cluster's kubeconfig, whose namespace is the tutorial's."""
    folder = tmp_path_factory.mktemp("terminal")
    kubeconfig, editor = folder / "kubeconfig", folder / "editor"
    write_private(kubeconfig, stack.outputs(secrets=True)["kubeconfig"])
    editor.write_text(EDITOR)
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    terminal = Terminal(
        {**sandbox.environment, "KUBECONFIG": str(kubeconfig), "EDITOR": str(editor)}
    )
    terminal("kubectl create namespace test")
    terminal("kubectl config set-context --current --namespace=test")
    return terminal


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=ANSWER_SECONDS)


def answered(url: str) -> requests.Response:
    """The page at `url`, once there is one."""

    def page() -> requests.Response | None:
        try:
            found = get(url)
        except requests.ConnectionError:
            return None
        return found if found.ok else None

    found = eventually(page)
    assert found is not None
    return found


def test_a_pod_is_reached_through_a_port_forward(terminal: Terminal) -> None:
    terminal("kubectl run rickroller --image=derlin/rickroller:latest --port 8080")

    eventually(lambda: re.search(r"rickroller +1/1 +Running", terminal("kubectl get pod")), 120)
    eventually(lambda: "Listening at: http://0.0.0.0:8080" in terminal("kubectl logs rickroller"))
    with terminal.another("kubectl port-forward pod/rickroller 8888:8080"):
        page = answered("http://localhost:8888")
    assert page.headers["X-Served-By"] == "rickroller"
    terminal("kubectl delete pod rickroller")


def test_containers_of_a_pod_share_their_network(terminal: Terminal) -> None:
    terminal("kubectl apply -f -", POD_WITH_SHELL)
    terminal("kubectl wait --for=condition=Ready pod/rickroller --timeout=120s")

    command = "kubectl exec rickroller --container sh -- wget localhost:8080 -O -"
    eventually(lambda: "<form" in terminal(f"{command} || :"))

    terminal("kubectl delete pod rickroller")


def test_a_sidecar_shows_the_logs_of_a_shared_volume(terminal: Terminal) -> None:
    terminal("kubectl apply -f -", POD_WITH_LOGS)
    terminal("kubectl wait --for=condition=Ready pod/example --timeout=120s")

    eventually(
        lambda: "nginx" in terminal("kubectl exec example -c sidecar -- wget localhost -O - || :")
    )

    eventually(lambda: '"GET / HTTP/1.1" 200' in terminal("kubectl logs example -c sidecar"))
    terminal("kubectl delete pod example")


def test_a_deployment_has_a_replica_set_and_a_pod(terminal: Terminal) -> None:
    terminal(
        "kubectl create deployment rickroller --image=derlin/rickroller:latest --port=8080 -o yaml"
    )

    eventually(lambda: len(terminal.running()) == 1, 120)
    (replica_set,) = terminal.objects("replicasets")
    (pod,) = terminal.objects("pods")
    listed = terminal("kubectl get all")
    for name in (
        "deployment.apps/rickroller",
        f"replicaset.apps/{replica_set['metadata']['name']}",
    ):
        assert re.search(rf"^{name} +1", listed, re.MULTILINE)
    assert f"pod/{pod['metadata']['name']}" in listed
    hash_ = replica_set["spec"]["selector"]["matchLabels"]["pod-template-hash"]
    assert pod["metadata"]["name"].startswith(f"rickroller-{hash_}-")


def test_it_is_scaled(terminal: Terminal) -> None:
    terminal("kubectl scale deployment rickroller --replicas=3")

    eventually(lambda: len(terminal.running()) == 3, 120)
    assert len({pod["spec"]["nodeName"] for pod in terminal.objects("pods")}) == 2


def test_a_deleted_pod_is_replaced(terminal: Terminal) -> None:
    before = set(terminal.running())

    with terminal.another("kubectl get pod -w") as watch:
        terminal("kubectl delete $(kubectl get pod -o name | grep rickroller | head -1)")
        eventually(lambda: len(terminal.running()) == 3, 120)
        watch.terminate()
        seen, _ = watch.communicate()
    (new,) = set(terminal.running()) - before
    assert new in seen


def test_an_upgrade_keeps_the_old_replica_set(terminal: Terminal) -> None:
    upgrade(terminal)

    old, new = sorted(terminal.objects("replicasets"), key=lambda each: revision(each))
    assert (old["spec"]["replicas"], new["spec"]["replicas"]) == (0, 3)
    assert all(variables == [BEHIND_PROXY] for variables in terminal.variables())


def upgrade(terminal: Terminal) -> None:
    terminal("kubectl edit deploy rickroller")
    terminal("kubectl rollout status deployment/rickroller --timeout=150s")
    eventually(lambda: len(terminal.objects("pods")) == 3, 120)


def revision(replica_set: dict[str, Any]) -> int:
    return int(replica_set["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


def test_an_upgrade_is_undone(terminal: Terminal) -> None:
    terminal("kubectl rollout undo deployment/rickroller")

    terminal("kubectl rollout status deployment/rickroller --timeout=150s")
    eventually(lambda: len(terminal.objects("pods")) == 3, 120)
    assert terminal.variables() == [[], [], []]
    history = terminal("kubectl rollout history deployment/rickroller")
    assert re.findall(r"^\d+", history, re.MULTILINE) == ["2", "3"]


def test_a_service_has_a_load_balancer_of_its_own(terminal: Terminal) -> None:
    terminal("kubectl create service loadbalancer rickroller --tcp=80:8080")

    (address,) = eventually(
        lambda: re.findall(
            r"LoadBalancer Ingress: +(\S+)", terminal("kubectl describe svc rickroller")
        )
    )
    assert address != controller(terminal)
    page = answered(f"http://{address}")
    assert page.headers["X-Served-By"] in terminal.running()
    addresses = {f"{pod['status']['podIP']}:8080" for pod in terminal.objects("pods")}
    listed = terminal("kubectl get endpoints rickroller")
    assert set(re.findall(r"[\d.]+:8080", listed)) == addresses


def controller(terminal: Terminal) -> str:
    """The address of the controller's load balancer."""
    path = "{.items[*].status.loadBalancer.ingress[*].ip}"
    return terminal(f"kubectl -n ingress-nginx get service -o jsonpath='{path}'")


def test_an_ingress_leads_below_the_prefix(terminal: Terminal) -> None:
    terminal("kubectl delete svc rickroller")
    terminal("kubectl create svc clusterip rickroller --tcp=80:8080")
    terminal("kubectl apply -f -", INGRESS)
    upgrade(terminal)

    url = f"http://{controller(terminal)}/rickroller"
    page = answered(url)

    links = re.findall(r'(?:href|src|action)="([^"#]*)"', page.text)
    assert links
    assert all(link.startswith("/rickroller/") for link in links)
    assert all(get(f"http://{controller(terminal)}{link}").ok for link in links)
    assert page.headers["X-Served-By"] in terminal.running()
