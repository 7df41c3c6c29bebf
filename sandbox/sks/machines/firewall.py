"""Security groups of machines: what comes to them by the switch, as rules of their own networks.

Rules stand before those of Kubernetes, where a packet still has the port that it was sent to. As on
Exoscale, answers come through. What is let in nowhere is dropped.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from threading import Lock

from sandbox.sks.layout import ClusterRecord
from sandbox.sks.spec import Opening, SksError
from sandbox.toolchain.prerequisites import SYSTEM_PATH

_CHAIN = "SECURITY-GROUPS"
_JUMP = ("PREROUTING", "-i", "eth0", "-j", _CHAIN)
_OVERLAY_PORTS = {"calico": 4789, "cilium": 8472}
"""By CNI, the UDP port by which it sends pods' packets from node to node."""


@dataclass(frozen=True)
class _Machine:
    """A machine that runs: its instance's public address and its cluster."""

    address: str
    cluster: ClusterRecord


class Firewall:
    """Lets in to all machines of a sandbox what it was last told, and nothing until then."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._openings: Mapping[str, Sequence[Opening]] = {}
        self._machines: dict[str, _Machine] = {}

    def follow(self, openings: Mapping[str, Sequence[Opening]]) -> None:
        """Let these in, by machines' addresses, and nothing else.

        Raises SksError, and looks at all machines again the next time, if that can't be.
        """
        with self._lock:
            for namespace, machine in self._machines.items():
                if self._openings.get(machine.address) != openings.get(machine.address):
                    _restore(namespace, rules(openings.get(machine.address, ()), machine.cluster))
            self._openings = openings

    def add(self, namespace: str, address: str, cluster: ClusterRecord) -> None:
        """Close a machine's network, the namespace, but for what is let in."""
        with self._lock:
            self._machines[namespace] = _Machine(address, cluster)
            _restore(namespace, rules(self._openings.get(address, ()), cluster))
            if _run(namespace, "iptables", "-w", "-t", "mangle", "-C", *_JUMP):
                failure = _run(namespace, "iptables", "-w", "-t", "mangle", "-A", *_JUMP)
                if failure:
                    raise SksError(f"iptables: {failure}")

    def remove(self, namespace: str) -> None:
        """Forget a machine, whose network is gone."""
        with self._lock:
            self._machines.pop(namespace, None)


def rules(openings: Sequence[Opening], cluster: ClusterRecord) -> str:
    """What iptables-restore takes: the rules of a machine of the cluster."""
    lines = ["-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"]
    overlay = _OVERLAY_PORTS.get(cluster.cni or "")
    if overlay is None or any(opening.has("udp", overlay) for opening in openings):
        # Packets to pods are on the switch as they are: on SKS they are in those of the overlay.
        lines.append(f"-d {cluster.networking.pods.partition(',')[0]} -j ACCEPT")
    lines += [line for opening in openings for line in _rules(opening)]
    lines.append("-j DROP")
    body = "".join(f"-A {_CHAIN} {line}\n" for line in lines)
    return f"*mangle\n:{_CHAIN} - [0:0]\n{body}COMMIT\n"


def _rules(opening: Opening) -> Iterator[str]:
    """One for each source; machines have no IPv6."""
    match = [f"-p {opening.protocol}"]
    if opening.ports:
        match.append("--dport {}:{}".format(*opening.ports))
    if opening.icmp and opening.icmp[0] >= 0:
        type_, code = opening.icmp
        match.append(f"--icmp-type {type_}" + (f"/{code}" if code >= 0 else ""))
    for source in opening.sources:
        if ip_network(source).version == 4 and opening.protocol != "icmpv6":
            yield f"-s {source} {' '.join(match)} -j ACCEPT"


def _restore(namespace: str, text: str) -> None:
    failure = _run(namespace, "iptables-restore", "-w", "--noflush", text=text)
    if failure:
        raise SksError(f"security groups of {namespace}: {failure}")


def _run(namespace: str, *command: str, text: str = "") -> str:
    """What a command in a network namespace complains of, nothing where it does not fail."""
    done = subprocess.run(
        ["nsenter", f"--net=/run/netns/{namespace}", *command],
        input=text,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": SYSTEM_PATH},
    )
    return done.stderr.strip() or f"exit {done.returncode}" if done.returncode else ""
