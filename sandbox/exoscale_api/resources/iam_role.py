"""IAM roles: named policies for API keys."""

from uuid import uuid4

from sandbox.exoscale_api import iam
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import Conflict
from sandbox.exoscale_api.iam import ROLE
from sandbox.exoscale_api.not_simulated import refuse
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.store import Json

_NOT_SIMULATED = (
    "assume-role-policy", "description", "labels", "max-session-ttl", "permissions",
)  # fmt: skip


def create_iam_role(call: Call) -> Json:
    refuse(call, "create-iam-role", _NOT_SIMULATED)
    policy = call.body.get("policy", {"default-service-strategy": "allow", "services": {}})
    iam.check(policy)
    role = {
        "id": str(uuid4()),
        "name": call.body["name"],
        "editable": call.body.get("editable", True),
        "policy": policy,
    }
    with call.store.transaction():
        if any(other["name"] == role["name"] for other in call.store.list(ROLE)):
            raise Conflict(f"An IAM role named {role['name']} already exists")
        call.store.put(ROLE, role)
        return call.done(ROLE, role["id"])


def list_iam_roles(call: Call) -> Json:
    return {f"{ROLE}s": call.store.list(ROLE)}


RESOURCE = Resource(
    ROLE,
    operations={
        "create-iam-role": create_iam_role,
        "list-iam-roles": list_iam_roles,
    },
)
