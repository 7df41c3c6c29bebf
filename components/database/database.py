"""An application's database: PostgreSQL in the cluster, or a managed database of Exoscale."""

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

ADVICE = "the stack does not take over an existing database; move it, or rename the application"


class Database(pulumi.ComponentResource):
    """The database of one application, in the application's namespace.

    Example:
        >>> clients = {"app.kubernetes.io/name": "shop"}
        >>> Database("shop", DatabaseArgs(storage="2Gi"), namespace="shop", clients=clients)

    Attributes:
        variable: the application's environment variable as a Kubernetes `EnvVar`. Its value is in a
            Secret.
        wait: an init container that waits until the database accepts connections. None for a
            managed database, whose filter contains nodes instead of pods.
        secret: the Secret with the URL.
        stateful_set: the StatefulSet of a database in the cluster.
        service: the Service of a database in the cluster.
        claim: the PersistentVolumeClaim of a database in the cluster.
        dbaas: Exoscale's service of a managed database.
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
        """Declares the database of an application.

        Args:
            app: the name of the application.
            settings: the settings of the database.
            namespace: the namespace of the application.
            clients: the labels of the application's pods. The pods of its Jobs are identified by
                the label `app.kubernetes.io/instance`.
            node_networks: networks that may connect to a managed database without an `ip_filter`.
            creator: the stack, and whether it owns the namespace. A database in the cluster is
                stopped with its access while the volume grows.
            timeout_seconds: the timeout of an update, in seconds.
            opts: the resource options.
        """
        creator = creator or Creator()
        super().__init__("webapp:index:Database", database_name(app), None, opts)
        child = pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on if opts else None,
            hooks=refuse_existing(f"{app}-database", creator, advice=ADVICE),
        )
        # Not declared in the class, because Pulumi resolves its annotations, and a stack loads only
        # the modules of its kind.
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
