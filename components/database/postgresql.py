"""PostgreSQL in the cluster: a StatefulSet with a volume, for the application and its Jobs.

The image is the official one (docker-library/postgres). At its first start, it creates the database
from `POSTGRES_DB`, `POSTGRES_USER` and `POSTGRES_PASSWORD`. It does not change an existing one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import PersistentVolumeClaim, Secret, Service

from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.rolled_out import Workload
from ..manifests.labels import SKIP_AWAIT, common_labels, selector
from ..manifests.names import name_in_program
from ..manifests.resources import resource_requirements
from ..manifests.secrets import URL_KEY, create_generated_secret, variable
from ..manifests.security import pod_security_context, security_context
from ..volume.claim import VolumeSettings, create_claim
from ..volume.expansion import VolumeUser
from .args import DatabaseArgs
from .backup import create_backup
from .names import database_name
from .network_policies import (
    PORT,
    create_backup_policy,
    create_database_policy,
)
from .stateful_set_gate import Rollout

USER = DATABASE = "app"
PASSWORD_KEY = "password"
POSTGRES_USER = 999
"""ID of the image's user `postgres` (docker-library/postgres, Dockerfile-debian.template)."""

HOME = "/var/lib/postgresql"
FIRST_VERSION_WITH_VOLUME_AT_HOME = 18
"""From this version on, the image's volume is the home directory of its user. In earlier versions,
it is `data` in that directory (docker-library/postgres, Dockerfile-debian.template)."""

SECONDS_TO_STOP = 120


class Postgresql(NamedTuple):
    """The objects of a database. The Secret has its password and URL."""

    secret: Secret
    service: Service
    claim: PersistentVolumeClaim
    stateful_set: StatefulSet


def create_postgresql(
    app: str,
    settings: DatabaseArgs,
    namespace: str,
    clients: Mapping[str, str],
    access: ClusterAccess | None,
    timeout_seconds: int,
    opts: pulumi.ResourceOptions,
) -> Postgresql:
    """Creates the database of `app`, and returns its objects.

    Only the StatefulSet has the same resource name in every namespace, so Pulumi deletes the old
    one before it creates the new one. Both may use the same `volume`, and two pods on one node
    could write to it at the same time.

    Args:
        app: the name of the application.
        settings: the settings of the database.
        namespace: the namespace of the application.
        clients: the labels of the application's pods.
        access: access to the cluster. Without it, Pulumi alone waits for updates.
        timeout_seconds: the timeout of an update with `access`, in seconds.
        opts: the resource options.
    """
    name = database_name(app)
    in_program = name_in_program(name, namespace)
    metadata = {"name": name, "namespace": namespace, "labels": common_labels(app, name)}
    pods = selector(app, name)

    secret = _secret(in_program, metadata, opts)
    service = Service(
        in_program,
        metadata={**metadata, "annotations": SKIP_AWAIT},
        spec={"cluster_ip": "None", "selector": pods, "ports": [{"port": PORT}]},
        opts=opts,
    )
    create_database_policy(app, namespace, clients, opts)
    claim = _claim(settings, metadata, access, opts)
    spec = {
        "service_name": name,
        "replicas": 1,
        "selector": {"match_labels": pods},
        "template": {
            "metadata": {"labels": metadata["labels"]},
            "spec": _pod(settings, secret, claim),
        },
    }
    if access is None:
        stateful_set = StatefulSet(name, metadata=metadata, spec=spec, opts=opts)
    else:
        rollout = Rollout(Workload("statefulsets", namespace, name), access, timeout_seconds)
        then = pulumi.ResourceOptions(hooks=rollout.hooks)
        merged = pulumi.ResourceOptions.merge(opts, then)
        stateful_set = StatefulSet(name, metadata=metadata, spec=spec, opts=merged)
        rollout.create_gate(stateful_set, spec, opts.parent)
    if settings.backup:
        create_backup_policy(app, namespace, opts)
        create_backup(app, settings.backup, settings, namespace, secret, opts)
    return Postgresql(secret, service, claim, stateful_set)


