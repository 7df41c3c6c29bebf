"""The security groups of machines, as iptables rules for packets from the switch.

The rules are in each machine's network namespace. They apply before the rules of Kubernetes, when a
packet still has its original destination port. As on Exoscale, answers are allowed, and packets
that no rule allows are dropped.
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
"""The UDP port with which a CNI sends the packets of pods between nodes."""


@dataclass(frozen=True)
class _Machine:
    """A running machine: the public address of its instance, and its cluster."""

    address: str
    cluster: ClusterRecord


class Firewall:
    """The firewall of all machines of a sandbox. It allows nothing until `follow` is called."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._openings: Mapping[str, Sequence[Opening]] = {}
        self._machines: dict[str, _Machine] = {}

    def follow(self, openings: Mapping[str, Sequence[Opening]]) -> None:
        """Replaces the allowed traffic, which is given by the machines' addresses.

        Raises:
            SksError: if a machine's rules can't be set. The next call retries that.
        """
        with self._lock:
            for namespace, machine in self._machines.items():
                if self._openings.get(machine.address) != openings.get(machine.address):
                    _restore(namespace, rules(openings.get(machine.address, ()), machine.cluster))
            self._openings = openings

    def add(self, namespace: str, address: str, cluster: ClusterRecord) -> None:
        """Adds a machine, whose network namespace then allows only what its rules allow."""
        with self._lock:
            self._machines[namespace] = _Machine(address, cluster)
            _restore(namespace, rules(self._openings.get(address, ()), cluster))
            if _run(namespace, "iptables", "-w", "-t", "mangle", "-C", *_JUMP):
                failure = _run(namespace, "iptables", "-w", "-t", "mangle", "-A", *_JUMP)
                if failure:
                    raise SksError(f"iptables: {failure}")

    def remove(self, namespace: str) -> None:
        """Removes a machine whose network has been deleted."""
        with self._lock:
            self._machines.pop(namespace, None)


def rules(openings: Sequence[Opening], cluster: ClusterRecord) -> str:
    """Returns the rules of a machine of the cluster, in the format of iptables-restore."""
    lines = ["-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"]
    overlay = _OVERLAY_PORTS.get(cluster.cni or "")
    if overlay is None or any(opening.has("udp", overlay) for opening in openings):
        # On the switch, packets to pods are not encapsulated; on SKS they are, in overlay packets.
        lines.append(f"-d {cluster.networking.pods.partition(',')[0]} -j ACCEPT")
    lines += [line for opening in openings for line in _rules(opening)]
    lines.append("-j DROP")
    body = "".join(f"-A {_CHAIN} {line}\n" for line in lines)
    return f"*mangle\n:{_CHAIN} - [0:0]\n{body}COMMIT\n"


def _rules(opening: Opening) -> Iterator[str]:
    """Yields one rule for each IPv4 source, because machines have no IPv6."""
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
    """Runs a command in a network namespace and returns its error, "" if it succeeds."""
    done = subprocess.run(
        ["nsenter", f"--net=/run/netns/{namespace}", *command],
        input=text,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": SYSTEM_PATH},
    )
    return done.stderr.strip() or f"exit {done.returncode}" if done.returncode else ""
