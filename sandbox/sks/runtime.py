"""Runs the clusters of a sandbox. The SKS routes of the Exoscale API call it."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields, replace
from datetime import timedelta
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from threading import RLock
from typing import Any, Literal

import urllib3
from kubernetes import client

from sandbox.paths import IMAGES, private_directory
from sandbox.sks import health, nodes, storage, system_pods
from sandbox.sks.backends import balancer_addresses, solver_pods
from sandbox.sks.cert_manager import CertManager
from sandbox.sks.cloud_controller import CloudController
from sandbox.sks.cluster_autoscaler.programs import ClusterAutoscalers
from sandbox.sks.control_plane import ControlPlane
from sandbox.sks.csi_controller import CsiController
from sandbox.sks.exoscale_client import Client, zone_client
from sandbox.sks.ingress_nginx import image
from sandbox.sks.layout import SNAPSHOTS, VOLUMES, ClusterFiles, ClusterRecord, Ports
from sandbox.sks.looking import Looking
from sandbox.sks.machines import system
from sandbox.sks.machines.firewall import Firewall
from sandbox.sks.machines.machines import Machines
from sandbox.sks.ports import free_ports
from sandbox.sks.processes import kill_stale
from sandbox.sks.programs import Programs
from sandbox.sks.snapshot_controller import SnapshotController
from sandbox.sks.snapshots import Snapshots
from sandbox.sks.spec import (
    CCM_ADDON,
    CSI_ADDON,
    CloudError,
    ClusterSpec,
    NodepoolSpec,
    Opening,
    SksError,
)
from sandbox.sks.volume_expansion import VolumeExpansion

__all__ = ["ClusterSpec", "NodepoolSpec", "SksError", "SksRuntime"]

_API_HOSTS = (
    "localhost",
    "127.0.0.1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


class SksRuntime:
    """Creates, runs and deletes clusters in `home`/clusters.

    All methods block and are thread-safe. Operations on different clusters run in parallel.

    Args:
        home: the sandbox's home.
        tools: the folder of the programs.
        containers: whether nodes run containers; otherwise they are simulated.
        dns_port: the port of the account's DNS server on the loopback address, for the containers;
            None if there is none.

    Raises:
        SksError: from each method, with the reason, if an operation fails.
    """

    def __init__(
        self, home: Path, tools: Path, *, containers: bool = False, dns_port: int | None = None
    ) -> None:
        self._home = home
        self._directory = private_directory(home / "clusters")
        self._programs = Programs(tools)
        self._clusters: dict[str, ControlPlane] = {}
        self._controllers: dict[str, CloudController] = {}
        self._containers, self._dns_port = containers, dns_port
        self._machines: dict[str, Machines] = {}
        self._firewall = Firewall()
        self._csi_drivers: dict[str, tuple[Looking, ...]] = {}
        self._pod_programs: dict[str, tuple[Looking, ...]] = {}
        self._cert_manager_environment: Mapping[str, str] = {}
        self._account: tuple[str, str, str] | None = None
        self._locks: dict[str, RLock] = {}
        self._lock = RLock()

    def connect(self, api_url: str, api_key: str, api_secret: str) -> None:
        """Sets the account for cloud controllers; the URL of the Exoscale API ends in /v2."""
        self._account = (api_url, api_key, api_secret)

    def set_cert_manager_environment(self, environment: Mapping[str, str]) -> None:
        """Sets the variables of cert-manager's programs: trusted authorities and proxies."""
        self._cert_manager_environment = environment

    def addresses(self, port: int) -> set[str]:
        """Returns the addresses of the load balancers that have the port and ready pods."""
        return set().union(
            *(balancer_addresses(plane.api_client, port) for plane in [*self._clusters.values()])
        )

    def solver(self, address: str, host: str, path: str) -> int | None:
        """Returns the loopback port of the program that answers a challenge, None if none does.

        Args:
            address: the address of the load balancer.
            host: the name in the request.
            path: the path of the request.
        """
        for plane in [*self._clusters.values()]:
            if address in balancer_addresses(plane.api_client, 80):
                for pod in solver_pods(plane.api_client, host, path):
                    if port := plane.pod_ports.get(pod.metadata.uid):
                        return port
        return None

    @property
    def versions(self) -> list[str]:
        """The Kubernetes versions of clusters, newest first: the installed ones."""
        return self._programs.versions

    def create_cluster(self, cluster_id: str, spec: ClusterSpec) -> str:
        """Creates and starts a cluster, waits until it is ready, and returns the API server's URL.

        If a creation was interrupted, the next call completes it.
        """
        self._programs.of(spec.version)
        with self._cluster_lock(cluster_id):
            files = ClusterFiles(self._directory / cluster_id)
            if not files.record.exists():
                self.delete_cluster(cluster_id)
                files.pki.create((*_API_HOSTS, *_service_addresses(spec)))
                with self._lock:
                    ports = Ports(*free_ports(4, self._taken_ports()))
                    files.save(ClusterRecord(id=cluster_id, ports=ports, **_fields(spec)))
            return self.start_cluster(cluster_id)

    def update_cluster(self, cluster_id: str, spec: ClusterSpec) -> None:
        """Updates a running cluster to `spec`; it keeps its address and its data.

        The API server is restarted if its settings change. If it doesn't start with the new
        settings, the cluster continues with the previous ones. Zone, CNI and networking don't
        change.
        """
        self._programs.of(spec.version)
        with self._cluster_lock(cluster_id):
            plane = self._running(cluster_id)
            plane.change(replace(plane.record, **_fields(spec)))
            self._start_addons(plane)

    def start_cluster(self, cluster_id: str) -> str:
        """Starts a stored cluster, with its ports and data, and returns the API server's URL."""
        with self._cluster_lock(cluster_id):
            if cluster_id in self._clusters:
                return self._clusters[cluster_id].endpoint
            files = ClusterFiles(self._directory / cluster_id)
            plane = ControlPlane(self._programs, files, containers=self._containers)
            plane.start()
            try:
                self._start_addons(plane)
            except BaseException:
                plane.stop()
                raise
            self._clusters[cluster_id] = plane
            if self._containers:
                self._machines[cluster_id] = Machines(
                    self._home,
                    plane.files,
                    plane.record,
                    self._programs,
                    IMAGES,
                    self._firewall,
                    self._dns_port,
                )
            return plane.endpoint

    def stop_cluster(self, cluster_id: str) -> None:
        """Stops the cluster's processes, if it runs; its files are kept."""
        with self._cluster_lock(cluster_id):
            plane = self._clusters.pop(cluster_id, None)
            machines = self._machines.pop(cluster_id, None)
            controller = self._controllers.pop(cluster_id, None)
            csi_driver = self._csi_drivers.pop(cluster_id, ())
            pod_programs = self._pod_programs.pop(cluster_id, ())
            for part in pod_programs:
                part.stop()
            for part in pod_programs:
                part.join()
            if controller is not None:
                controller.stop()
            for part in csi_driver:
                part.stop()
            if machines is not None:
                machines.stop()
            if plane is not None:
                plane.stop()
            if controller is not None:
                controller.join()
            for part in csi_driver:
                part.join()

    def delete_cluster(self, cluster_id: str) -> None:
        """Stops the cluster, if it runs, and deletes its files, if they exist."""
        with self._cluster_lock(cluster_id):
            self.stop_cluster(cluster_id)
            directory = self._directory / cluster_id
            if directory.exists():
                for pid_file in ClusterFiles(directory).run.glob("*.pid"):
                    kill_stale(pid_file, directory)
                shutil.rmtree(directory)

    def set_nodepool(self, cluster_id: str, pool: NodepoolSpec) -> None:
        """Creates the missing nodes of `pool`, which then boot, and deletes the others."""
        with self._cluster_lock(cluster_id):
            plane = self._running(cluster_id)
            with _reasons(f"nodepool {pool.name}"):
                core = client.CoreV1Api(plane.api_client)
                machines = self._machines.get(cluster_id)
                nodes.reconcile(core, pool, zone=plane.record.zone, simulated=machines is None)
                if machines is not None:
                    machines.set_pool(core, pool)

    def delete_nodepool(self, cluster_id: str, nodepool_id: str) -> None:
        """Deletes the nodes of a pool."""
        with self._cluster_lock(cluster_id):
            plane = self._running(cluster_id)
            with _reasons(f"nodepool {nodepool_id}"):
                if machines := self._machines.get(cluster_id):
                    machines.remove_pool(nodepool_id)
                nodes.remove_pool(client.CoreV1Api(plane.api_client), nodepool_id)

    def set_firewall(self, openings: Mapping[str, Sequence[Opening]]) -> None:
        """Replaces the firewall rules of all nodes.

        Args:
            openings: the allowed traffic, by the public address of the node's instance.
        """
        self._firewall.follow(openings)

    def answering_nodes(self, cluster_id: str, port: int) -> set[str]:
        """Returns the names of the nodes that answer a health check on the NodePort `port`."""
        plane = self._running(cluster_id)
        with _reasons("health check"):
            return health.answering_nodes(plane.api_client, port)

    def kubeconfig(
        self, cluster_id: str, user: str, groups: Sequence[str], ttl_seconds: int
    ) -> str:
        """Returns a kubeconfig (YAML) whose client certificate is valid for `ttl_seconds`."""
        lifetime = timedelta(seconds=ttl_seconds)
        return self._running(cluster_id).issue_kubeconfig(user, groups, lifetime)

    def authority_cert(
        self, cluster_id: str, authority: Literal["aggregation", "control-plane", "kubelet"]
    ) -> str:
        """Returns the certificate (PEM) of one of the cluster's authorities."""
        files = ClusterFiles(self._directory / cluster_id)
        files.load()
        return files.pki.certificate(f"{authority}-ca").read_text()

    def stop_all(self) -> None:
        """Stops all clusters."""
        for cluster_id in list(self._clusters):
            self.stop_cluster(cluster_id)

    def _start_addons(self, plane: ControlPlane) -> None:
        record = plane.record
        with _reasons("addons"):
            storage.reconcile(plane.api_client, record.addons)
            if self._containers:
                system.reconcile(plane.api_client, record, self._dns_port)
                image.reconcile(plane.api_client)
            else:
                system_pods.reconcile(plane.api_client, record)
        if not self._containers and record.id not in self._pod_programs:
            program = self._programs.tools / "cert-manager"
            self._pod_programs[record.id] = (
                CertManager(plane, program, self._cert_manager_environment),
                ClusterAutoscalers(plane, self._connect_with),
            )
            for part in self._pod_programs[record.id]:
                part.start()

        if CCM_ADDON in record.addons and record.id not in self._controllers:
            controller = CloudController(
                record.name, plane.new_api_client(), partial(self._cloud_client, record.zone)
            )
            self._controllers[record.id] = controller
            controller.start()

        if CSI_ADDON in record.addons and record.id not in self._csi_drivers:
            volumes, snapshots = self._home / VOLUMES, self._home / SNAPSHOTS
            self._csi_drivers[record.id] = (
                CsiController(record.name, plane.new_api_client(), volumes),
                VolumeExpansion(record.name, plane.new_api_client()),
                SnapshotController(plane, self._programs.tools),
                Snapshots(record.name, record.zone, plane.new_api_client(), volumes, snapshots),
            )
            for part in self._csi_drivers[record.id]:
                part.start()

    def _cloud_client(self, zone: str) -> Client:
        if self._account is None:
            raise CloudError("the runtime is not connected to an Exoscale account")
        return zone_client(*self._account, zone)

    def _connect_with(self, key: str, secret: str, zone: str) -> Client:
        """Returns a client of the zone with another key of the account."""
        if self._account is None:
            raise CloudError("the runtime is not connected to an Exoscale account")
        return zone_client(self._account[0], key, secret, zone)

    def _running(self, cluster_id: str) -> ControlPlane:
        plane = self._clusters.get(cluster_id)
        if plane is None:
            raise SksError(f"cluster {cluster_id} does not run")
        machines = self._machines.get(cluster_id)
        for failure in (*plane.failures(), *(machines.failures() if machines else ())):
            raise SksError(failure)
        return plane

    def _cluster_lock(self, cluster_id: str) -> RLock:
        with self._lock:
            return self._locks.setdefault(cluster_id, RLock())

    def _taken_ports(self) -> set[int]:
        records = [
            ClusterFiles(path.parent).load() for path in self._directory.glob("*/cluster.json")
        ]
        return {port for record in records for port in astuple(record.ports)}


def _fields(spec: ClusterSpec) -> dict[str, Any]:
    """Returns the fields of a spec by name, without copying the values."""
    return {field.name: getattr(spec, field.name) for field in fields(ClusterSpec)}


def _service_addresses(spec: ClusterSpec) -> list[str]:
    """Returns the addresses of the Service `kubernetes`: the first of each Service network."""
    networks = spec.networking.services.split(",")
    return [str(ip_network(network)[1]) for network in networks]


@contextmanager
def _reasons(what: str) -> Iterator[None]:
    try:
        yield
    except client.ApiException as error:
        reason = json.loads(error.body)["message"] if error.body else error.reason
        raise SksError(f"{what}: {reason}") from error
    except urllib3.exceptions.HTTPError as error:
        raise SksError(f"{what}: the API server does not answer: {error}") from error
