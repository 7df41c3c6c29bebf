"""`exoscale:index:Domain`, and the function `getDomain`.

Source: exoscale/terraform-provider-exoscale 0.66.0, `exoscale/resource_exoscale_domain.go` and
`datasource_exoscale_domain.go`; exoscale/egoscale v3, `FindDNSDomain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from sandbox.plugins.exoscale.api import (
    DEFAULT_ZONE,
    Clients,
    NotFoundByName,
    ProviderCall,
    V3Client,
    api_errors,
    describe,
    is_not_found,
)
from sandbox.plugins.exoscale.fields import Field, autonamed, output
from sandbox.plugins.exoscale.resource import Properties, ResourceType
from sandbox.plugins.rpc import Cancelled, ProviderError


class Domain(ResourceType):
    token = "exoscale:index/domain:Domain"
    schema_version = 1
    fields: ClassVar[tuple[Field, ...]] = (
        autonamed(force_new=True),
        # The provider never sets these.
        output("autoRenew", "boolean"),
        output("expiresOn"),
        output("state"),
        output("token"),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.v3(DEFAULT_ZONE)
        with failing("unable to create domain"):
            operation = client.create_dns_domain(unicode_name=inputs["name"])
            call.wait(client, operation, "creating the domain")
        with failing("unable to retrieve domain after creation"):
            call.object_id = find(client, inputs["name"])["id"]
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        domain = call.account.v3(DEFAULT_ZONE).get_dns_domain(id=object_id)
        return {"name": domain["unicode-name"]}

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.v3(DEFAULT_ZONE)
        with failing("error retrieving domain"):
            client.get_dns_domain(id=object_id)
        with failing("error deleting domain"):
            operation = client.delete_dns_domain(id=object_id)
            call.wait(client, operation, "deleting the domain")


def domain(account: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the result of `getDomain`; raises ProviderError if the domain doesn't exist."""
    client = account.v3(DEFAULT_ZONE)
    with failing("error retrieving domain list"):
        client.list_dns_domains()
    try:
        found = find(client, args["name"])
    except NotFoundByName as error:
        raise ProviderError(f"error retrieving domain: {error}") from error
    return {"id": found["id"], "name": found["unicode-name"]}


def find(client: V3Client, wanted: str) -> dict[str, Any]:
    """Returns a domain by ID or name.

    Raises:
        NotFoundByName: if it doesn't exist.
    """
    for found in domains(client):
        if wanted in (found["id"], found["unicode-name"]):
            return found
    raise NotFoundByName(f'"{wanted}" not found in ListDNSDomainsResponse: Not Found')


def domains(client: V3Client) -> list[dict[str, Any]]:
    """Returns all domains."""
    listed: list[dict[str, Any]] = client.list_dns_domains()["dns-domains"]
    return listed


@contextmanager
def failing(doing: str) -> Iterator[None]:
    """Adds the failed action to the API's errors, except to those that something doesn't exist.

    Raises:
        ProviderError: in place of the API's error.
    """
    try:
        yield
    except Cancelled:
        raise
    except Exception as error:
        if not isinstance(error, api_errors()) or is_not_found(error):
            raise
        raise ProviderError(f"{doing}: {describe(error)}") from error
