"""Backups of a PostgreSQL database: a CronJob that uploads dumps to a bucket of Exoscale's object
storage.

The first container waits for the database, the second one dumps it, and the third one uploads the
dump. Each runs an official image.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.batch.v1 import CronJob
from pulumi_kubernetes.core.v1 import Secret

from ..manifests.labels import common_labels
from ..manifests.names import name_in_program
from ..manifests.resources import resource_requirements
from ..manifests.secret_value import secret_value
from ..manifests.secrets import URL_KEY, variable
from ..manifests.security import pod_security_context, security_context
from .args import BackupArgs, DatabaseArgs
from .init_container import wait_for_database
from .names import backup_name, database_name

FOLDER = "/backup"
USER = 999
DUMP = f'pg_dump --format=custom --dbname="$URL" --file="{FOLDER}/$(date -u +%Y%m%dT%H%M%SZ).dump"'
UPLOAD = f'rclone copy {FOLDER} "$TARGET" && rclone delete --min-age "$KEEP" "$TARGET"'
"""Uploads the new dump before it deletes old ones."""


def create_backup(
    app: str,
    backup: BackupArgs,
    database: DatabaseArgs,
    namespace: str,
    url: Secret,
    opts: pulumi.ResourceOptions,
) -> CronJob:
    """Creates the CronJob that backs up the application's database.

    The name of the Secret with the bucket's keys is generated: other keys create another Secret,
    and Pulumi updates the CronJob. With a fixed name, Pulumi would delete the CronJob together with
    the Secret.

    Args:
        app: the name of the application.
        backup: the settings of the backup.
        database: the settings of the database.
        namespace: the namespace of the application.
        url: the Secret with the URL of the database.
        opts: the resource options.
    """
    name, own = database_name(app), backup_name(app)
    labels = common_labels(app, own)
    keys = Secret(
        name_in_program(own, namespace),
        metadata={"namespace": namespace, "labels": labels},
        string_data={
            "accessKey": secret_value(backup.access_key),
            "secretKey": secret_value(backup.secret_key),
        },
        opts=opts,
    )
    mounts = [{"name": "backup", "mount_path": FOLDER}]
    common = {"security_context": security_context(), "volume_mounts": mounts}
    limits = {"resources": resource_requirements(database.resources)}
    wait = {**wait_for_database(database.image, url), **limits, **common}
    dump = {
        "name": "dump",
        "image": database.image,
        "command": ["sh", "-c", DUMP],
        "env": [variable("URL", url, URL_KEY)],
        **limits,
        **common,
    }
    upload = {
        "name": "upload",
        "image": backup.image,
        "command": ["sh", "-c", UPLOAD],
        "env": _rclone(name, backup, keys),
        "resources": resource_requirements(backup.resources),
        **common,
    }
    return CronJob(
        name_in_program(name, namespace),
        metadata={"name": name, "namespace": namespace, "labels": labels},
        spec={
            "schedule": backup.schedule,
            "time_zone": "Etc/UTC",
            "concurrency_policy": "Forbid",
            "starting_deadline_seconds": 3600,
            "job_template": {
                "spec": {
                    "backoff_limit": 2,
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {
                            "restart_policy": "Never",
                            "automount_service_account_token": False,
                            "security_context": pod_security_context(USER),
                            "init_containers": [wait, dump],
                            "containers": [upload],
                            "volumes": [
                                {
                                    "name": "backup",
                                    "empty_dir": {"size_limit": database.storage},
                                }
                            ],
                        },
                    },
                }
            },
        },
        opts=opts,
    )


def _rclone(name: str, backup: BackupArgs, keys: Secret) -> list[Mapping[str, Any]]:
    """Returns environment variables that configure rclone: a remote `sos`, and no file."""
    values = {
        "RCLONE_CONFIG": "/notfound",
        "RCLONE_CONFIG_SOS_TYPE": "s3",
        "RCLONE_CONFIG_SOS_PROVIDER": "Other",
        "RCLONE_CONFIG_SOS_ENDPOINT": f"https://sos-{backup.zone}.exo.io",
        "RCLONE_CONFIG_SOS_NO_CHECK_BUCKET": "true",
        "TARGET": f"sos:{backup.bucket}/{name}",
        "KEEP": f"{backup.keep_days}d",
    }
    return [
        variable("RCLONE_CONFIG_SOS_ACCESS_KEY_ID", keys, "accessKey"),
        variable("RCLONE_CONFIG_SOS_SECRET_ACCESS_KEY", keys, "secretKey"),
        *({"name": key, "value": value} for key, value in values.items()),
    ]
