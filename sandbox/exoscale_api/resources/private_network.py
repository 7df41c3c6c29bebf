"""Private networks, which belong to a zone. Nodepools attach their instances to them.

A network with a start, an end and a netmask is managed: its DHCP server assigns an address to each
instance. A network without them is not managed.
"""

import ipaddress
from secrets import randbelow
from uuid import uuid4

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import BadRequest, Conflict
from sandbox.exoscale_api.quotas import Quota
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.resources import instance
from sandbox.exoscale_api.store import Json

KIND = "private-network"

_QUOTA = Quota("private-network", KIND, limit=50)
_RANGE = ("start-ip", "end-ip", "netmask")
_FIELDS = ("name", "description", "labels", "options", *_RANGE)
_VNI_MAXIMUM = 2**24


def create_private_network(call: Call) -> Json:
    network = {
        "id": str(uuid4()),
        "description": "",
        "labels": {},
        "vni": 1 + randbelow(_VNI_MAXIMUM - 1),
        **_given(call),
    }
    _check_range(network)
    with call.store.transaction():
        call.organization.quotas.enforce(_QUOTA)
        call.store.put(KIND, network, zone=call.zone)
        return call.done(KIND, network["id"])


def list_private_networks(call: Call) -> Json:
    networks = call.store.list(KIND, zone=call.zone)
    return {"private-networks": [_answer(call, network) for network in networks]}


def get_private_network(call: Call) -> Json:
    return _answer(call, _require(call))


def update_private_network(call: Call) -> Json:
    with call.store.transaction():
        network = _require(call) | _given(call)
        _check_range(network)
        call.store.put(KIND, network)
        return call.done(KIND, network["id"])


def reset_private_network_field(call: Call) -> Json:
    with call.store.transaction():
        network = _require(call)
        call.store.put(KIND, network | {"labels": {}})
        return call.done(KIND, network["id"])


def delete_private_network(call: Call) -> Json:
    with call.store.transaction():
        network = _require(call)
        if instance.in_use(call.store, "private-networks", network["id"]):
            raise Conflict("Cannot delete network when it's in use by virtual machines")
        call.store.delete(KIND, network["id"])
        return call.done(KIND, network["id"])


def _require(call: Call) -> Json:
    return call.require(KIND, call.path["id"], zone=call.zone)


def _given(call: Call) -> Json:
    return {name: call.body[name] for name in _FIELDS if name in call.body}


def _check_range(network: Json) -> None:
    """Checks that the network has all settings of a managed network, or none.

    Raises:
        BadRequest: if it has only some of them, or a wrong range.
    """
    given = [name for name in _RANGE if name in network]
    if not given:
        return
    if len(given) < len(_RANGE):
        raise BadRequest("Invalid request: start-ip, end-ip and netmask go together")
    start, end = (ipaddress.ip_address(network[name]) for name in ("start-ip", "end-ip"))
    try:
        whole = ipaddress.ip_network(f"{start}/{network['netmask']}", strict=False)
    except ValueError as error:
        raise BadRequest(f"Invalid request: body.netmask: {error}") from error
    if end not in whole or int(end) < int(start):
        raise BadRequest(f"Invalid request: {start} to {end} is no range of {whole}")


def _answer(call: Call, network: Json) -> Json:
    leases = [
        {"ip": address, "instance-id": id_}
        for id_, address in instance.leases(call.store, network["id"]).items()
    ]
    return network | ({"leases": leases} if "start-ip" in network else {})


RESOURCE = Resource(
    KIND,
    operations={
        "create-private-network": create_private_network,
        "list-private-networks": list_private_networks,
        "get-private-network": get_private_network,
        "update-private-network": update_private_network,
        "reset-private-network-field": reset_private_network_field,
        "delete-private-network": delete_private_network,
    },
    quota=_QUOTA,
)
"""Attaching single instances is not simulated, because only nodepools have instances."""
