"""Network policies, tried by connections: who gets through to whom."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.e2e.real_nodes import ANSWER_SECONDS, MARKS
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack

pytestmark = MARKS

APP = "http://rickroller.test.svc.cluster.local/"
STRANGER = "http://stranger.elsewhere.svc.cluster.local:8000/"
STRANGERS = """
apiVersion: v1
kind: Namespace
metadata: {name: elsewhere}
---
apiVersion: v1
kind: Pod
metadata: {name: stranger, namespace: elsewhere, labels: {app: stranger}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: web
    image: busybox:1.35
    command: [sh, -c, "echo stranger > /tmp/index.html; exec httpd -f -p 8000 -h /tmp"]
    readinessProbe: {httpGet: {path: /, port: 8000}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: stranger, namespace: elsewhere}
spec:
  selector: {app: stranger}
  ports: [{port: 8000}]
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: elsewhere}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: shell, image: busybox:1.35, command: [sleep, infinity]}
"""


@pytest.fixture(scope="module")
def strangers(kube: Kube) -> Iterator[None]:
    """A web server and a client in a namespace of their own, which has no policy."""
    kube.run("kubectl", "apply", "-f", "-", stdin=STRANGERS)
    ready = ("--for=condition=Ready", "--timeout=50s")
    kube.run("kubectl", "wait", "pod", "--all", "-n", "elsewhere", *ready)
    yield
    kube.run("kubectl", "delete", "namespace", "elsewhere")


def stranger_reaches(kube: Kube, url: str) -> bool:
    return reaches(kube, "elsewhere", "client", url)


def app_reaches(kube: Kube, url: str) -> bool:
    return reaches(kube, "test", app_pods(kube)[0]["metadata"]["name"], url)


def reaches(kube: Kube, namespace: str, pod: str, url: str) -> bool:
    """Whether a pod, whose image has busybox, gets an answer of `url`."""
    wget = f"busybox timeout {ANSWER_SECONDS} busybox wget -q -O /dev/null {url}"
    fetch = ("sh", "-c", f"{wget} && echo yes || echo no")
    return "yes" in kube.run("kubectl", "exec", "-n", namespace, pod, "--", *fetch)


def app_pods(kube: Kube) -> list[dict[str, Any]]:
    return [pod for pod in kube.list("pods", "test") if "deletionTimestamp" not in pod["metadata"]]


def test_only_the_controller_reaches_the_app(kube: Kube, url: str, strangers: None) -> None:
    """Neither by its Service's name nor by its pods' addresses."""
    assert requests.get(url, timeout=ANSWER_SECONDS).ok
    eventually(lambda: stranger_reaches(kube, STRANGER))

    assert not stranger_reaches(kube, APP)
    for pod in app_pods(kube):
        assert not stranger_reaches(kube, f"http://{pod['status']['podIP']}:8080/")


def test_the_app_reaches_names_and_no_pod_elsewhere(kube: Kube, strangers: None) -> None:
    pod = app_pods(kube)[0]["metadata"]["name"]
    look_up = ("busybox", "nslookup", "stranger.elsewhere.svc.cluster.local")
    (address,) = {kube.get("service", "stranger", "elsewhere")["spec"]["clusterIP"]}

    assert address in kube.run("kubectl", "exec", "-n", "test", pod, "--", *look_up)
    assert not app_reaches(kube, STRANGER)


def test_what_a_setting_opens_is_open_as_long_as_it_is_there(
    stack: Stack, kube: Kube, strangers: None
) -> None:
    """Both ways; a port that is not listed stays closed."""
    before = stack.file.read_text()
    stack.set("apps[0].networkPolicy.from[0].namespace", "elsewhere")
    stack.set("apps[0].networkPolicy.egress[0].namespace", "elsewhere")
    stack.set("apps[0].networkPolicy.egress[0].ports[0]", "8000")
    stack.up()
    eventually(lambda: stranger_reaches(kube, APP) and app_reaches(kube, STRANGER))

    stack.set("apps[0].networkPolicy.egress[0].ports[0]", "8001")
    stack.up()
    eventually(lambda: not app_reaches(kube, STRANGER))
    assert stranger_reaches(kube, APP)

    stack.file.write_text(before)
    stack.up()
    eventually(lambda: not stranger_reaches(kube, APP))
    assert stranger_reaches(kube, STRANGER)
