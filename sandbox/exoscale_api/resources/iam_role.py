"""IAM roles: named policies for API keys."""

from uuid import uuid4

from sandbox.exoscale_api import iam
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import Conflict, Forbidden
from sandbox.exoscale_api.iam import KEY, ROLE
from sandbox.exoscale_api.not_simulated import refuse
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.store import Json

_NOT_SIMULATED = ("assume-role-policy", "max-session-ttl")
_DESCRIPTIVE = ("description", "labels", "permissions")
"""Fields that `update-iam-role` changes; the policy has an operation of its own."""


def create_iam_role(call: Call) -> Json:
    refuse(call, "create-iam-role", _NOT_SIMULATED)
    policy = call.body.get("policy", {"default-service-strategy": "allow", "services": {}})
    iam.check(policy)
    role = {
        "id": str(uuid4()),
        "name": call.body["name"],
        "editable": call.body.get("editable", True),
        "policy": policy,
        **_described(call),
    }
    with call.store.transaction():
        if any(other["name"] == role["name"] for other in call.store.list(ROLE)):
            raise Conflict(f"An IAM role named {role['name']} already exists")
        call.store.put(ROLE, role)
        return call.done(ROLE, role["id"])


def list_iam_roles(call: Call) -> Json:
    return {f"{ROLE}s": call.store.list(ROLE)}


def get_iam_role(call: Call) -> Json:
    return call.require(ROLE, call.path["id"])


def update_iam_role(call: Call) -> Json:
    refuse(call, "update-iam-role", _NOT_SIMULATED)
    id_ = call.path["id"]
    with call.store.transaction():
        call.store.put(ROLE, call.require(ROLE, id_) | _described(call))
        return call.done(ROLE, id_)


def update_iam_role_policy(call: Call) -> Json:
    """Changes the policy, which is in force at the next request of a key with the role.

    That Exoscale rejects it for a role that is not editable is documented (create-iam-role); the
    status and the message are assumptions.
    """
    policy = dict(call.body)
    iam.check(policy)
    id_ = call.path["id"]
    with call.store.transaction():
        role = call.require(ROLE, id_)
        if not role["editable"]:
            raise Forbidden(f"The policy of the IAM role {role['name']} is not editable")
        call.store.put(ROLE, role | {"policy": policy})
        return call.done(ROLE, id_)


def delete_iam_role(call: Call) -> Json:
    """Deletes a role without keys.

    What Exoscale does with a role that keys use is not documented; the sandbox rejects it.
    """
    id_ = call.path["id"]
    with call.store.transaction():
        role = call.require(ROLE, id_)
        if any(key["role-id"] == id_ for key in call.store.list(KEY)):
            raise Conflict(f"The IAM role {role['name']} is in use by API keys")
        call.store.delete(ROLE, id_)
        return call.done(ROLE, id_)


def _described(call: Call) -> Json:
    return {name: call.body[name] for name in _DESCRIPTIVE if call.body.get(name) is not None}


RESOURCE = Resource(
    ROLE,
    operations={
        "create-iam-role": create_iam_role,
        "list-iam-roles": list_iam_roles,
        "get-iam-role": get_iam_role,
        "update-iam-role": update_iam_role,
        "update-iam-role-policy": update_iam_role_policy,
        "delete-iam-role": delete_iam_role,
    },
)
