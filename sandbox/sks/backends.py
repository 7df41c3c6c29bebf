"""The pods behind Services and load balancers of a cluster."""

from collections.abc import Iterator
from typing import Any

from kubernetes import client

SOLVERS = "acme.cert-manager.io/http01-solver=true"
"""Label of the objects that cert-manager creates for a challenge."""


def is_ready(pod: Any) -> bool:
    """Returns whether a pod is ready and not being deleted."""
    conditions = pod.status.conditions or ()
    return pod.metadata.deletion_timestamp is None and any(
        condition.type == "Ready" and condition.status == "True" for condition in conditions
    )


def ready_pods(core: client.CoreV1Api, service: Any) -> list[Any]:
    """Returns the pods behind a Service that are ready."""
    selector = ",".join(f"{k}={v}" for k, v in (service.spec.selector or {}).items())
    if not selector:
        return []
    found = core.list_namespaced_pod(service.metadata.namespace, label_selector=selector).items
    return [pod for pod in found if is_ready(pod)]


def balancer_addresses(api_client: client.ApiClient, port: int) -> set[str]:
    """Returns the addresses of the load balancers that have a port and, behind it, a ready pod."""
    core = client.CoreV1Api(api_client)
    return {
        entry.ip
        for service in core.list_service_for_all_namespaces().items
        for entry in service.status.load_balancer.ingress or ()
        if any(each.port == port for each in service.spec.ports) and ready_pods(core, service)
    }


def solver_pods(api_client: client.ApiClient, host: str, path: str) -> Iterator[Any]:
    """Yields the ready pods to which an Ingress for challenges leads.

    An Ingress whose class doesn't exist is not served.
    """
    core, networking = client.CoreV1Api(api_client), client.NetworkingV1Api(api_client)
    classes = {found.metadata.name for found in networking.list_ingress_class().items}
    for ingress in networking.list_ingress_for_all_namespaces(label_selector=SOLVERS).items:
        annotations = ingress.metadata.annotations or {}
        class_ = ingress.spec.ingress_class_name or annotations.get("kubernetes.io/ingress.class")
        for rule in ingress.spec.rules if class_ in classes else ():
            for way in rule.http.paths if rule.host == host else ():
                if way.path == path:
                    name, namespace = way.backend.service.name, ingress.metadata.namespace
                    yield from ready_pods(core, core.read_namespaced_service(name, namespace))
