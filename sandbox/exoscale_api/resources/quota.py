"""Quotas, which are read-only. The resources that count against a quota declare it."""

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.store import Json


def list_quotas(call: Call) -> Json:
    quotas = call.organization.quotas
    return {"quotas": [quotas.get(name) for name in quotas.names]}


def get_quota(call: Call) -> Json:
    return call.organization.quotas.get(call.path["entity"])


RESOURCE = Resource(
    "quota",
    operations={
        "list-quotas": list_quotas,
        "get-quota": get_quota,
    },
)
