"""`exoscale:index:AntiAffinityGroup`.

Source: exoscale/terraform-provider-exoscale 0.66.0, `pkg/resources/anti_affinity_group`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.plugins.exoscale.api import ProviderCall
from sandbox.plugins.exoscale.fields import Field, autonamed, forcing_replacement, optional
from sandbox.plugins.exoscale.resource import Properties, ResourceType


class AntiAffinityGroup(ResourceType):
    token = "exoscale:index/antiAffinityGroup:AntiAffinityGroup"
    fields: ClassVar[tuple[Field, ...]] = forcing_replacement(optional("description"), autonamed())

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.client()
        body = {key: inputs[key] for key in ("name", "description") if inputs.get(key)}
        operation = client.create_anti_affinity_group(**body)
        call.object_id = operation["reference"]["id"]
        call.wait(client, operation, "creating the anti-affinity group")
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        group = call.account.client().get_anti_affinity_group(id=object_id)
        return {"name": group["name"], "description": group.get("description", "")}

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.client()
        operation = client.delete_anti_affinity_group(id=object_id)
        call.wait(client, operation, "deleting the anti-affinity group")
