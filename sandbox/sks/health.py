"""Which nodes would answer a load balancer's health check.

Nothing listens on simulated nodes. What kube-proxy would do follows from objects that are real: the
Service that has the port, its ready endpoints, the nodes that are Ready. Of an http check, the
application's own answer is taken for a good one.
"""

from typing import Any

from kubernetes import client

_SERVICE_LABEL = "kubernetes.io/service-name"


def answering_nodes(api_client: client.ApiClient, port: int) -> set[str]:
    """Names of the nodes that are Ready and would answer a TCP connection to the NodePort `port`.

    Any, if the port's Service has a ready endpoint; with `externalTrafficPolicy: Local`, and on the
    health check's own port, those that have one themselves.
    """
    core = client.CoreV1Api(api_client)
    services = core.list_service_for_all_namespaces().items
    for service in services:
        own_check = service.spec.health_check_node_port == port
        if own_check or any(_is_on(item, port) for item in service.spec.ports or ()):
            break
    else:
        return set()
    hosts = _hosts(api_client, service)
    ready = {node.metadata.name for node in core.list_node().items if _is_ready(node)}
    if own_check or service.spec.external_traffic_policy == "Local":
        return ready & hosts
    return ready if hosts else set()


def _is_on(item: Any, port: int) -> bool:
    """Whether a connection to the NodePort reaches the Service's port: one of UDP takes none."""
    return bool(item.node_port == port and item.protocol in (None, "TCP"))


def _hosts(api_client: client.ApiClient, service: Any) -> set[str]:
    """The nodes of the Service's ready endpoints."""
    slices = client.DiscoveryV1Api(api_client).list_namespaced_endpoint_slice(
        service.metadata.namespace, label_selector=f"{_SERVICE_LABEL}={service.metadata.name}"
    )
    return {
        endpoint.node_name
        for item in slices.items
        for endpoint in item.endpoints or ()
        if endpoint.conditions.ready and endpoint.node_name
    }


def _is_ready(node: Any) -> bool:
    conditions = node.status.conditions or ()
    return any(c.type == "Ready" and c.status == "True" for c in conditions)
