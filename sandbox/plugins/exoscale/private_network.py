"""`exoscale:index:PrivateNetwork`.

Source: exoscale/terraform-provider-exoscale 0.66.0,
`exoscale/resource_exoscale_private_network.go`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from sandbox.plugins.exoscale import validators
from sandbox.plugins.exoscale.api import ProviderCall
from sandbox.plugins.exoscale.fields import Field, autonamed, given, optional
from sandbox.plugins.exoscale.resource import Properties, ResourceType

WORDS: Final = {
    "description": "description",
    "endIp": "end_ip",
    "labels": "labels",
    "name": "name",
    "netmask": "netmask",
    "startIp": "start_ip",
}


class PrivateNetwork(ResourceType):
    token = "exoscale:index/privateNetwork:PrivateNetwork"
    fields: ClassVar[tuple[Field, ...]] = (
        optional("description"),
        optional("endIp", check=validators.address),
        optional("labels", "map"),
        autonamed(),
        optional("netmask", check=validators.address),
        optional("startIp", check=validators.address),
        given("zone", force_new=True),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.client(inputs["zone"])
        body = {word: inputs[name] for name, word in WORDS.items() if inputs.get(name)}
        operation = client.create_private_network(**body)
        call.object_id = operation["reference"]["id"]
        call.wait(client, operation, "creating the private network")
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        client = call.account.client(state.get("zone", ""))
        network = client.get_private_network(id=object_id)
        found = {name: network.get(word.replace("_", "-")) for name, word in WORDS.items()}
        outputs = {name: value for name, value in found.items() if value is not None}
        return {"description": "", "labels": {}, **outputs}

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Updates the network. Like the official provider, it can't empty texts."""
        client = call.account.client(state["zone"])
        body = {WORDS[name]: news[name] for name in changed if news.get(name)}
        if "labels" in changed:
            body["labels"] = news.get("labels") or {}
        if body:
            operation = client.update_private_network(id=object_id, **body)
            call.wait(client, operation, "updating the private network")

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.client(state["zone"])
        operation = client.delete_private_network(id=object_id)
        call.wait(client, operation, "deleting the private network")
