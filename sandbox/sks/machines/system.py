"""Creates CoreDNS and agents in kube-system of a cluster whose nodes run containers.

On SKS, kube-system contains more. Here, kube-proxy and kube-router are processes of each machine;
kube-router enforces network policies in place of the CNI, with permissions that are created here.
The rest isn't needed: the switch connects the pods. The agents of konnectivity contain no program,
see agents.py.
"""

from http import HTTPStatus
from pathlib import Path
from string import Template

import yaml
from kubernetes import client, utils

from sandbox.images.images import COREDNS, PAUSE
from sandbox.sks.layout import ClusterRecord
from sandbox.sks.machines import network, settings

_OBJECTS = Path(__file__).with_name("system.yaml")


def reconcile(
    api_client: client.ApiClient, record: ClusterRecord, dns_port: int | None = None
) -> None:
    """Creates the missing objects.

    Args:
        api_client: a client of the cluster.
        record: the cluster.
        dns_port: the port of the account's DNS server on the host's loopback address, if it has
            one. CoreDNS asks it first; for names outside the account's zones it answers REFUSED.
    """
    if _exist(api_client):
        return
    text = Template(_OBJECTS.read_text()).substitute(
        api_address=network.TAP_HOST,
        api_port=record.ports.api,
        dns_address=settings.cluster_dns(record),
        domain=settings.CLUSTER_DOMAIN,
        name_server=f"{network.TAP_HOST}:{dns_port}" if dns_port else "",
        image=COREDNS,
        pause=PAUSE,
    )
    for document in yaml.safe_load_all(text):
        try:
            utils.create_from_dict(api_client, document)
        except utils.FailToCreateError as failure:
            for error in failure.api_exceptions:
                if error.status != HTTPStatus.CONFLICT:
                    raise error from None


def _exist(api_client: client.ApiClient) -> bool:
    """Returns whether the last object, the Service, exists.

    Creating it again would fail as invalid instead of as a conflict, because its address is in use.
    """
    try:
        client.CoreV1Api(api_client).read_namespaced_service("kube-dns", "kube-system")
    except client.ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True
