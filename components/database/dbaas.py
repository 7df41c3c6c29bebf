"""Exoscale's managed PostgreSQL."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumiverse_exoscale import Dbaas, get_database_uri_output

from components.kubernetes.labels import common_labels
from components.kubernetes.secrets import URL_KEY, encoded
from settings.apps.database import DatabaseSettings
from settings.apps.own_names import database_name

TYPE = "pg"


def create_dbaas(
    app: str, settings: DatabaseSettings, namespace: str, opts: pulumi.ResourceOptions
) -> Secret:
    """Create the service; return the Secret, in `namespace`, with its URL.

    With `keep_data`, Exoscale refuses to end the service, and removing it from the stack leaves it
    running.
    """
    name, keep = database_name(app), settings.keep_data
    service = Dbaas(
        name,
        name=f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}",
        zone=settings.zone,
        type=TYPE,
        plan=settings.plan,
        termination_protection=keep,
        pg={"version": settings.major, "ip_filters": settings.ip_filter},
        # The provider of the application's namespace is Kubernetes'; this one is Exoscale's own.
        opts=pulumi.ResourceOptions(parent=opts.parent, retain_on_delete=keep),
    )
    # The resource's own URI has no password. Its ID is its name, known once it is there.
    uri = get_database_uri_output(name=service.id, type=TYPE, zone=settings.zone).uri
    return Secret(
        f"{name}-uri",
        metadata={
            "name": f"{name}-uri",
            "namespace": namespace,
            "labels": common_labels(app, name),
        },
        data=pulumi.Output.secret({URL_KEY: uri.apply(_url).apply(encoded)}),
        opts=opts,
    )


def _url(uri: str) -> str:
    """The URI with the scheme `postgresql`: SQLAlchemy, for one, takes no `postgres`."""
    return "postgresql://" + uri.partition("://")[2]
