"""`exoscale:index:Nlb`. The functions that read load balancers are in `load_balancers.py`.

Source: exoscale/terraform-provider-exoscale 0.66.0, `exoscale/resource_exoscale_nlb.go`;
exoscale/egoscale v2, `network_load_balancer.go`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.plugins.exoscale.api import ProviderCall
from sandbox.plugins.exoscale.fields import Field, autonamed, given, optional, output
from sandbox.plugins.exoscale.resource import Properties, ResourceType, timestamp


class Nlb(ResourceType):
    token = "exoscale:index/nlb:Nlb"
    fields: ClassVar[tuple[Field, ...]] = (
        output("createdAt"),
        optional("description"),
        output("ipAddress"),
        optional("labels", "map"),
        autonamed(),
        output("services", "set"),
        output("state"),
        given("zone", force_new=True),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.client(inputs["zone"])
        body = {key: inputs[key] for key in ("name", "description", "labels") if inputs.get(key)}
        operation = client.create_load_balancer(**body)
        call.object_id = operation["reference"]["id"]
        call.wait(client, operation, "creating the load balancer")
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        found = call.account.client(state.get("zone", "")).get_load_balancer(id=object_id)
        return {
            "name": found["name"],
            "description": found.get("description", ""),
            "labels": found.get("labels", {}),
            "createdAt": timestamp(found["created-at"]),
            "ipAddress": found["ip"],
            "services": sorted(service["id"] for service in found["services"]),
            "state": found["state"],
        }

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Updates the load balancer. Like the official provider, it can't empty a description."""
        client = call.account.client(state["zone"])
        description = {"description": news["description"]} if news.get("description") else {}
        operation = client.update_load_balancer(
            id=object_id, name=news["name"], labels=news.get("labels") or {}, **description
        )
        call.wait(client, operation, "updating the load balancer")

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.client(state["zone"])
        operation = client.delete_load_balancer(id=object_id)
        call.wait(client, operation, "deleting the load balancer")
