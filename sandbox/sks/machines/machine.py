"""A machine: runs the programs of a node, from kubelet to kube-router, in separate namespaces."""

import json
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sandbox.images import registry
from sandbox.paths import private_directory, write_private
from sandbox.sks.kubeconfig import kubeconfig
from sandbox.sks.layout import ClusterFiles, ClusterRecord
from sandbox.sks.machines import cgroups, csi_node, init, network, settings
from sandbox.sks.machines.firewall import Firewall
from sandbox.sks.processes import Child, Command
from sandbox.sks.storage import CSI_DRIVER
from sandbox.toolchain.prerequisites import SYSTEM_PATH

_LIFETIME = timedelta(days=3650)


@dataclass(frozen=True)
class Place:
    """The location of a machine.

    Attributes:
        folder: the machine's folder.
        volumes: the folder of the volumes that its pods can mount.
        switch: the namespace of the cluster's switch.
        namespace: the name of the machine's network namespace and control group.
    """

    folder: Path
    volumes: Path
    switch: str
    namespace: str


@dataclass(frozen=True)
class Member:
    """The settings of a machine.

    Attributes:
        name: the name of the node.
        address: the public address of the node.
        pods: the CIDR of the node's pods.
        max_pods: the maximum number of pods.
        boot_seconds: the delay before the machine starts its programs.
        programs: the folder of the programs of the node's Kubernetes version.
        kube_router: the program that enforces network policies.
        images: the image archives to import.
    """

    name: str
    address: str
    pods: str
    max_pods: int
    boot_seconds: float
    programs: Path
    kube_router: Path
    images: tuple[Path, ...]


