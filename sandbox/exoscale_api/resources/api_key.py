"""API keys, each with a role. The account's own key is not among them and has all permissions."""

import secrets

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.iam import KEY, ROLE
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
    shown = ("key", "name", "role-id")
    return {f"{KEY}s": [{name: key[name] for name in shown} for key in call.store.list(KEY)]}


RESOURCE = Resource(
    KEY,
    operations={
        "create-api-key": create_api_key,
        "list-api-keys": list_api_keys,
    },
)
