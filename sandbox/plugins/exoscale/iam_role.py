"""`exoscale:index:IamRole`.

Source: exoscale/terraform-provider-exoscale 0.66.0, `pkg/resources/iam/resource_role.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from sandbox.plugins.exoscale.api import ProviderCall, is_not_found
from sandbox.plugins.exoscale.fields import Field, autonamed, optional
from sandbox.plugins.exoscale.framework import titled
from sandbox.plugins.exoscale.resource import Properties, ResourceType

NOT_WRITTEN: Final = "Unable to create IAM Role"
"""The title of errors of creations and updates."""
DECISIONS: Final = ("allow", "deny")
DESCRIPTIVE: Final = ("description", "labels", "permissions")
"""Properties that an update sends together; the policy has a request of its own."""
RULE: Final = (
    optional("action", computed=True),
    optional("expression", computed=True),
    # Deprecated: it is neither sent nor read.
    optional("resources", "list"),
)
SERVICE: Final = (
    optional("type", computed=True),
    optional("rules", "objects", computed=True, fields=RULE),
)
POLICY: Final = (
    optional("defaultServiceStrategy", computed=True),
    optional("services", "object map", computed=True, fields=SERVICE),
)


class IamRole(ResourceType):
    token = "exoscale:index/iamRole:IamRole"
    framework = True
    fields: ClassVar[tuple[Field, ...]] = (
        autonamed(force_new=True),
        optional("description", computed=True, unsettled=True),
        optional("editable", "boolean", computed=True, unsettled=True),
        optional("labels", "map", computed=True, unsettled=True),
        optional("permissions", "list", computed=True, unsettled=True),
        optional("policy", "object", computed=True, unsettled=True, fields=POLICY),
        optional("timeouts", "object", fields=(optional("read"),)),
    )

    def problems(self, news: Properties) -> list[tuple[str, str]]:
        found = []
        for path, name, value, allowed in _choices(news.get("policy")):
            if isinstance(value, str) and value not in allowed:
                choices = " ".join(f'"{each}"' for each in allowed)
                reason = f'Attribute {name} value must be one of: [{choices}], got: "{value}"'
                found.append((path, f"Invalid Attribute Value Match. {reason}"))
        return found

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        """Creates the role.

        As in the official provider, it is not editable unless `editable` says so, although the
        API's default is an editable role.
        """
        client = call.account.client()
        body = {name: inputs[name] for name in DESCRIPTIVE if inputs.get(name) is not None}
        if inputs.get("policy") is not None:
            body["policy"] = _policy(inputs["policy"])
        with titled(NOT_WRITTEN):
            operation = client.create_iam_role(
                name=inputs["name"], editable=bool(inputs.get("editable")), **body
            )
            call.object_id = operation["reference"]["id"]
            call.wait(client, operation, "creating the IAM role")
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        """Returns the current outputs.

        For a deleted role it raises an error, instead of returning `None`.
        """
        with titled("Unable to get IAM Role"):
            role = call.account.client().get_iam_role(id=object_id)
        policy = role["policy"]
        services = {
            name: {"type": service.get("type"), "rules": [_rule(r) for r in _rules(service)]}
            for name, service in policy["services"].items()
        }
        return {
            "name": state.get("name") or role["name"],
            "description": role.get("description"),
            "editable": role["editable"],
            "labels": role.get("labels", {}),
            "permissions": role.get("permissions", []),
            "policy": {
                "defaultServiceStrategy": policy["default-service-strategy"],
                "services": services,
            },
            "timeouts": state.get("timeouts"),
        }

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Updates the role. Like the official provider, it ignores a change of `editable`."""
        client = call.account.client()
        sent = {name: news[name] for name in DESCRIPTIVE if name in changed and name in news}
        with titled(NOT_WRITTEN):
            if sent:
                operation = client.update_iam_role(id=object_id, **sent)
                call.wait(client, operation, "updating the IAM role")
            if "policy" in changed and "policy" in news:
                policy = _policy(news["policy"])
                body = {name.replace("-", "_"): value for name, value in policy.items()}
                operation = client.update_iam_role_policy(id=object_id, **body)
                call.wait(client, operation, "updating the IAM role's policy")

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.client()
        try:
            operation = client.delete_iam_role(id=object_id)
        except Exception as error:
            if is_not_found(error):
                raise
            with titled("Unable to delete IAM Role"):
                raise
        with titled("Unable to delete IAM Role"):
            call.wait(client, operation, "deleting the IAM role")


def _policy(policy: Properties) -> dict[str, Any]:
    """Returns a policy as the API takes it; empty lists of rules are left out."""
    services = {}
    for name, service in (policy.get("services") or {}).items():
        rules = [_rule(rule) for rule in _rules(service)]
        given = {"type": service.get("type"), "rules": rules or None}
        services[name] = {key: value for key, value in given.items() if value is not None}
    strategy = policy.get("defaultServiceStrategy") or ""
    return {"default-service-strategy": strategy, "services": services}


def _rules(service: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(service.get("rules") or ())


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {key: rule[key] for key in ("action", "expression") if rule.get(key) is not None}


def _choices(policy: Any) -> Iterator[tuple[str, str, Any, tuple[str, ...]]]:
    """Yields what must be one of a few words in a policy.

    Returns:
        Pulumi's path, Terraform's path, the value, and the allowed values of each.
    """
    if not isinstance(policy, Mapping):
        return
    strategy = policy.get("defaultServiceStrategy")
    yield "policy.defaultServiceStrategy", "policy.default_service_strategy", strategy, DECISIONS
    services = policy.get("services")
    for key, service in (services if isinstance(services, Mapping) else {}).items():
        if not isinstance(service, Mapping):
            continue
        path, name = f"policy.services.{key}", f'policy.services["{key}"]'
        yield f"{path}.type", f"{name}.type", service.get("type"), (*DECISIONS, "rules")
        rules = service.get("rules")
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            action = rule.get("action") if isinstance(rule, Mapping) else None
            inner = f"rules[{index}].action"
            yield f"{path}.{inner}", f"{name}.{inner}", action, DECISIONS
