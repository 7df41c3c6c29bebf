"""The networks of machines: each in a namespace of its own, all of a cluster on one switch.

```
 host ── 169.254.87.1-3 ═ switch (a bridge, in a namespace of its own)
                           ║        ║
             eth0 198.51.100.1    eth0 198.51.100.2       machines, each in a namespace of its own
                 │                     │
             tap0 198.18.0.100     tap0 198.18.0.100      slirp4netns: the way out, as a user's
```

Nothing of the host's own changes but one link and the routes to the machines, which vanish with it:
a switch on the host itself would be subject to its firewall. Everything has a name that begins with
the sandbox's prefix, by which it is removed whoever ended.
"""

import hashlib
import json
import subprocess
from ipaddress import IPv4Address
from pathlib import Path

from sandbox.sks.spec import CLIENT, HEALTH_CHECKS, INSTANCE_NETWORKS, TUNNEL, SksError

_HOST = (CLIENT, HEALTH_CHECKS, TUNNEL)
"""The host's addresses on every switch."""
TAP = "tap0"
TAP_NETWORK = "198.18.0.0/24"
"""That of slirp4netns, which makes the device TAP. It is none of the private ranges but that of
benchmarks (RFC 2544): the API server has a public address, as on SKS, and so is in the reach of
pods whose network policies let them out to the internet."""
TAP_HOST = "198.18.0.2"
"""Where slirp4netns has the host's 127.0.0.1."""
TAP_RESOLVER = "198.18.0.3"
"""Where slirp4netns answers by the host's resolver."""
_UPLINK = "host"
_LAST = "4000000000"
"""The metric of a route that gives way to any other."""


def prefix(home: Path) -> str:
    """What the names of all namespaces and control groups of the sandbox at `home` begin with."""
    return f"sandbox-{_short(str(home))}-"


def switch(home: Path, cluster: str) -> str:
    """The namespace of the cluster's switch."""
    return f"{prefix(home)}{cluster}"


def machine(home: Path, cluster: str, name: str) -> str:
    """The namespace of a machine of the cluster."""
    return f"{switch(home, cluster)}-{name}"


def namespaces(beginning: str) -> list[str]:
    """The network namespaces whose names begin so."""
    found = json.loads(_ip("-json", "netns", "list") or "[]")
    return [item["name"] for item in found if item["name"].startswith(beginning)]


def remove(beginning: str) -> None:
    """Remove the namespaces whose names begin so, with all links that lead into them."""
    for name in namespaces(beginning):
        # The kernel removes a namespace's links with it, but at some later time.
        if (Path("/sys/class/net") / _link(name)).exists():
            _ip("link", "delete", _link(name))
        _ip("netns", "delete", name)


def add_switch(name: str) -> None:
    """Make a cluster's switch, and join the host to it, unless it is there."""
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
    # What asks for a machine that is gone is not sent elsewhere. Another cluster has the same ones.
    for network in INSTANCE_NETWORKS:
        _ip("route", "append", network, "dev", link, "src", CLIENT, "metric", _LAST)


def add_machine(switch: str, name: str, address: str, pods: str) -> None:
    """Make a machine's namespace, whose `address` the host reaches.

    It takes other machines and all pods (of the cluster's CIDR `pods`) to be on the switch. Raises
    SksError if another sandbox has the address.
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
    """The hardware address of the machine that has this address.

    Neighbours remember for seconds who had it: a machine that has that of one that is gone is found
    by them at once.
    """
    return f"02:00:{IPv4Address(address).packed.hex(':')}"


def _link(switch: str) -> str:
    """The host's link to a switch."""
    return f"sb{_short(switch)}"


def _short(name: str) -> str:
    """A part of a name, for the name of a link has 15 characters at most."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def _ip(*arguments: str) -> str:
    answer = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if answer.returncode != 0:
        raise SksError(f"ip {' '.join(arguments)}: {answer.stderr.strip()}")
    return answer.stdout
