"""Creates a managed PostgreSQL database of Exoscale, and refuses changes of its major version."""

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
    """Creates the service, and the Secret in `namespace` with its URL.

    The Secret's name is generated: a changed password, such as one that was reset in Exoscale's
    portal, creates another Secret, which the pods use before Pulumi deletes the old one. With a
    fixed name, Pulumi would first delete the old Secret and all resources that depend on it
    (pulumi/pulumi-kubernetes, provider/pkg/provider/diff.go: `forceNewProperties`).

    With `keep_data`, Exoscale protects the service from termination, and it keeps running after its
    removal from the stack. The backup schedule is always set: without it, the provider (0.66) fails
    at any later update (terraform-provider-exoscale issue 476).

    Raises:
        Problems: no network may connect.
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
        # Without the provider in `opts`, which is that of Kubernetes.
        opts=pulumi.ResourceOptions(
            parent=opts.parent,
            retain_on_delete=keep,
            # Names are unique in an account.
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
    """Checks that the database runs the major version: the provider only sets it at creation.

    Raises:
        RefusedUpdate: the database runs another version.
    """
    running = ((args.old_outputs or {}).get("pg") or {}).get("version")
    version = (args.new_inputs or {})["pg"]["version"]
    if running and version != running:
        raise RefusedUpdate(
            f"{args.name}: database.version: {version}: it runs {running}: change it in Exoscale's "
            "portal first, then here, and run pulumi up --refresh"
        )
