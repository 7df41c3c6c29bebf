"""Creates the instances of nodepools."""

import secrets
import string
from ipaddress import IPv4Network, IPv6Address
from uuid import uuid4

from sandbox.exoscale_api import address, timestamp
from sandbox.exoscale_api.errors import Conflict
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.resources import instance, private_network
from sandbox.exoscale_api.store import Json, Store
from sandbox.sks.spec import INSTANCE_NETWORKS

_ADDRESSES = [IPv4Network(network) for network in INSTANCE_NETWORKS]
_ADDRESSES_V6 = int(IPv6Address("2001:db8::"))
_SUFFIX = string.ascii_lowercase + string.digits


def create(organization: Organization, zone: str, nodepool: Json, count: int) -> None:
    """Creates `count` instances with the current settings of the nodepool.

    Their names have the format of SKS: pool-3d8ad-kxmrz.

    Raises:
        Conflict: if no address is free.
    """
    pool_id = nodepool["instance-pool"]["id"]
    existing = organization.store.list(instance.KIND)
    addresses = {other["public-ip"] for other in existing}
    names = {other["name"] for other in existing}
    for _ in range(count):
        try:
            public_ip = address.free_address(_ADDRESSES, addresses)
        except LookupError as error:
            raise Conflict(str(error)) from error
        name = _name(f"{nodepool['instance-prefix']}-{pool_id[:5]}", names)
        addresses.add(public_ip)
        names.add(name)
        dual = nodepool["public-ip-assignment"] == "dual"
        member = {
            "id": str(uuid4()),
            "name": name,
            "state": "starting",
            "created-at": timestamp.now(),
            "public-ip": public_ip,
            **({"ipv6-address": _ipv6_of(public_ip)} if dual else {}),
            "public-ip-assignment": nodepool["public-ip-assignment"],
            "instance-type": nodepool["instance-type"],
            "disk-size": nodepool["disk-size"],
            "template": nodepool["template"],
            "security-groups": nodepool["security-groups"],
            "anti-affinity-groups": nodepool["anti-affinity-groups"],
            "private-networks": [
                _attachment(organization.store, network["id"])
                for network in nodepool["private-networks"]
            ],
            **({"deploy-target": target} if (target := nodepool.get("deploy-target")) else {}),
            "labels": {},
            "manager": {"id": pool_id, "type": "instance-pool"},
        }
        organization.store.put(instance.KIND, member, zone=zone, parent=nodepool["id"])
        organization.faults.strike_node(nodepool["name"], member["id"])


def _attachment(store: Store, network_id: str) -> Json:
    """Returns the attachment of an instance to a private network.

    Raises:
        Conflict: if the network has no free address.
    """
    network = store.find(private_network.KIND, network_id)
    assert network is not None
    attachment = {"id": network_id, "mac-address": f"0a:{secrets.token_bytes(5).hex(':')}"}
    if "start-ip" in network:
        used = instance.leases(store, network_id).values()
        try:
            attachment["ip"] = address.free_in_range(network["start-ip"], network["end-ip"], used)
        except LookupError as error:
            raise Conflict(f"private-network {network['name']}: {error}") from error
    return attachment


def _name(stem: str, taken: set[str]) -> str:
    while True:
        name = f"{stem}-{''.join(secrets.choice(_SUFFIX) for _ in range(5))}"
        if name not in taken:
            return name


def _ipv6_of(ipv4: str) -> str:
    """Returns the IPv6 address of an instance, which is derived from its IPv4 address."""
    a, b, c, d = (int(part) for part in ipv4.split("."))
    return str(IPv6Address(_ADDRESSES_V6 + (a << 24 | b << 16 | c << 8 | d)))