class Machine:
    """A running machine. Like every child process, it ends when its parent ends."""

    def __init__(
        self,
        files: ClusterFiles,
        record: ClusterRecord,
        place: Place,
        firewall: Firewall,
        dns_port: int | None,
    ) -> None:
        self._files, self._record, self._place = files, record, place
        self._firewall, self._dns_port = firewall, dns_port
        self._config = place.folder / "config"
        self._run = place.folder / "run"
        self._children: list[Child] = []

    def start(self, member: Member) -> None:
        """Starts the machine, without waiting until its node is Ready."""
        for folder in (self._config, self._config / "cni", self._run, self._place.folder / "log"):
            private_directory(folder)
        cgroups.add(self._place.namespace)
        network.add_machine(
            self._place.switch,
            self._place.namespace,
            member.address,
            self._record.networking.pods.partition(",")[0],
        )
        self._firewall.add(self._place.namespace, member.address, self._record)
        self._write(member)
        for command in (self._uplink(), self._machine()):
            child = Child(command)
            self._children.append(child)
            child.start()

    def stop(self) -> None:
        """Stops the machine like a power failure: its processes, mounts and links are removed."""
        for child in reversed(self._children):
            child.stop(grace=0)
        self._firewall.remove(self._place.namespace)
        cgroups.remove(self._place.namespace)
        network.remove(self._place.namespace)

    @property
    def failure(self) -> str | None:
        """Why the machine doesn't run; None while it runs."""
        return next((child.failure for child in self._children if child.failure), None)

    def _uplink(self) -> Command:
        namespace = f"/run/netns/{self._place.namespace}"
        options = ["--configure", "--mtu=65520", f"--cidr={network.TAP_NETWORK}"]
        arguments = [*options, "--netns-type=path", namespace, network.TAP]
        return self._command("slirp4netns", ["slirp4netns", *arguments])

    def _machine(self) -> Command:
        return self._command(
            "unshare",
            [
                "nsenter",
                f"--net=/run/netns/{self._place.namespace}",
                *"unshare --mount --pid --ipc --uts --mount-proc --fork --kill-child".split(),
                sys.executable,
                init.__file__,
                str(self._config / "machine.json"),
            ],
        )

    def _command(self, name: str, arguments: list[str]) -> Command:
        return Command(
            name=name,
            arguments=arguments,
            directory=self._place.folder,
            log=self._place.folder / "log" / f"{name}.log",
            pid_file=self._run / f"{name}.pid",
        )

    def _write(self, member: Member) -> None:
        config, record = self._config, self._record
        self._write_certificates(member)
        data, registries = self._place.folder / "containerd", config / "registries"
        kubelet = settings.kubelet(
            self._files,
            record,
            folder=config,
            cgroup=self._place.namespace,
            max_pods=member.max_pods,
        )
        proxy = settings.kube_proxy(
            record, name=member.name, kubeconfig=config / "kube-proxy.kubeconfig"
        )
        for file, text in {
            "containerd.toml": settings.containerd(data, config / "cni", registries),
            "registries/_default/hosts.toml": settings.registry_hosts(),
            "cni/pods.conflist": settings.cni(member.pods),
            "kubelet.yaml": kubelet,
            "kube-proxy.yaml": proxy,
            "resolv.conf": f"nameserver {network.TAP_RESOLVER}\n",
            "machine.json": json.dumps(self._specification(member), indent=2),
        }.items():
            write_private(config / file, text)

    def _write_certificates(self, member: Member) -> None:
        pki = self._files.pki
        authority = pki.authority("control-plane")
        for component, user, groups in (
            ("kubelet", f"system:node:{member.name}", ["system:nodes"]),
            ("kube-proxy", "system:kube-proxy", []),
            ("kube-router", "kube-router", []),
        ):
            text = kubeconfig(
                cluster=self._record.name,
                server=f"https://{network.TAP_HOST}:{self._record.ports.api}",
                authority=authority.certificate,
                user=user,
                pair=authority.sign_client(user, groups, _LIFETIME),
                server_name="kubernetes",
            )
            write_private(self._config / f"{component}.kubeconfig", text)
        server = pki.authority("kubelet").sign_server(member.name, [member.name, member.address])
        write_private(self._config / "kubelet.pem", server.certificate.decode("ascii"))
        write_private(self._config / "kubelet-key.pem", server.key.decode("ascii"))

    def _specification(self, member: Member) -> dict[str, Any]:
        """Returns the specification for init.py."""
        folder = self._place.folder
        return {
            "name": member.name,
            "cgroup": self._place.namespace,
            "boot_seconds": member.boot_seconds,
            "path": SYSTEM_PATH,
            "folders": {str(folder / "lib"): "/var/lib", str(folder / "pods"): "/var/log"},
            "resolver": str(self._config / "resolv.conf"),
            "pods": self._record.networking.pods.partition(",")[0],
            "tap_host": network.TAP_HOST,
            "api_port": self._record.ports.api,
            "dns_port": self._dns_port,
            "containerd_socket": str(settings.CONTAINERD_SOCKET),
            "images": [str(image) for image in member.images],
            "services": [
                {"log": str(folder / "log" / f"{name}.log"), "arguments": arguments}
                for name, arguments in self._services(member).items()
            ],
        }

    def _services(self, member: Member) -> dict[str, list[str]]:
        """Returns the command lines of the machine's programs by name; containerd is first."""
        config, csi = self._config, str(settings.CSI_SOCKET)
        volumes = str(self._place.volumes)
        return {
            "containerd": ["containerd", f"--config={config / 'containerd.toml'}"],
            "registry": [
                sys.executable,
                registry.__file__,
                str(settings.REGISTRY_PORT),
                *(str(image) for image in member.images),
            ],
            "csi_node": [sys.executable, csi_node.__file__, csi, CSI_DRIVER, member.name, volumes],
            "kubelet": [
                str(member.programs / "kubelet"),
                f"--config={config / 'kubelet.yaml'}",
                f"--kubeconfig={config / 'kubelet.kubeconfig'}",
                f"--hostname-override={member.name}",
                f"--node-ip={member.address}",
                "--cloud-provider=external",
            ],
            "kube-proxy": [
                str(member.programs / "kube-proxy"),
                f"--config={config / 'kube-proxy.yaml'}",
            ],
            "kube-router": [
                str(member.kube_router),
                f"--kubeconfig={config / 'kube-router.kubeconfig'}",
                f"--hostname-override={member.name}",
                f"--service-cluster-ip-range={self._record.networking.services}",
                "--run-firewall",
                "--run-router=false",
                "--run-service-proxy=false",
                "--health-port=0",
            ],
        }
