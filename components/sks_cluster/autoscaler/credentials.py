"""The cluster autoscaler's own API key at Exoscale, and the Secret with it."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumiverse_exoscale import IamApiKey, IamRole

from ...manifests.network import SYSTEM_NAMESPACE
from ...manifests.secrets import encoded

OPERATIONS = (
    "evict-sks-nodepool-members",
    "get-instance",
    "get-instance-pool",
    "get-operation",
    "get-quota",
    "list-sks-clusters",
    "scale-sks-nodepool",
)
"""The operations of Exoscale's API that the cluster autoscaler needs.

Source: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/exoscale/README.md.
"""


def create_api_key(name: str, opts: pulumi.ResourceOptions) -> IamApiKey:
    """Creates an IAM role that allows only `OPERATIONS`, and an API key with it.

    A policy can't restrict the operations to a cluster: the key can scale every nodepool of the
    account.
    """
    listed = ", ".join(f"'{operation}'" for operation in OPERATIONS)
    rule = {"action": "allow", "expression": f"operation in [{listed}]"}
    role = IamRole(
        name,
        editable=True,
        policy={
            "default_service_strategy": "deny",
            "services": {"compute": {"type": "rules", "rules": [rule]}},
        },
        opts=opts,
    )
    return IamApiKey(name, role_id=role.id, opts=opts)


def create_secret(name: str, key: IamApiKey, zone: str, opts: pulumi.ResourceOptions) -> Secret:
    """Creates the Secret whose keys the chart reads for the provider `exoscale`.

    It has a generated name, so another API key is another Secret, with which Helm replaces the pod.

    Source: kubernetes/autoscaler, charts/cluster-autoscaler/templates/deployment.yaml.
    """
    data = {
        "api-key": key.key.apply(encoded),
        "api-secret": pulumi.Output.secret(key.secret).apply(encoded),
        "api-zone": encoded(zone),
    }
    return Secret(
        name,
        metadata={"namespace": SYSTEM_NAMESPACE},
        data=pulumi.Output.secret(data),
        opts=opts,
    )
