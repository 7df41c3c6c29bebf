"""The networks of machines: each machine has a namespace, and each cluster has a switch.

```
 host ── 169.254.87.1-3 ═ switch (a bridge, in a namespace of its own)
                           ║        ║
             eth0 198.51.100.1    eth0 198.51.100.2       machines, each in a namespace of its own
                 │                     │
             tap0 198.18.0.100     tap0 198.18.0.100      slirp4netns: outgoing, from a user process
```

On the host itself there are only a link for each switch, with the routes to the machines, and a
link with the account's other public addresses. Routes are removed with their links. The switch is
not on the host, because the host's firewall would apply to it. The names of all namespaces start
with the sandbox's prefix, so that they can be found and removed however the sandbox ended.
"""

import hashlib
import json
import subprocess
from ipaddress import IPv4Address
from pathlib import Path

from sandbox.sks.spec import (
    CLIENT,
    HEALTH_CHECKS,
    INSTANCE_NETWORKS,
    PUBLIC_NETWORK,
    TUNNEL,
    SksError,
)

_HOST = (CLIENT, HEALTH_CHECKS, TUNNEL)
"""The host's addresses on every switch."""
TAP = "tap0"
TAP_NETWORK = "198.18.0.0/24"
"""The network of slirp4netns, which creates the device TAP. It is the range for benchmarks
(RFC 2544) instead of a private range, so that the API server has a public address, as on SKS. Pods
whose network policies allow the internet can then reach it."""
TAP_HOST = "198.18.0.2"
"""Address at which slirp4netns provides the host's 127.0.0.1."""
TAP_RESOLVER = "198.18.0.3"
"""Address at which slirp4netns provides the host's DNS resolver."""
_UPLINK = "host"
_LAST = "4000000000"
"""Metric of a route with the lowest priority."""


def prefix(home: Path) -> str:
    """Returns the prefix of the namespaces and control groups of the sandbox at `home`."""
    return f"sandbox-{_short(str(home))}-"


def switch(home: Path, cluster: str) -> str:
    """Returns the namespace of the cluster's switch."""
    return f"{prefix(home)}{cluster}"


def machine(home: Path, cluster: str, name: str) -> str:
    """Returns the namespace of a machine of the cluster."""
    return f"{switch(home, cluster)}-{name}"


def namespaces(beginning: str) -> list[str]:
    """Returns the network namespaces whose names start with `beginning`."""
    found = json.loads(_ip("-json", "netns", "list") or "[]")
    return [item["name"] for item in found if item["name"].startswith(beginning)]


def remove(beginning: str) -> None:
    """Deletes the namespaces whose names start with `beginning`, and the links to them."""
    for name in namespaces(beginning):
        # The kernel deletes a namespace's links with the namespace, but not immediately.
        _delete_link(_link(name))
        _ip("netns", "delete", name)


def add_public_network(home: Path) -> None:
    """Makes all addresses of PUBLIC_NETWORK addresses of the host.

    Machines and pods reach them like any address outside the cluster, through slirp4netns.

    Raises:
        SksError: if another sandbox has the addresses.
    """
    link = _link(prefix(home))
    _delete_link(link)
    _ip("link", "add", link, "up", "type", "bridge")  # without ports; some kernels have no dummies
    try:
        _ip("route", "add", "local", PUBLIC_NETWORK, "dev", link)
    except SksError as error:
        _delete_link(link)
        raise SksError(
            f"can't use {PUBLIC_NETWORK}: another sandbox with nodes that run containers is "
            f"running, stop it first ({error})"
        ) from error


def remove_public_network(home: Path) -> None:
    """Removes the addresses of `add_public_network`, if the host has them."""
    _delete_link(_link(prefix(home)))


def add_switch(name: str) -> None:
    """Creates a cluster's switch, with a link to the host, if it doesn't exist."""
    if name in namespaces(name):
        return
    link = _link(name)
    _ip("netns", "add", name)
    _ip("-n", name, "link", "add", "switch", "up", "type", "bridge")
    _ip("link", "add", link, "type", "veth", "peer", "name", _UPLINK, "netns", name)
    _ip("-n", name, "link", "set", _UPLINK, "up", "master", "switch")
    for address in _HOST:
        _ip("address", "add", f"{address}/32", "dev", link)
    _ip("link", "set", link, "up")
    # Packets to a deleted machine must not leave the host. Other clusters have the same routes.
    for network in INSTANCE_NETWORKS:
        _ip("route", "append", network, "dev", link, "src", CLIENT, "metric", _LAST)


def add_machine(switch: str, name: str, address: str, pods: str) -> None:
    """Creates a machine's namespace, whose `address` is reachable from the host.

    The machine reaches other machines and all pods through the switch.

    Args:
        switch: the namespace of the cluster's switch.
        name: the machine's namespace.
        address: the machine's address.
        pods: the CIDR of the cluster's pods.

    Raises:
        SksError: if another sandbox uses the address.
    """
    if name in namespaces(name):
        return
    port = f"m{_short(name)}"
    peer = ("name", "eth0", "address", link_address(address), "netns", name)
    _ip("netns", "add", name)
    _ip("-n", switch, "link", "add", port, "type", "veth", "peer", *peer)
    _ip("-n", switch, "link", "set", port, "up", "master", "switch")
    _ip("-n", name, "link", "set", "lo", "up")
    _ip("-n", name, "address", "add", f"{address}/32", "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    for network in (*_HOST, pods, *INSTANCE_NETWORKS):
        _ip("-n", name, "route", "add", network, "dev", "eth0", "src", address)
    _ip("route", "add", address, "dev", _link(switch), "src", CLIENT)


def link_address(address: str) -> str:
    """Returns the MAC address for a machine's address.

    It is derived from the address, because neighbors cache it for some seconds. They can therefore
    reach a new machine with the address of a deleted one immediately.
    """
    return f"02:00:{IPv4Address(address).packed.hex(':')}"


def _link(switch: str) -> str:
    """Returns the name of the host's link to a switch."""
    return f"sb{_short(switch)}"


def _delete_link(name: str) -> None:
    if (Path("/sys/class/net") / name).exists():
        _ip("link", "delete", name)


def _short(name: str) -> str:
    """Returns a short hash of a name, because the name of a link is limited to 15 characters."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def _ip(*arguments: str) -> str:
    answer = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if answer.returncode != 0:
        raise SksError(f"ip {' '.join(arguments)}: {answer.stderr.strip()}")
    return answer.stdout
