"""Deploy targets: dedicated hardware of an organization in a zone, which Exoscale sets up.

The sandbox has one in each zone, so that nodepools can refer to it.
"""

from uuid import NAMESPACE_URL, uuid5

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import NotFound
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.store import Json


def deploy_target(call: Call, id_: str) -> Json:
    """Returns the deploy target; raises NotFound if the call's zone doesn't have it."""
    target = _of(call.zone)
    if target["id"] != id_:
        raise NotFound(f"deploy-target {id_} not found")
    return target


def list_deploy_targets(call: Call) -> Json:
    return {"deploy-targets": [_of(call.zone)]}


def get_deploy_target(call: Call) -> Json:
    return deploy_target(call, call.path["id"])


def _of(zone: str) -> Json:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"deploy-target/{zone}")),
        "name": f"sandbox-{zone}",
        "description": "A simulated dedicated hypervisor",
        "type": "dedicated",
    }


RESOURCE = Resource(
    "deploy-target",
    operations={
        "list-deploy-targets": list_deploy_targets,
        "get-deploy-target": get_deploy_target,
    },
)
