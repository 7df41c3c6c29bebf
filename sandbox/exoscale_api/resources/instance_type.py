"""Compute instance types.

IDs are those that `exo compute instance-type list` prints; sizes are those in Exoscale's price
list. Types without a published ID have a constant ID of the sandbox, and their sizes are
assumptions. As at Exoscale, some families are only available in some zones or to some accounts.
"""

from uuid import NAMESPACE_URL, uuid5

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import BadRequest, Forbidden, NotFound
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.store import Json

_MIB = 2**20
_GIB = 2**30

_CATALOGUE = (
    ("71004023-bb72-4a97-b1e9-bc66dfce9470", "standard", "micro", 1, 512 * _MIB),
    ("b6cd1ff5-3a2f-4e9d-a4d1-8988c1191fe8", "standard", "tiny", 1, 1 * _GIB),
    ("21624abb-764e-4def-81d7-9fc54b5957fb", "standard", "small", 2, 2 * _GIB),
    ("b6e9d1e8-89fc-4db3-aaa4-9b4c5b1d0844", "standard", "medium", 2, 4 * _GIB),
    ("c6f99499-7f59-4138-9427-a09db13af2bc", "standard", "large", 4, 8 * _GIB),
    ("350dc5ea-fe6d-42ba-b6c0-efb8b75617ad", "standard", "extra-large", 4, 16 * _GIB),
    ("a216b0d1-370f-4e21-a0eb-3dfc6302b564", "standard", "huge", 8, 32 * _GIB),
    ("c0d3fb5d-6fdb-4a63-9361-3e5cfa8b36d0", "standard", "mega", 12, 64 * _GIB),
    ("74bfaf4e-7d67-4adf-9322-12b9a36e84f7", "standard", "titan", 16, 128 * _GIB),
    ("221d39c3-b2b9-4014-b32b-5d262f684eff", "cpu", "extra-large", 8, 16 * _GIB),
    ("68c91810-55ed-4685-9771-00d9adf7b7c0", "cpu", "huge", 16, 32 * _GIB),
    ("c2f204df-29fc-4c20-b5c4-bdb21282cecc", "cpu", "mega", 32, 64 * _GIB),
    ("dd6abc94-337f-4732-baff-ed745f8bd4f5", "memory", "extra-large", 4, 32 * _GIB),
    ("efbf55db-01c9-4c73-973f-cecc4d26dcde", "memory", "huge", 8, 64 * _GIB),
    ("306eeeae-38e9-4add-897b-4eff0b019a6d", "memory", "mega", 12, 128 * _GIB),
    ("68a4780f-cc91-4df6-a735-d679318289bc", "memory", "titan", 16, 256 * _GIB),
)

_WITHOUT_ID = (
    ("standard", "jumbo", 24, 225 * _GIB),
    ("standard", "colossus", 40, 320 * _GIB),
    ("storage", "extra-large", 4, 16 * _GIB),
    ("storage", "huge", 8, 32 * _GIB),
    ("storage", "mega", 12, 64 * _GIB),
    ("storage", "titan", 16, 128 * _GIB),
    ("storage", "jumbo", 24, 225 * _GIB),
)
_WITH_GPUS = (
    ("07246b95-bbe4-498f-92a3-ce5be4d38342", "gpu", "small", 12, 56 * _GIB, 1),
    (None, "gpu", "medium", 16, 90 * _GIB, 2),
    (None, "gpu", "large", 24, 120 * _GIB, 3),
    ("dee65287-12cf-4e36-b635-32dbc9a2e909", "gpu", "huge", 48, 225 * _GIB, 4),
    (None, "gpu2", "small", 12, 56 * _GIB, 1),
    (None, "gpu2", "medium", 16, 90 * _GIB, 2),
    (None, "gpu2", "large", 24, 120 * _GIB, 3),
    (None, "gpu2", "huge", 48, 225 * _GIB, 4),
    (None, "gpu3", "small", 12, 56 * _GIB, 1),
    (None, "gpu3", "medium", 24, 120 * _GIB, 2),
    (None, "gpu3", "large", 48, 224 * _GIB, 4),
    (None, "gpu3", "huge", 96, 448 * _GIB, 8),
    (None, "gpurtx6000pro", "small", 12, 64 * _GIB, 1),
)

_ZONES = {"gpu3": ["de-fra-1"], "gpurtx6000pro": ["ch-dk-2", "de-fra-1", "hr-zag-1"]}
"""Zones of families that are not available in all zones.

Source: community.exoscale.com, Dedicated Inference, "Limits and Quotas".
"""
_UNAUTHORIZED = ("gpurtx6000pro",)
"""Families that need an end user certificate (the same source); the account has none."""

SMALLEST_NODE = 2 * _GIB
"""Memory of the smallest nodes of SKS: "Minimum instance size is Small or 2 GB RAM equivalent".

Source: community.exoscale.com, "Containers, Overview, Limitations", as
exoscale/terraform-provider-exoscale, issue 447, quotes it.
"""


def _type(id_: str | None, family: str, size: str, cpus: int, memory: int, gpus: int = 0) -> Json:
    id_ = id_ or str(uuid5(NAMESPACE_URL, f"instance-type/{family}.{size}"))
    type_: Json = {"id": id_, "family": family, "size": size, "cpus": cpus, "memory": memory}
    return type_ | ({"gpus": gpus} if gpus else {})


_TYPES: dict[str, Json] = {
    type_["id"]: type_
    for type_ in (
        *(_type(*row) for row in _CATALOGUE),
        *(_type(None, *row) for row in _WITHOUT_ID),
        *(_type(*row) for row in _WITH_GPUS),
    )
}


def instance_type(id_: str) -> Json:
    """Returns the type (`memory` in bytes); raises NotFound if it doesn't exist."""
    if id_ not in _TYPES:
        raise NotFound(f"instance-type {id_} not found")
    return _TYPES[id_]


def type_of_nodes(call: Call, id_: str) -> Json:
    """Returns the type of an SKS node.

    Raises:
        ApiError: if SKS nodes can't have the type. The message is an assumption.
    """
    found = _answer(call, instance_type(id_))
    name = f"{found['family']}.{found['size']}"
    if found["memory"] < SMALLEST_NODE:
        raise BadRequest(f"Invalid request: body.instance-type: {name} is too small for a nodepool")
    if not found["authorized"]:
        raise Forbidden(f"instance-type {name} is not authorized for this organization")
    if call.zone not in found["zones"]:
        raise NotFound(f"instance-type {name} not found in {call.zone}")
    return found


def get_instance_type(call: Call) -> Json:
    return _answer(call, instance_type(call.path["id"]))


def list_instance_types(call: Call) -> Json:
    return {"instance-types": [_answer(call, type_) for type_ in _TYPES.values()]}


def _answer(call: Call, type_: Json) -> Json:
    family = type_["family"]
    return type_ | {
        "authorized": family not in _UNAUTHORIZED,
        "zones": _ZONES.get(family, list(call.organization.zones)),
    }


RESOURCE = Resource(
    "instance-type",
    operations={
        "get-instance-type": get_instance_type,
        "list-instance-types": list_instance_types,
    },
)
