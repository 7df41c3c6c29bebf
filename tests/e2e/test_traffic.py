"""An application as a browser sees it: behind load balancer, controller and rewrite."""

import re

import requests

from tests.e2e.real_nodes import ANSWER_SECONDS, MARKS, ready
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack
from tests.support.traffic import SteadyLoad

pytestmark = MARKS

RATE = 150
"""Requests a second: the controller, three pods and two kubelets share the machine."""


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=ANSWER_SECONDS)


def links(page: str) -> list[str]:
    return re.findall(r'(?:href|src|action)="([^"#]*)"', page)


def test_the_page_and_its_links_are_below_the_prefix(url: str) -> None:
    page = get(url)
    assert page.ok
    assert links(page.text)
    assert all(link.startswith("/rickroller/") for link in links(page.text))


def test_pods_reach_the_load_balancer(kube: Kube, url: str) -> None:
    run = ("run", "visitor", "--image=busybox:1.35", "--restart=Never", "--rm", "--attach")
    page = kube.run("kubectl", "-n", "default", *run, "--quiet", "--", "wget", "-qO-", url)
    assert "<form" in page


def test_a_forged_prefix_is_replaced(url: str) -> None:
    page = get(url, **{"X-Forwarded-Prefix": "/elsewhere"})
    assert page.ok
    assert "/elsewhere" not in page.text


def test_any_pod_takes_the_form_of_any_other(url: str) -> None:
    """They share the key, and the redirect is below the prefix."""
    answered = set()
    with requests.Session() as browser:
        for number in range(12):
            form = browser.get(url, timeout=ANSWER_SECONDS)
            (token,) = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
            data = {"csrf_token": token, "name": f"visitor-{number}"}
            page = browser.post(url, data=data, timeout=ANSWER_SECONDS)
            assert page.ok
            assert page.url == f"{url}hello/visitor-{number}"
            answered |= {form.headers["X-Served-By"], page.headers["X-Served-By"]}
    assert len(answered) == 3


def test_no_request_fails_while_pods_are_replaced(stack: Stack, kube: Kube, url: str) -> None:
    """An upgrade, fewer and more replicas, a pod that is deleted."""
    with SteadyLoad(url, rate=RATE) as load:
        stack.set("apps[0].environment.COLOR", "blue")
        stack.up()
        for replicas in ("1", "3"):
            stack.set("apps[0].replicas", replicas)
            stack.up()
        pod = min(kube.names("pods", "test"))
        kube.run("kubectl", "-n", "test", "delete", "pod", pod, "--wait=false")
        eventually(lambda: pod not in kube.names("pods", "test") and ready(kube) == 3)
    print(load.figures)
    assert load.figures.requests > RATE
    assert not load.figures.failures, load.figures
