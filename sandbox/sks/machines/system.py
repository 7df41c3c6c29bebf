"""What runs in kube-system of a cluster whose nodes run containers: CoreDNS.

What else SKS has there is a process of each machine (kube-proxy, and kube-router in place of a
CNI's own enforcer of network policies, with the permissions here), or is not needed here: the
network of pods is the switch's, and no tunnel leads to the control plane.
"""

from http import HTTPStatus
from pathlib import Path
from string import Template

import yaml
from kubernetes import client, utils

from sandbox.images.images import COREDNS
from sandbox.sks.layout import ClusterRecord
from sandbox.sks.machines import network, settings

_OBJECTS = Path(__file__).with_name("system.yaml")


def reconcile(api_client: client.ApiClient, record: ClusterRecord) -> None:
    """Create what is missing."""
    if _is_there(api_client):
        return
    text = Template(_OBJECTS.read_text()).substitute(
        api_address=network.TAP_HOST,
        api_port=record.ports.api,
        dns_address=settings.cluster_dns(record),
        domain=settings.CLUSTER_DOMAIN,
        image=COREDNS,
    )
    for document in yaml.safe_load_all(text):
        try:
            utils.create_from_dict(api_client, document)
        except utils.FailToCreateError as failure:
            for error in failure.api_exceptions:
                if error.status != HTTPStatus.CONFLICT:
                    raise error from None


def _is_there(api_client: client.ApiClient) -> bool:
    """Whether the last object is there. A second one of its address is no conflict, but invalid."""
    try:
        client.CoreV1Api(api_client).read_namespaced_service("kube-dns", "kube-system")
    except client.ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True
