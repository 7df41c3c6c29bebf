"""What a key may do: its role's policy, asked for each operation.

Source: community.exoscale.com, "Write IAM Policies": the rules of a service class are looked at in
order, and the first that holds decides; if none does, the request is refused, whatever the default
for services without an entry is. Of CEL there is what lists operations: `operation in [...]`.
"""

import re

from sandbox.exoscale_api.errors import Forbidden, NotSimulated
from sandbox.exoscale_api.openapi import Operation
from sandbox.exoscale_api.store import Json, Store

KEY = "api-key"
ROLE = "iam-role"

_CLASSES = {"dbaas": "dbaas", "api-key": "iam", "role": "iam"}
"""Tag of the OpenAPI document to service class; all other services here are `compute`.

Source: exoscale/cli, issue 716 (`list-zones`); exoscale-labs/sks-sample-manifests (SKS, instances).
"""
_OPERATIONS = re.compile(r"operation in \[\s*('[a-z0-9-]+'(?:\s*,\s*'[a-z0-9-]+')*)\s*\]")


def policy_of(store: Store, key: Json) -> Json:
    """The policy of the key's role."""
    role = store.find(ROLE, key["role-id"])
    assert role
    policy: Json = role["policy"]
    return policy


def authorize(policy: Json, operation: Operation) -> None:
    """Raise Forbidden, in Exoscale's words, unless the policy allows the operation.

    Source of the words: exoscale/cli, issue 716; exoscale/terraform-provider-exoscale,
    `examples/iam-priv-instance/README.md`.
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
    """Raise NotSimulated if the policy has an expression that `authorize` can't evaluate."""
    for class_ in {"compute", *_CLASSES.values()} & policy["services"].keys():
        for rule in policy["services"][class_].get("rules", ()):
            operations(rule["expression"])


def operations(expression: str) -> set[str]:
    """The operations that an expression lists; raises NotSimulated if it does anything else."""
    found = _OPERATIONS.fullmatch(expression.strip())
    if found is None:
        raise NotSimulated(f"the expression {expression!r} is not simulated: operation in [...] is")
    return set(re.findall(r"'([^']+)'", found[1]))
