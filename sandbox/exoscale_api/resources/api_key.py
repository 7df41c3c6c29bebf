"""API keys, each with a role. The account's own key is not among them and has all permissions."""

import secrets
from uuid import uuid4

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.iam import KEY, ROLE
from sandbox.exoscale_api.jobs import Reference
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.store import Json


def create_api_key(call: Call) -> Json:
    """Creates a key. Only this answer contains the secret."""
    api_key = f"EXO{secrets.token_hex(12)}"
    key = {"key": api_key, "name": call.body["name"], "role-id": call.body["role-id"]}
    with call.store.transaction():
        call.require(ROLE, key["role-id"])
        call.store.put(KEY, {"id": api_key, **key})
    return {**key, "secret": call.organization.credentials.of(api_key).api_secret}


def list_api_keys(call: Call) -> Json:
    return {f"{KEY}s": [_answer(key) for key in call.store.list(KEY)]}


def get_api_key(call: Call) -> Json:
    return _answer(call.require(KEY, call.path["id"]))


def delete_api_key(call: Call) -> Json:
    """Deletes a key, whose next request is rejected.

    The answer's reference has an ID that nothing else has: the OpenAPI document demands a UUID, and
    the API shows none for keys.
    """
    id_ = call.path["id"]
    with call.store.transaction():
        call.require(KEY, id_)
        call.store.delete(KEY, id_)
        return call.jobs.done(Reference(str(uuid4()), f"/{KEY}/{id_}", f"get-{KEY}"))


def _answer(key: Json) -> Json:
    return {name: key[name] for name in ("key", "name", "role-id")}


RESOURCE = Resource(
    KEY,
    operations={
        "create-api-key": create_api_key,
        "list-api-keys": list_api_keys,
        "get-api-key": get_api_key,
        "delete-api-key": delete_api_key,
    },
)
