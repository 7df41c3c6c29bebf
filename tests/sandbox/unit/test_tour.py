"""What `make up` says at its end."""

from __future__ import annotations

from sandbox.environment.tour import tour

OUTPUTS = {
    "rickroller_url": "http://203.0.113.1/rickroller/",
    "rickroller_namespace": "test",
    "load_balancer_address": "203.0.113.1",
    "kubeconfig": "[secret]",
}


def test_the_url_the_address_and_what_they_do_not_do_yet() -> None:
    text = tour("local", OUTPUTS)
    assert "rickroller      http://203.0.113.1/rickroller/\n" in text
    assert "load balancer   203.0.113.1\n" in text
    assert "nodes are simulated" in text
    assert "carries no traffic yet" in text
    assert "kubeconfig" not in text


def test_nodes_that_run_containers_carry_traffic() -> None:
    text = tour("local", OUTPUTS, "containers")
    assert "open the URL" in text
    assert "simulated" not in text


def test_what_to_try_next_names_the_stack_and_the_apps_own_objects() -> None:
    text = tour("mine", OUTPUTS)
    for command in (
        "kubectl get nodes",
        "make ps STACK=mine",
        "kubectl -n test describe ingress",
        "pulumi config set --stack mine --path 'apps[0].replicas' 5",
        "make preview",
    ):
        assert command in text


def test_a_stack_without_apps_has_a_tour_too() -> None:
    text = tour("local", {"load_balancer_address": "203.0.113.1"})
    assert "kubectl get nodes" in text
    assert "describe ingress" not in text


def test_a_stack_without_a_controller_has_no_address_of_one() -> None:
    text = tour("local", {"web_url": "http://web.web.svc/", "web_namespace": "web"})
    assert "web             http://web.web.svc/\n" in text
    assert "load balancer  " not in text
