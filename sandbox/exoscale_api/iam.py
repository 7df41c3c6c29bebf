"""Checks operations against the policy of the key's role.

Source: community.exoscale.com, "Write IAM Policies". The rules of a service class are evaluated in
order, and the first one that matches decides. If none matches, the request is rejected, whatever
the default for services without an entry is. Only one CEL expression is simulated, which lists
operations: `operation in [...]`.
"""

import re

from sandbox.exoscale_api.errors import Forbidden, NotSimulated
from sandbox.exoscale_api.openapi import Operation
from sandbox.exoscale_api.store import Json, Store

KEY = "api-key"
ROLE = "iam-role"

_CLASSES = {"dbaas": "dbaas", "api-key": "iam", "role": "iam", "domain": "dns", "record": "dns"}
"""Service class by tag of the OpenAPI document; all other simulated services are `compute`.

Source: exoscale/cli, issue 716 (`list-zones`); exoscale-labs/sks-sample-manifests (SKS, instances);
the document itself (`dns` is the parent of these tags).
"""
_OPERATIONS = re.compile(r"operation in \[\s*('[a-z0-9-]+'(?:\s*,\s*'[a-z0-9-]+')*)\s*\]")


def policy_of(store: Store, key: Json) -> Json:
    """Returns the policy of the key's role."""
    role = store.find(ROLE, key["role-id"])
    assert role
    policy: Json = role["policy"]
    return policy


def authorize(policy: Json, operation: Operation) -> None:
    """Checks that the policy allows the operation.

    Source of the messages: exoscale/cli, issue 716; exoscale/terraform-provider-exoscale,
    `examples/iam-priv-instance/README.md`.

    Raises:
        Forbidden: if it doesn't, with Exoscale's message.
    """
    class_ = _CLASSES.get(operation.tag, "compute")
    refused = f"Forbidden by role policy for {class_}"
    service = policy["services"].get(class_, {"type": policy["default-service-strategy"]})
    if service["type"] == "deny":
        raise Forbidden(refused)
    if service["type"] == "allow":
        return
    for index, rule in enumerate(service.get("rules", ())):
        if operation.id in operations(rule["expression"]):
            if rule["action"] == "deny":
                raise Forbidden(f"{refused} - A deny rule matched. Rule index: {index}")
            return
    raise Forbidden(refused)


def check(policy: Json) -> None:
    """Checks that `authorize` can evaluate all expressions of the policy.

    Raises:
        NotSimulated: if it can't evaluate one.
    """
    for class_ in {"compute", *_CLASSES.values()} & policy["services"].keys():
        for rule in policy["services"][class_].get("rules", ()):
            operations(rule["expression"])


def operations(expression: str) -> set[str]:
    """Returns the operations that an expression lists.

    Raises:
        NotSimulated: if it is another expression.
    """
    found = _OPERATIONS.fullmatch(expression.strip())
    if found is None:
        raise NotSimulated(f"the expression {expression!r} is not simulated: operation in [...] is")
    return set(re.findall(r"'([^']+)'", found[1]))
