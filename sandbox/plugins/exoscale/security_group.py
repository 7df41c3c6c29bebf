"""`exoscale:index:SecurityGroup`.

Source: exoscale/terraform-provider-exoscale 0.66.0, `exoscale/resource_exoscale_security_group.go`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.plugins.exoscale import validators
from sandbox.plugins.exoscale.api import NotFoundByName, ProviderCall
from sandbox.plugins.exoscale.fields import Field, autonamed, optional
from sandbox.plugins.exoscale.resource import Properties, ResourceType


class SecurityGroup(ResourceType):
    token = "exoscale:index/securityGroup:SecurityGroup"
    fields: ClassVar[tuple[Field, ...]] = (
        optional("description", force_new=True),
        optional("externalSources", "set", check=validators.network),
        autonamed(force_new=True, ignore_case=True),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.client()
        body = {key: inputs[key] for key in ("name", "description") if inputs.get(key)}
        operation = client.create_security_group(**body)
        call.object_id = operation["reference"]["id"]
        call.wait(client, operation, "creating the security group")
        for cidr in inputs.get("externalSources", []):
            _add_source(call, call.object_id, cidr)
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        group = call.account.client().get_security_group(id=object_id)
        outputs = {"name": group["name"], "description": group.get("description", "")}
        if "external-sources" in group:
            outputs["externalSources"] = group["external-sources"]
        return outputs

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        old, new = state.get("externalSources") or [], news.get("externalSources") or []
        for cidr in [item for item in new if item not in old]:
            _add_source(call, object_id, cidr)
        client = call.account.client()
        for cidr in [item for item in old if item not in new]:
            operation = client.remove_external_source_from_security_group(id=object_id, cidr=cidr)
            call.wait(client, operation, f"removing the external source {cidr}")

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.client()
        operation = client.delete_security_group(id=object_id)
        call.wait(client, operation, "deleting the security group")


def _add_source(call: ProviderCall, object_id: str, cidr: str) -> None:
    client = call.account.client()
    operation = client.add_external_source_to_security_group(id=object_id, cidr=cidr)
    call.wait(client, operation, f"adding the external source {cidr}")


def find(call: ProviderCall, id_or_name: str) -> dict[str, Any]:
    """Returns a security group by ID or name.

    Raises:
        NotFoundByName: if it doesn't exist.
    """
    client = call.account.client()
    for group in client.list_security_groups()["security-groups"]:
        if id_or_name in (group["id"], group["name"]):
            found: dict[str, Any] = client.get_security_group(id=group["id"])
            return found
    raise NotFoundByName("resource not found")