def _secret(in_program: str, metadata: Mapping[str, Any], opts: pulumi.ResourceOptions) -> Secret:
    """Creates the Secret with a random password and the URL. Later runs keep the values."""
    password = secrets.token_urlsafe(32)
    values = {
        PASSWORD_KEY: password,
        URL_KEY: f"postgresql://{USER}:{password}@{metadata['name']}:{PORT}/{DATABASE}",
    }
    return create_generated_secret(in_program, metadata, values, opts)


def _claim(
    settings: DatabaseArgs,
    metadata: Mapping[str, Any],
    access: ClusterAccess | None,
    opts: pulumi.ResourceOptions,
) -> PersistentVolumeClaim:
    """Creates the claim of the database's volume.

    The claim is not a template of the StatefulSet, which could not grow. Each major version has
    its own volume, because it can't read the data of another one.
    """
    name, namespace = metadata["name"], metadata["namespace"]
    volume = settings.claimed_volume
    assert volume  # a database in the cluster has one
    user = VolumeUser("database", Workload("statefulsets", namespace, name))
    return create_claim(
        name,
        volume,
        user,
        access,
        metadata["labels"],
        opts,
        hook_name=name,
        settings=VolumeSettings("database.storage", "database.volume"),
        content=settings.major,
    )


def _pod(settings: DatabaseArgs, secret: Secret, claim: PersistentVolumeClaim) -> dict[str, Any]:
    return {
        "automount_service_account_token": False,
        "security_context": pod_security_context(POSTGRES_USER),
        "termination_grace_period_seconds": SECONDS_TO_STOP,
        "containers": [_container(settings, secret)],
        "volumes": [
            {"name": "data", "persistent_volume_claim": {"claim_name": claim.metadata.name}},
            {"name": "run", "empty_dir": {}},
            {"name": "tmp", "empty_dir": {}},
            {"name": "shm", "empty_dir": _shared_memory(settings)},
        ],
    }


def _container(settings: DatabaseArgs, secret: Secret) -> dict[str, Any]:
    # Over TCP: while the image creates the database, its server only listens on its socket.
    ready = ["pg_isready", "--host=127.0.0.1", f"--username={USER}", f"--dbname={DATABASE}"]
    probe = {"exec_": {"command": ready}, "period_seconds": 10, "timeout_seconds": 5}
    data = _mount(settings)
    return {
        "name": "postgresql",
        "image": settings.image,
        "ports": [{"container_port": PORT}],
        "env": [
            {"name": "POSTGRES_USER", "value": USER},
            {"name": "POSTGRES_DB", "value": DATABASE},
            variable("POSTGRES_PASSWORD", secret, PASSWORD_KEY),
            # A folder below the mount: initdb requires an empty one; a new volume has lost+found.
            {"name": "PGDATA", "value": f"{data}/pgdata"},
        ],
        "resources": resource_requirements(settings.resources),
        "security_context": security_context(),
        "startup_probe": {**probe, "failure_threshold": 60},
        "readiness_probe": probe,
        "liveness_probe": {**probe, "failure_threshold": 6},
        "volume_mounts": [
            {"name": "data", "mount_path": data},
            {"name": "run", "mount_path": "/var/run/postgresql"},
            {"name": "tmp", "mount_path": "/tmp"},
            {"name": "shm", "mount_path": "/dev/shm"},
        ],
    }


def _mount(settings: DatabaseArgs) -> str:
    """Returns the path of the image's volume. With another path, there would be a second volume."""
    assert settings.major  # DatabaseArgs requires it
    return HOME if int(settings.major) >= FIRST_VERSION_WITH_VOLUME_AT_HOME else f"{HOME}/data"


def _shared_memory(settings: DatabaseArgs) -> dict[str, str]:
    """Returns a volume for the shared memory of parallel queries. Without it, they have 64 MiB.

    It counts as memory of the container, so it has the container's limit.
    """
    limit = settings.resources.limits.memory
    return {"medium": "Memory"} | ({"size_limit": limit} if limit else {})
