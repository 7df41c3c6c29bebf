"""Resources in the Exoscale account that killed runs have created and the state does not have."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import requests
from exoscale_auth import ExoscaleV2Auth

from stack.names import CONTROLLER
from tools.existing_stack import CREDENTIAL_VARIABLES
from tools.pulumi_command import ToolError
from tools.stacks import project_name

SECONDS = 10
SUFFIX = "[0-9a-f]{7}"
"""The suffix of a generated name (`Pulumi.yaml`, `pulumi:autonaming`)."""

CLUSTER = "cluster"
"""The resource name of the cluster and its security group, and the prefix of node pools."""

AUTOSCALER = f"{CLUSTER}-autoscaler"
"""The resource name of the cluster autoscaler's IAM role, API key and Secret."""


def account_leftovers(
    stack: str, cluster: Mapping[str, Any], known: Collection[str], folder: Path
) -> Iterator[str]:
    """Yields a command for each resource that is not in the state.

    Clusters, node pools, kept load balancers and security groups are found by their names; node
    pools only in the stack's clusters. Clusters come first, because a security group with nodes
    can't be deleted. With an autoscaler, its API keys and roles are found too; keys come first,
    because a role with keys can't be deleted.

    Args:
        cluster: the stack's setting.
        known: the IDs in the state.

    Raises:
        ToolError: a request to the API failed.
    """
    zone, given = cluster["zone"], cluster.get("name")
    prefix = f"{re.escape(project_name(folder))}-{re.escape(stack)}"
    named = f"{prefix}-{CLUSTER}"
    pattern = re.escape(given) if given else f"{named}-{SUFFIX}"
    for each in _ask(zone, "sks-cluster")["sks-clusters"]:
        if each["id"] in known:
            for pool in _ask(zone, f"sks-cluster/{each['id']}").get("nodepools", ()):
                if pool["id"] not in known and re.fullmatch(f"{named}-.+-{SUFFIX}", pool["name"]):
                    arguments = f"{each['id']} {pool['id']} --zone {zone}   # {pool['name']}"
                    yield f"exo compute sks nodepool delete {arguments}"
        elif re.fullmatch(pattern, each["name"]):
            arguments = f"{each['id']} --zone {zone} --nodepools   # {each['name']}"
            yield f"exo compute sks delete {arguments}"
    for each in _ask(zone, "load-balancer")["load-balancers"]:
        if each["id"] not in known and re.fullmatch(
            f"{prefix}-{CONTROLLER}-{SUFFIX}", each["name"]
        ):
            arguments = f"{each['id']} --zone {zone}   # {each['name']}"
            yield f"exo compute load-balancer delete {arguments}"
    for each in _ask(zone, "security-group")["security-groups"]:
        if each["id"] not in known and re.fullmatch(f"{named}-{SUFFIX}", each["name"]):
            yield f"exo compute security-group delete {each['id']}   # {each['name']}"
    if cluster.get("autoscaler") is not None:
        autoscaler = f"{prefix}-{AUTOSCALER}-{SUFFIX}"
        for each in _ask(zone, "api-key")["api-keys"]:
            if each["key"] not in known and re.fullmatch(autoscaler, each["name"]):
                yield f"exo iam api-key delete {each['key']}   # {each['name']}"
        for each in _ask(zone, "iam-role")["iam-roles"]:
            if each["id"] not in known and re.fullmatch(autoscaler, each["name"]):
                yield f"exo iam role delete {each['id']}   # {each['name']}"


def _ask(zone: str, path: str) -> dict[str, Any]:
    """Returns the response of Exoscale's API."""
    key, secret = (os.environ.get(name) for name in CREDENTIAL_VARIABLES)
    if not (key and secret):
        raise ToolError(f"{' and '.join(CREDENTIAL_VARIABLES)} must be set to read the account")
    endpoint = os.environ.get("EXOSCALE_API_ENDPOINT") or f"https://api-{zone}.exoscale.com/v2"
    try:
        answer = requests.get(
            f"{endpoint}/{path}", auth=ExoscaleV2Auth(key, secret), timeout=SECONDS
        )
        answer.raise_for_status()
        return dict(answer.json())
    except requests.RequestException as error:
        raise ToolError(f"the request to Exoscale's API failed: {error}") from None
