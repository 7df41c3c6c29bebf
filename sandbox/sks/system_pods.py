"""Creates the workloads that SKS runs in kube-system of a cluster.

Their names are those in the manifests of the projects, which SKS deploys. The pods are simulated.
Images have no version, because Exoscale chooses and changes it. The metrics server's API
(metrics.k8s.io) is not registered, because nothing could answer requests to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from kubernetes import client

from sandbox.sks.spec import CSI_ADDON, METRICS_ADDON, ClusterSpec

NAMESPACE = "kube-system"

_PER_NODE = {
    "calico": ("calico-node", "calico/node"),
    "cilium": ("cilium", "cilium/cilium"),
}
_ONCE = {
    "calico": ("calico-kube-controllers", "calico/kube-controllers"),
    "cilium": ("cilium-operator", "cilium/operator-generic"),
}


def reconcile(api_client: client.ApiClient, spec: ClusterSpec) -> None:
    """Creates the missing workloads."""
    apps = client.AppsV1Api(api_client)
    for name, image in _daemon_sets(spec):
        with _unless_there():
            apps.create_namespaced_daemon_set(NAMESPACE, _workload(name, image))
    for name, image, replicas in _deployments(spec):
        with _unless_there():
            apps.create_namespaced_deployment(NAMESPACE, _workload(name, image, replicas=replicas))


def _daemon_sets(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    if spec.cni:
        yield _PER_NODE[spec.cni]
    if spec.kube_proxy:
        yield "kube-proxy", "registry.k8s.io/kube-proxy"
    if CSI_ADDON in spec.addons:
        yield "exoscale-csi-node", "exoscale/csi-driver"


def _deployments(spec: ClusterSpec) -> Iterator[tuple[str, str, int]]:
    yield "coredns", "registry.k8s.io/coredns/coredns", 2
    yield "konnectivity-agent", "registry.k8s.io/kas-network-proxy/proxy-agent", 2
    if spec.cni:
        yield (*_ONCE[spec.cni], 1)
    if METRICS_ADDON in spec.addons:
        yield "metrics-server", "registry.k8s.io/metrics-server/metrics-server", 1
    if CSI_ADDON in spec.addons:
        yield "exoscale-csi-controller", "exoscale/csi-driver", 1


def _workload(name: str, image: str, **spec: int) -> dict[str, Any]:
    labels = {"k8s-app": name}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            **spec,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{"name": name, "image": image}],
                    "priorityClassName": "system-cluster-critical",
                    "tolerations": [{"operator": "Exists"}],
                },
            },
        },
    }


@contextmanager
def _unless_there() -> Iterator[None]:
    """Ignores the conflict if the object already exists."""
    try:
        yield
    except client.ApiException as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
