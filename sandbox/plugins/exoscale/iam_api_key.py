"""`exoscale:index:IamApiKey`.

Source: exoscale/terraform-provider-exoscale 0.66.0, `pkg/resources/iam/resource_api_key.go`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.plugins.exoscale.api import ProviderCall, is_not_found
from sandbox.plugins.exoscale.fields import Field, autonamed, given, optional, output
from sandbox.plugins.exoscale.framework import titled
from sandbox.plugins.exoscale.resource import Properties, ResourceType


class IamApiKey(ResourceType):
    token = "exoscale:index/iamApiKey:IamApiKey"
    framework = True
    settled_id = False
    fields: ClassVar[tuple[Field, ...]] = (
        autonamed(force_new=True),
        given("roleId", force_new=True),
        output("key", unsettled=True),
        output("secret", secret=True, unsettled=True),
        optional("timeouts", "object", fields=(optional("read"),)),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        with titled("Unable to create IAM API Key"):
            created = call.account.client().create_api_key(
                name=inputs["name"], role_id=inputs["roleId"]
            )
        call.object_id = created["key"]
        return {"secret": created["secret"]}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        """Returns the current outputs, with the secret in the state: the API doesn't show it again.

        For a deleted key it raises an error, instead of returning `None`. The error is about a
        role, as in the official provider.
        """
        with titled("Unable to get IAM Role"):
            key = call.account.client().get_api_key(id=object_id)
        return {
            "name": key["name"],
            "roleId": key["role-id"],
            "key": key["key"],
            "secret": state.get("secret"),
            "timeouts": state.get("timeouts"),
        }

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.client()
        try:
            operation = client.delete_api_key(id=object_id)
        except Exception as error:
            if is_not_found(error):
                raise
            with titled("Unable to delete API Key"):
                raise
        with titled("Unable to delete API Key"):
            call.wait(client, operation, "deleting the API key")
