"""Zones."""

from sandbox.exoscale_api.call import Call, Handler
from sandbox.exoscale_api.store import Json


def list_zones(call: Call) -> Json:
    return {
        "zones": [
            {"name": zone, "api-endpoint": f"{call.organization.base_url}/{zone}/v2"}
            for zone in call.organization.zones
        ]
    }


OPERATIONS: dict[str, Handler] = {"list-zones": list_zones}
