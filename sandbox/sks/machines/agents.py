"""The control plane's connections into the network of a cluster whose nodes run containers.

On SKS, konnectivity forwards them to an agent, which opens them. Here, the agents are pods without
a program, and the daemon opens the connections in the network namespace of one of them. So
Services, network policies and security groups apply to them as to the connections of any pod.
"""

import ctypes
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubernetes import client

from sandbox.sks.machines import cgroups
from sandbox.sks.spec import SksError

LABELS = "k8s-app=konnectivity-agent"
_OWN_NAMESPACE = Path("/proc/thread-self/ns/net")
_LIBC = ctypes.CDLL(None, use_errno=True)


def connect(core: client.CoreV1Api, host: str, port: int, seconds: float) -> socket.socket:
    """Connects to a pod or a Service, from an agent of the cluster.

    Args:
        core: a client of the cluster.
        host: an address of the cluster's network.
        port: the port.
        seconds: the timeout.

    Raises:
        OSError: if the connection fails.
        SksError: if no agent runs.
    """
    for pod in core.list_namespaced_pod("kube-system", label_selector=LABELS).items:
        for process in cgroups.processes_of_pod(pod.metadata.uid):
            with _in_network_of(process):
                return socket.create_connection((host, port), seconds)
    raise SksError("no agent of konnectivity runs in kube-system")


@contextmanager
def _in_network_of(process: int) -> Iterator[None]:
    """Moves this thread into the network namespace of a process. Its sockets stay there."""
    with _OWN_NAMESPACE.open() as own, Path(f"/proc/{process}/ns/net").open() as other:
        _enter(other.fileno())
        try:
            yield
        finally:
            _enter(own.fileno())


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, 0):
        raise OSError(ctypes.get_errno(), "setns failed")
