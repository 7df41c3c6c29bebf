"""Zones."""

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.store import Json


def list_zones(call: Call) -> Json:
    return {
        "zones": [
            {"name": zone, "api-endpoint": f"{call.organization.base_url}/{zone}/v2"}
            for zone in call.organization.zones
        ]
    }


RESOURCE = Resource("zone", operations={"list-zones": list_zones})
