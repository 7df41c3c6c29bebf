"""An application's database: PostgreSQL in the cluster, or Exoscale's managed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from ..lifecycle.existing_objects import Creator, refuse_existing
from ..manifests.secrets import URL_KEY, variable
from .args import DatabaseArgs
from .names import database_name

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import StatefulSet
    from pulumi_kubernetes.core.v1 import PersistentVolumeClaim, Secret, Service
    from pulumiverse_exoscale import Dbaas

ADVICE = "a database that is there is not taken over; move it away, or rename the application"


class Database(pulumi.ComponentResource):
    """The database of one application, in the application's namespace.

    Example:
        >>> clients = {"app.kubernetes.io/name": "shop"}
        >>> Database("shop", DatabaseArgs(storage="2Gi"), namespace="shop", clients=clients)

    Attributes:
        variable: the environment variable that the application gets, as a Kubernetes `EnvVar`; its
            value is in a Secret.
        wait: what an init container needs to wait until the database takes connections. None of a
            managed one, whose filter knows nodes and not pods.
        secret: the Secret with its URL.
        stateful_set: the StatefulSet of one in the cluster.
        service: the Service of one in the cluster.
        claim: the PersistentVolumeClaim of one in the cluster.
        dbaas: Exoscale's service of a managed one.
    """

    variable: dict[str, Any]
    wait: dict[str, Any] | None = None

    def __init__(
        self,
        app: str,
        settings: DatabaseArgs,
        *,
        namespace: str,
        clients: Mapping[str, str],
        node_networks: pulumi.Input[Sequence[str]] | None = None,
        creator: Creator | None = None,
        timeout_seconds: int = 600,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the database of the application `app`, whose pods have the labels `clients`.

        Its other pods, those of Jobs, are known by their label `app.kubernetes.io/instance`.
        A managed database without an `ip_filter` takes connections from `node_networks`. The
        `creator` is the stack, and whether the namespace is its own; one in the cluster is stopped
        by its access while the volume grows. An update of it may take `timeout_seconds`.
        """
        creator = creator or Creator()
        super().__init__("webapp:index:Database", database_name(app), None, opts)
        child = pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on if opts else None,
            hooks=refuse_existing(f"{app}-database", creator, advice=ADVICE),
        )
        # not in the class, whose annotations Pulumi resolves: a stack loads what its kind needs
        self.secret: Secret
        self.stateful_set: StatefulSet | None = None
        self.service: Service | None = None
        self.claim: PersistentVolumeClaim | None = None
        self.dbaas: Dbaas | None = None
        if settings.kind == "dbaas":
            from .dbaas import create_dbaas

            self.dbaas, self.secret = create_dbaas(app, settings, namespace, node_networks, child)
        else:
            from .init_container import wait_for_database
            from .postgresql import create_postgresql

            created = create_postgresql(
                app, settings, namespace, clients, creator.access, timeout_seconds, child
            )
            self.secret, self.service, self.claim, self.stateful_set = created
            self.wait = wait_for_database(settings.image, self.secret)
        self.variable = variable(settings.variable, self.secret, URL_KEY)
        self.register_outputs({})
