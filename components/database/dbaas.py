"""Exoscale's managed PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumiverse_exoscale import Dbaas

from ..args.problem import Problem, Problems
from ..exoscale.display_name import display_name
from ..lifecycle.before_update import RefusedUpdate, before_update
from ..manifests.labels import common_labels
from ..manifests.names import name_in_program
from ..manifests.secrets import URL_KEY, encoded
from .args import DatabaseArgs
from .dbaas_url import TYPE, database_url
from .names import database_name


def create_dbaas(
    app: str,
    settings: DatabaseArgs,
    namespace: str,
    node_networks: pulumi.Input[Sequence[str]] | None,
    opts: pulumi.ResourceOptions,
) -> tuple[Dbaas, Secret]:
    """Create the service, and the Secret, in `namespace`, with its URL.

    The Secret's name is generated: a changed password, such as one that is reset in Exoscale's
    portal, makes another Secret, which the pods use before the old one is deleted. Under a given
    name the old one would be deleted first, and everything that refers to it with it
    (pulumi/pulumi-kubernetes, provider/pkg/provider/diff.go: `forceNewProperties`).

    With `keep_data`, Exoscale refuses to end the service, and removing it from the stack leaves it
    running. The backup schedule is always given: without it, the provider (0.66) fails at any
    later update (terraform-provider-exoscale issue 476).

    Raises:
        Problems: nobody may connect.
    """
    clients = settings.ip_filter or node_networks
    if clients is None:
        raise Problems([Problem(("ipFilter",), None, "is required without node_networks")])
    name, keep = database_name(app), settings.keep_data
    service = Dbaas(
        name,
        name=display_name(name),
        zone=settings.zone,
        type=TYPE,
        plan=settings.plan,
        termination_protection=keep,
        pg={
            "version": settings.major,
            "ip_filters": clients,
            "backup_schedule": settings.backup_schedule,
        },
        # The provider of the application's namespace is Kubernetes'; this one is Exoscale's own.
        opts=pulumi.ResourceOptions(
            parent=opts.parent,
            retain_on_delete=keep,
            # a name can be used once in an account
            delete_before_replace=True,
            ignore_changes=["name"],
            hooks=before_update(name, check_version),
        ),
    )
    url = database_url(service, settings)
    secret = Secret(
        name_in_program(f"{name}-uri", namespace),
        metadata={"namespace": namespace, "labels": common_labels(app, name)},
        data=pulumi.Output.secret({URL_KEY: url.apply(encoded)}),
        opts=opts,
    )
    return service, secret


def check_version(args: pulumi.ResourceHookArgs) -> None:
    """Check that the database runs the major version: the provider sets it at creation only.

    Raises:
        RefusedUpdate: it runs another one.
    """
    running = ((args.old_outputs or {}).get("pg") or {}).get("version")
    wanted = (args.new_inputs or {})["pg"]["version"]
    if running and wanted != running:
        raise RefusedUpdate(
            f"{args.name}: database.version: {wanted}: it runs {running}: change it in Exoscale's "
            "portal first, then here, and run pulumi up --refresh"
        )
