"""PostgreSQL on the cluster: a StatefulSet with a volume, reached by its application and its Jobs.

The image is the official one (docker-library/postgres): it makes the database at its first start
from `POSTGRES_DB`, `POSTGRES_USER` and `POSTGRES_PASSWORD`, and leaves one that is there alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    Secret,
    Service,
)
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.app.service import SKIP_AWAIT
from components.database import URL_KEY, DatabaseArgs, database_name
from components.databases.database_backup import create_backup
from components.labels import INSTANCE, common_labels, selector
from components.secret_values import drawn_secret, variable
from components.security import pod_security_context, security_context

PORT = 5432
USER = DATABASE = "app"
PASSWORD_KEY = "password"
POSTGRES_USER = 999
"""The user `postgres` of the image (docker-library/postgres, Dockerfile-debian.template)."""

DATA = "/var/lib/postgresql/data"
CSI_DRIVER = "csi.exoscale.com"
SECONDS_TO_STOP = 120


def create_postgresql(
    app: str,
    args: DatabaseArgs,
    namespace: str,
    clients: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> Secret:
    """Create the database of `app`; return the Secret with its password and URL."""
    name = database_name(app)
    metadata = {"name": name, "namespace": namespace, "labels": common_labels(app, name)}
    pods = selector(app, name)

    secret = _secret(name, metadata, opts)
    Service(
        name,
        metadata={**metadata, "annotations": SKIP_AWAIT},
        spec={"cluster_ip": "None", "selector": pods, "ports": [{"port": PORT}]},
        opts=opts,
    )
    NetworkPolicy(
        name,
        metadata=metadata,
        spec={
            "pod_selector": {"match_labels": pods},
            "policy_types": ["Ingress", "Egress"],
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
        opts=opts,
    )
    claim = _claim(name, args, metadata, opts)
    StatefulSet(
        name,
        metadata=metadata,
        spec={
            "service_name": name,
            "replicas": 1,
            "selector": {"match_labels": pods},
            "template": {
                "metadata": {"labels": metadata["labels"]},
                "spec": {
                    "automount_service_account_token": False,
                    "security_context": pod_security_context(POSTGRES_USER),
                    "termination_grace_period_seconds": SECONDS_TO_STOP,
                    "containers": [_container(args, secret)],
                    "volumes": [
                        {
                            "name": "data",
                            "persistent_volume_claim": {"claim_name": claim.metadata.name},
                        },
                        {"name": "run", "empty_dir": {}},
                        {"name": "tmp", "empty_dir": {}},
                    ],
                },
            },
        },
        opts=opts,
    )
    if "backup" in args:
        create_backup(app, args["backup"], args, namespace, secret, opts)
    return secret


def _secret(name: str, metadata: Mapping[str, Any], opts: pulumi.ResourceOptions) -> Secret:
    """The password, and the URL with it: drawn once, kept by later runs."""
    password = secrets.token_urlsafe(32)
    values = {
        PASSWORD_KEY: password,
        URL_KEY: f"postgresql://{USER}:{password}@{name}:{PORT}/{DATABASE}",
    }
    return drawn_secret(name, metadata, values, opts)


def _claim(
    name: str, args: DatabaseArgs, metadata: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> PersistentVolumeClaim:
    """The claim for a new volume, or for one that is there already.

    A claim of its own, and no template of the StatefulSet's: that could not grow. Its name is
    generated: if it is replaced, the pod moves to the new one before the old one goes.
    """
    spec = {
        "storage_class_name": args["storage_class"],
        "access_modes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": args["storage"]}},
    }
    if "volume" in args:
        spec["volume_name"] = _existing_volume(
            name, args, args["volume"], metadata["labels"], opts
        ).metadata.name
    unnamed = {key: value for key, value in metadata.items() if key != "name"}
    return PersistentVolumeClaim(name, metadata=unnamed, spec=spec, opts=opts)


def _existing_volume(
    name: str,
    args: DatabaseArgs,
    volume: str,
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> PersistentVolume:
    return PersistentVolume(
        name,
        metadata={"labels": labels},
        spec={
            "storage_class_name": args["storage_class"],
            "capacity": {"storage": args["storage"]},
            "access_modes": ["ReadWriteOnce"],
            "persistent_volume_reclaim_policy": "Retain",
            "csi": {"driver": CSI_DRIVER, "volume_handle": volume, "fs_type": "ext4"},
        },
        opts=opts,
    )


def _container(args: DatabaseArgs, secret: Secret) -> dict[str, Any]:
    # By TCP: while it makes the database, the image's server listens on its socket only.
    ready = ["pg_isready", "--host=127.0.0.1", f"--username={USER}", f"--dbname={DATABASE}"]
    probe = {"exec_": {"command": ready}, "period_seconds": 10, "timeout_seconds": 5}
    return {
        "name": "postgresql",
        "image": args["image"],
        "ports": [{"container_port": PORT}],
        "env": [
            {"name": "POSTGRES_USER", "value": USER},
            {"name": "POSTGRES_DB", "value": DATABASE},
            variable("POSTGRES_PASSWORD", secret, PASSWORD_KEY),
            # A folder below the mount: a new volume has a lost+found, and initdb wants none.
            {"name": "PGDATA", "value": f"{DATA}/pgdata"},
        ],
        "resources": args["resources"],
        "security_context": security_context(),
        "startup_probe": {**probe, "failure_threshold": 60},
        "readiness_probe": probe,
        "liveness_probe": {**probe, "failure_threshold": 6},
        "volume_mounts": [
            {"name": "data", "mount_path": DATA},
            {"name": "run", "mount_path": "/var/run/postgresql"},
            {"name": "tmp", "mount_path": "/tmp"},
        ],
    }
