"""An application's database: PostgreSQL in the cluster, or Exoscale's managed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from components import secret_values

URL_KEY = "url"
"""The key of the URL in the Secret."""


def database_name(app: str) -> str:
    """The name of all objects of the application's database."""
    return f"{app}-db"


class BackupArgs(TypedDict):
    """Where dumps go, how often, and how long they are kept.

    `schedule` is in cron's notation, in UTC. `access_key` and `secret_key` are those of an Exoscale
    IAM key that may write to `bucket`, which is in `zone`.
    """

    schedule: str
    zone: str
    bucket: str
    access_key: pulumi.Input[str]
    secret_key: pulumi.Input[str]
    keep_days: int
    image: str


class DatabaseArgs(TypedDict):
    """The arguments of a `Database`.

    `kind` is `postgresql` or `dbaas`; each has keys of its own. `variable` is the environment
    variable in which the application finds the URL. With `keep_data`, removing the database leaves
    its data. `storage` is a Kubernetes quantity, `volume` is `ZONE/ID` of a block storage volume to
    use in place of a new one, `ip_filter` are networks in CIDR notation.
    """

    kind: str
    variable: str
    keep_data: bool
    image: str
    storage: str
    storage_class: str
    volume: NotRequired[str]
    resources: Mapping[str, Mapping[str, str]]
    backup: NotRequired[BackupArgs]
    zone: NotRequired[str]
    plan: str
    version: str
    ip_filter: NotRequired[Sequence[str]]


class Database(pulumi.ComponentResource):
    """The database of one application, in the application's namespace.

    Attributes:
        variable: the environment variable that the application gets, as a Kubernetes `EnvVar`; its
            value is in a Secret.
    """

    variable: dict[str, Any]

    def __init__(
        self,
        app: str,
        args: DatabaseArgs,
        *,
        namespace: str,
        clients: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the database of the application `app`, whose pods have the labels `clients`.

        Its other pods, those of Jobs, are known by their label `app.kubernetes.io/instance`.
        """
        super().__init__("webapp:index:Database", database_name(app), None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)
        if args["kind"] == "dbaas":
            from components.databases.dbaas import create_dbaas

            secret = create_dbaas(app, args, namespace, child)
        else:
            from components.databases.postgresql import create_postgresql

            secret = create_postgresql(app, args, namespace, clients, child)
        self.variable = secret_values.variable(args["variable"], secret, URL_KEY)
        self.register_outputs({})
