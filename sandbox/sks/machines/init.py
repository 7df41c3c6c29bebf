"""The first process of a machine, which acts as its init system.

It is process 1 of a process namespace, in the machine's mount and network namespaces. When it ends,
the kernel therefore ends all processes that it started, including containers, and removes all
mounts.

Usage: `python init.py SPECIFICATION`. It is started by its path, so it imports nothing but the
standard library.
"""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PAUSE = 1.0
"""Delay before a program that ended is restarted, in seconds."""
POLL = 0.1


def main(specification: dict[str, Any]) -> None:
    """Sets up the machine and supervises its services; never returns.

    Args:
        specification: the description of the machine, which machine.py writes.
    """
    time.sleep(specification["boot_seconds"])
    socket.sethostname(specification["name"])
    _clear_groups(specification["cgroup"])
    _mount(specification)
    _set_network(specification)
    environment = {**os.environ, "PATH": specification["path"]}
    services: dict[int, dict[str, Any]] = {}
    containerd, *others = specification["services"]
    _start(containerd, environment, services)
    _wait_for(Path(specification["containerd_socket"]))
    for image in specification["images"]:
        _import(Path(image))
    for service in others:
        _start(service, environment, services)
    while True:
        pid, _ = os.wait()  # a service, or an orphaned process
        if pid in services:
            time.sleep(PAUSE)
            _start(services.pop(pid), environment, services)


def _clear_groups(name: str) -> None:
    """Deletes the control groups of pods that ended when the machine ended before.

    Otherwise kubelet would search for the containers of each pod for 3 s.
    """
    top = Path("/sys/fs/cgroup")
    groups = [*top.glob(f"{name}/kubepods"), *top.glob(f"*/{name}/kubepods")]
    while any(group.exists() for group in groups):
        for group in groups:
            for folder, _, _ in os.walk(group, topdown=False):
                with suppress(OSError):  # its processes have not ended yet
                    Path(folder).rmdir()
        time.sleep(POLL)


def _mount(specification: dict[str, Any]) -> None:
    """Mounts the machine's folders at the paths that the programs of nodes use."""
    resolver = Path("/etc/resolv.conf").resolve()
    for source, target in specification["folders"].items():
        Path(source).mkdir(parents=True, exist_ok=True)
        _run("mount", "--bind", source, target)
    _run("mount", "-t", "tmpfs", "tmpfs", "/run")
    resolver.parent.mkdir(parents=True, exist_ok=True)
    resolver.touch()
    _run("mount", "--bind", specification["resolver"], str(resolver))
    # kubelet's mounts of a pod's volumes must be visible in the pod's containers.
    _run("mount", "--make-rshared", "/")


def _set_network(specification: dict[str, Any]) -> None:
    """Enables forwarding, proxy ARP and masquerading for pods, and restricts access to the host."""
    pods, host = specification["pods"], specification["tap_host"]
    api_port, dns_port = specification["api_port"], specification["dns_port"]
    for name, value in (
        ("ipv4/ip_forward", "1"),
        ("ipv4/conf/eth0/proxy_arp", "1"),
        ("ipv4/neigh/eth0/proxy_delay", "0"),  # otherwise ARP requests wait for up to 0.8 s
    ):
        (Path("/proc/sys/net") / name).write_text(value)
    _rule("nat", "POSTROUTING", "-s", pods, "!", "-d", pods, "-j", "MASQUERADE")
    # On the host's loopback address, the machine may only connect to the API server and to the
    # account's DNS server. The rules are not in the table `filter`, where kube-router accepts
    # packets that policies allow first.
    to_host = ("mangle", "POSTROUTING", "-d", host)
    for protocol in ("udp", "tcp") if dns_port else ():
        _rule(*to_host, "-p", protocol, "--dport", str(dns_port), "-j", "ACCEPT")
    _rule(*to_host, "-p", "tcp", "!", "--dport", str(api_port), "-j", "DROP")
    _rule(*to_host, "!", "-p", "tcp", "-j", "DROP")


def _rule(table: str, chain: str, *rule: str) -> None:
    """Appends a rule, unless it exists from an earlier run of the machine."""
    check = ["iptables", "-w", "-t", table, "-C", chain, *rule]
    if subprocess.run(check, stderr=subprocess.DEVNULL).returncode != 0:
        _run("iptables", "-w", "-t", table, "-A", chain, *rule)


def _import(image: Path) -> None:
    """Imports an image, unless an earlier run of the machine imported it."""
    imported = Path("/var/lib/images") / image.name
    if not imported.exists():
        _run("ctr", "--namespace=k8s.io", "images", "import", str(image))
        imported.parent.mkdir(exist_ok=True)
        imported.touch()


def _start(
    service: dict[str, Any], environment: dict[str, str], services: dict[int, dict[str, Any]]
) -> None:
    with Path(service["log"]).open("ab") as log:
        process = subprocess.Popen(
            service["arguments"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    services[process.pid] = service


def _wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(POLL)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
