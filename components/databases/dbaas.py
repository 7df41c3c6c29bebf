"""Exoscale's managed PostgreSQL."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumiverse_exoscale import Dbaas, get_database_uri_output

from components.database import URL_KEY, DatabaseArgs, database_name
from components.labels import common_labels
from components.secret_values import encoded

TYPE = "pg"


def create_dbaas(
    app: str, args: DatabaseArgs, namespace: str, opts: pulumi.ResourceOptions
) -> Secret:
    """Create the service; return the Secret, in `namespace`, with its URL.

    With `keep_data`, Exoscale refuses to end the service, and removing it from the stack leaves it
    running.
    """
    name, keep = database_name(app), args["keep_data"]
    service = Dbaas(
        name,
        name=f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}",
        zone=args["zone"],
        type=TYPE,
        plan=args["plan"],
        termination_protection=keep,
        pg={"version": args["version"], "ip_filters": args["ip_filter"]},
        # The provider of the application's namespace is Kubernetes'; this one is Exoscale's own.
        opts=pulumi.ResourceOptions(parent=opts.parent, retain_on_delete=keep),
    )
    # The resource's own URI has no password. Its ID is its name, known once it is there.
    uri = get_database_uri_output(name=service.id, type=TYPE, zone=args["zone"]).uri
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
