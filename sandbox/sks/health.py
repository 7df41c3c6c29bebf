"""Determines which simulated nodes would answer a load balancer's health check.

Nothing listens on simulated nodes. The behavior of kube-proxy is derived from real objects: the
Service with the port, its ready endpoints, and the nodes that are Ready. For an HTTP check, the
application is assumed to answer with success.
"""

from typing import Any

from kubernetes import client

_SERVICE_LABEL = "kubernetes.io/service-name"


def answering_nodes(api_client: client.ApiClient, port: int) -> set[str]:
    """Returns the names of the Ready nodes that would accept a TCP connection to the NodePort.

    If the port's Service has a ready endpoint, these are all Ready nodes. With
    `externalTrafficPolicy: Local`, and for the health check's own port, they are the Ready nodes
    with a ready endpoint.
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
    """Returns whether TCP connections to the NodePort reach the Service's port `item`."""
    return bool(item.node_port == port and item.protocol in (None, "TCP"))


def _hosts(api_client: client.ApiClient, service: Any) -> set[str]:
    """Returns the nodes of the Service's ready endpoints."""
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
