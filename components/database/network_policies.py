"""Network policies of a database in the cluster and of its backup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from ..manifests.labels import INSTANCE, common_labels, selector
from ..manifests.names import name_in_program
from ..manifests.network import dns_egress_rule, internet_egress_rule
from .names import backup_name, database_name

PORT = 5432


def to_database(app: str) -> dict[str, Any]:
    """Returns an egress rule to the database of `app`, for pods in its namespace."""
    pods = {"match_labels": selector(app, database_name(app))}
    return {"to": [{"pod_selector": pods}], "ports": [{"port": PORT}]}


def create_database_policy(
    app: str, namespace: str, clients: Mapping[str, str], opts: pulumi.ResourceOptions
) -> None:
    """Creates a policy that lets only `clients` and the application's other pods connect.

    The database has no outgoing connections.
    """
    name = database_name(app)
    _create(
        app,
        name,
        namespace,
        {
            "ingress": [
                {
                    "from_": [
                        {"pod_selector": {"match_labels": peer}}
                        for peer in (clients, {INSTANCE: app})
                    ],
                    "ports": [{"port": PORT}],
                }
            ],
        },
        opts,
    )


def create_backup_policy(app: str, namespace: str, opts: pulumi.ResourceOptions) -> None:
    """Creates a policy that allows connections to the database and to the internet.

    The object storage is on the internet. The policy allows no incoming connections.
    """
    rules = {"egress": [dns_egress_rule(), internet_egress_rule(), to_database(app)]}
    _create(app, backup_name(app), namespace, rules, opts)


def _create(
    app: str,
    name: str,
    namespace: str,
    rules: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> None:
    NetworkPolicy(
        name_in_program(name, namespace),
        metadata={"name": name, "namespace": namespace, "labels": common_labels(app, name)},
        spec={
            "pod_selector": {"match_labels": selector(app, name)},
            "policy_types": ["Ingress", "Egress"],
            **rules,
        },
        opts=opts,
    )
