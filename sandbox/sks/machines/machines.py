"""The machines of a cluster: one for each node. Each cluster has its own switch."""

import time
from pathlib import Path
from threading import Event

from kubernetes import client

from sandbox.sks.layout import VOLUMES, ClusterFiles, ClusterRecord
from sandbox.sks.machines import network
from sandbox.sks.machines.firewall import Firewall
from sandbox.sks.machines.machine import Machine, Member, Place
from sandbox.sks.programs import Programs
from sandbox.sks.spec import NodepoolSpec, SksError

BOOT_SECONDS = 0
"""Default delay before a machine boots; kubelet needs some time until the node is Ready."""
_POD_NETWORK_DEADLINE = 30.0
_POLL = 0.1


class Machines:
    """Runs the machines of a cluster's nodes, whose Node objects must exist."""

    def __init__(
        self,
        home: Path,
        files: ClusterFiles,
        record: ClusterRecord,
        programs: Programs,
        images: Path,
        firewall: Firewall,
        dns_port: int | None,
    ) -> None:
        self._home, self._files, self._record = home, files, record
        self._dns_port = dns_port
        self._programs, self._images, self._firewall = programs, images, firewall
        self._switch = network.switch(home, record.id)
        self._machines: dict[str, dict[str, Machine]] = {}

    def set_pool(self, api: client.CoreV1Api, pool: NodepoolSpec) -> None:
        """Starts the missing machines of `pool`, except unready instances, and stops the others."""
        present = self._machines.setdefault(pool.id, {})
        for name in present.keys() - set(pool.node_names):
            present.pop(name).stop()
        for name, instance, addresses in zip(
            pool.node_names, pool.instance_ids, pool.addresses, strict=True
        ):
            if name not in present and instance not in pool.unready:
                present[name] = self._start(api, pool, name, instance, addresses[0])

    def remove_pool(self, pool_id: str) -> None:
        """Stops the machines of a pool."""
        for machine in self._machines.pop(pool_id, {}).values():
            machine.stop()

    def stop(self) -> None:
        """Stops all machines; their disks are kept."""
        for pool in list(self._machines):
            self.remove_pool(pool)
        network.remove(self._switch)

    def failures(self) -> list[str]:
        """Returns the errors of machines that ended and are not restarted."""
        machines = (machine for pool in self._machines.values() for machine in pool.values())
        return [machine.failure for machine in machines if machine.failure]

    def _start(
        self, api: client.CoreV1Api, pool: NodepoolSpec, name: str, instance: str, address: str
    ) -> Machine:
        programs = self._programs.of(pool.version)
        if not (programs / "kubelet").exists():
            raise SksError(
                f"kubelet {pool.version} is not installed: "
                f"run `sandbox tools --nodes containers --kubernetes {pool.version}`"
            )
        network.add_switch(self._switch)
        folder = self._files.directory / "machines" / name
        namespace = network.machine(self._home, self._record.id, name)
        place = Place(folder, self._home / VOLUMES, self._switch, namespace)
        machine = Machine(self._files, self._record, place, self._firewall, self._dns_port)
        machine.start(
            Member(
                name=name,
                address=address,
                pods=_network_of_pods(api, name),
                max_pods=pool.max_pods,
                boot_seconds=pool.boot_seconds.get(instance, BOOT_SECONDS),
                programs=programs,
                kube_router=self._programs.tools / "kube-router",
                images=tuple(sorted(self._images.glob("*.tar"))),
            )
        )
        return machine


def _network_of_pods(api: client.CoreV1Api, node: str) -> str:
    """Waits for the CIDR of the node's pods, which kube-controller-manager sets, and returns it.

    Raises:
        SksError: if it is not set in time.
    """
    deadline = time.monotonic() + _POD_NETWORK_DEADLINE
    while True:
        found: str | None = api.read_node(node).spec.pod_cidr
        if found:
            return found
        if time.monotonic() > deadline:
            raise SksError(
                f"node {node}: spec.podCIDR is not set after {_POD_NETWORK_DEADLINE:.0f} s"
            )
        Event().wait(_POLL)
