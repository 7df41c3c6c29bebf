"""Values in Secrets: encoded, drawn once, and handed to containers as environment variables."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Secret

URL_KEY = "url"
"""The key of a database's URL in its Secret."""


def encoded(text: str) -> str:
    """The text in base64, as a Secret's `data` has it, and as the API server answers it."""
    return base64.b64encode(text.encode()).decode()


def create_generated_secret(
    name: str,
    metadata: Mapping[str, Any],
    values: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> Secret:
    """A Secret with random `values` that later runs keep.

    Each run draws new ones, which the engine drops for those in its state, if there are any. A
    preview does not know them: what it told would bind a strict `up`, which draws others.
    """
    known = not pulumi.runtime.is_dry_run()
    data = {key: encoded(value) if known else pulumi.UNKNOWN for key, value in values.items()}
    return Secret(
        name,
        metadata=metadata,
        data=pulumi.Output.secret(data),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["data"])),
    )


def variable(name: str, secret: Secret, key: str) -> dict[str, Any]:
    """The environment variable `name`, as a Kubernetes `EnvVar`: its value is in `secret`."""
    return {
        "name": name,
        "value_from": {"secret_key_ref": {"name": secret.metadata.name, "key": key}},
    }
