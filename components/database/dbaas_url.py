"""The URL of a managed database, which a preview asks for without waiting.

The provider (0.66) waits until the service runs, which takes minutes after a change of its plan,
and fails if the service was deleted. A refresh fails too, and leaves it in the state. Source:
exoscale/terraform-provider-exoscale v0.66.0, `datasource_uri.go`, `resource_service_pg.go`.
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
"""States that the provider waits in."""


class MissingDatabase(pulumi.RunError):
    """The database was deleted. Pulumi shows the message in one line."""


def database_url(service: Dbaas, settings: DatabaseArgs) -> pulumi.Output[str]:
    """Returns the administrator's URL. A preview does not know it while the service is being built.

    It has the scheme `postgresql`: SQLAlchemy, for one, takes no `postgres`.
    """
    zone = settings.zone
    assert zone  # the check asks for it

    async def url(known: list[str]) -> Any:
        name, urn = known
        state = await _state(name, urn, zone, settings)
        if pulumi.runtime.is_dry_run() and state in BEING_BUILT:
            pulumi.info(f"database {name} is {state}: its URL is known once it is running")
            return pulumi.UNKNOWN
        uri: str = (await invoke_provider(DATABASE_URI, name=name, type=TYPE, zone=zone))["uri"]
        return "postgresql://" + uri.partition("://")[2]

    # The resource's own URI has no password. Its ID is its name, known once it is created.
    return pulumi.Output.all(service.id, service.urn).apply(url)


async def _state(name: str, urn: str, zone: str, settings: DatabaseArgs) -> str | None:
    """The state of the service; None without a key, or if the API does not answer.

    Raises:
        MissingDatabase: it does not exist.
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
    """The provider can't delete what does not exist, so only one that it keeps can be replaced."""
    create = f"pulumi up --replace '{urn}'"
    if not settings.keep_data:
        plan, version = settings.plan, settings.major
        create = (
            f"exo dbaas create {TYPE} {plan} {name} --zone {zone} --pg-version {version}, then "
            "pulumi up --refresh"
        )
    return f"database {name} was deleted from zone {zone}. To create a new, empty one: {create}"
