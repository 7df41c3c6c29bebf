"""The URL of a managed database, which a preview reads without waiting.

The provider's function (0.66) waits until the service runs, which takes minutes after a change of
its plan, and fails if the service was deleted. A refresh then fails too, and keeps the service in
the state. Source: exoscale/terraform-provider-exoscale v0.66.0, `datasource_uri.go`,
`resource_service_pg.go`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pulumi
from pulumiverse_exoscale import Dbaas

from ..exoscale.api import SHORT_TIMEOUT, ExoscaleApi, ExoscaleApiError
from ..exoscale.provider_functions import DATABASE_URI, invoke_provider
from ..lifecycle.kubernetes_api import in_thread
from .args import DatabaseArgs

TYPE = "pg"
BEING_BUILT = ("rebalancing", "rebuilding")
"""States of the service in which the provider waits."""


class MissingDatabase(pulumi.RunError):
    """The database was deleted. Pulumi shows the message of a RunError in one line."""


def database_url(service: Dbaas, settings: DatabaseArgs) -> pulumi.Output[str]:
    """Returns the administrator's URL. A preview does not know it while the service is being built.

    Its scheme is `postgresql`: some libraries, such as SQLAlchemy, don't accept `postgres`.
    """
    zone = settings.zone
    assert zone  # DatabaseArgs requires it for this kind

    async def url(known: list[str]) -> Any:
        name, urn = known
        state = await _state(name, urn, zone, settings)
        if pulumi.runtime.is_dry_run() and state in BEING_BUILT:
            pulumi.info(f"database {name} is {state}: its URL is known once it is running")
            return pulumi.UNKNOWN
        uri: str = (await invoke_provider(DATABASE_URI, name=name, type=TYPE, zone=zone))["uri"]
        return "postgresql://" + uri.partition("://")[2]

    # The resource's `uri` has no password. Its ID is its name, which is known after its creation.
    return pulumi.Output.all(service.id, service.urn).apply(url)


async def _state(name: str, urn: str, zone: str, settings: DatabaseArgs) -> str | None:
    """Returns the state of the service, or None without an API key or an answer of the API.

    Raises:
        MissingDatabase: the service does not exist.
    """
    api = ExoscaleApi.for_zone(zone)
    if api is None:
        return None
    try:
        answer = await in_thread(api.get, f"/dbaas-postgres/{name}", SHORT_TIMEOUT)
    except ExoscaleApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise MissingDatabase(_missing(name, urn, zone, settings)) from None
        return None
    state: str | None = answer.get("state")
    return state


def _missing(name: str, urn: str, zone: str, settings: DatabaseArgs) -> str:
    """Returns the message for a deleted database, with the command that creates a new one.

    The provider can't delete a missing service. With `keep_data`, Pulumi retains the
    old service instead of deleting it, so it can replace it.
    """
    create = f"pulumi up --replace '{urn}'"
    if not settings.keep_data:
        plan, version = settings.plan, settings.major
        create = (
            f"exo dbaas create {TYPE} {plan} {name} --zone {zone} --pg-version {version}, then "
            "pulumi up --refresh"
        )
    return f"database {name} was deleted from zone {zone}. To create a new, empty one: {create}"
