"""An SKS cluster with its nodepools, firewall and kubeconfigs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

import pulumi
import pulumi_kubernetes
from pulumiverse_exoscale import SecurityGroup, SksKubeconfig
from pulumiverse_exoscale import SksCluster as Cluster

from components.deleted_nodepools import until_unused
from components.firewall import FirewallRuleArgs, create_rules
from components.nodepool import NodepoolArgs, create_nodepool
from components.refused_updates import refuse_cluster_updates, refuse_nodepool_updates

if TYPE_CHECKING:
    from components.read_only_access import ReadOnlyKubeconfigArgs

IGNORED_ON_UPDATE = ["addons", "cni", "exoscaleCcm", "metricsServer", "oidc", "serviceLevel"]
"""Inputs whose change the provider (0.66) shows as an update and then does not make.

Source: exoscale/terraform-provider-exoscale v0.66.0, `resource_exoscale_sks_cluster.go`, Update.
"""


class KubeconfigArgs(TypedDict):
    """The program's own credentials: their lifetime, and how long before its end an `up` renews
    them, in seconds."""

    user: pulumi.Input[str]
    groups: Sequence[pulumi.Input[str]]
    ttl_seconds: pulumi.Input[int]
    early_renewal_seconds: pulumi.Input[int]


class AuditArgs(TypedDict):
    """Where the audit log goes. `initial_backoff` is a duration, such as `10s`."""

    endpoint: pulumi.Input[str]
    bearer_token: pulumi.Input[str]
    initial_backoff: pulumi.Input[str]


class OidcArgs(TypedDict):
    """An OpenID Connect provider, as the API server's `--oidc-` flags have it."""

    client_id: pulumi.Input[str]
    issuer_url: pulumi.Input[str]
    groups_claim: pulumi.Input[str] | None
    groups_prefix: pulumi.Input[str] | None
    required_claim: Mapping[str, pulumi.Input[str]] | None
    username_claim: pulumi.Input[str] | None
    username_prefix: pulumi.Input[str] | None


class AdoptArgs(TypedDict):
    """IDs of what was made by hand; those of nodepools and of their groups by nodepool's name."""

    cluster: str | None
    security_group: str | None
    nodepools: Mapping[str, str]
    anti_affinity_groups: Mapping[str, str]


class SksClusterArgs(TypedDict):
    """The arguments of an `SksCluster`.

    `level` is `starter` or `pro`, `cni` is `calico`, `cilium` or `none`, `version` is in full
    (1.34.3). `name` is what Exoscale shows; without one it is the component's with a suffix.
    `kube_proxy` is Exoscale's choice where it is None. `csi` needs `cloud_controller`.
    `node_port_sources` are the networks (CIDR) that may reach the NodePorts. `protect` makes the
    engine refuse to remove or replace the cluster.
    """

    zone: str
    version: pulumi.Input[str]
    name: str | None
    description: pulumi.Input[str]
    labels: Mapping[str, pulumi.Input[str]]
    level: pulumi.Input[str]
    cni: str
    kube_proxy: pulumi.Input[bool] | None
    cloud_controller: pulumi.Input[bool]
    csi: pulumi.Input[bool]
    metrics_server: pulumi.Input[bool]
    auto_upgrade: pulumi.Input[bool]
    feature_gates: Sequence[pulumi.Input[str]]
    audit: AuditArgs | None
    oidc: OidcArgs | None
    node_port_sources: Sequence[str]
    firewall_rules: Sequence[FirewallRuleArgs]
    nodepools: Sequence[NodepoolArgs]
    kubeconfig: KubeconfigArgs
    read_only_kubeconfig: ReadOnlyKubeconfigArgs | None
    protect: bool
    adopt: AdoptArgs


class SksCluster(pulumi.ComponentResource):
    """A managed Kubernetes cluster and all that its workloads need.

    Attributes:
        cluster_name: the name that Exoscale shows.
        kubeconfig: the program's credentials, as YAML. A secret.
        read_only_kubeconfig: credentials that show everything but Secrets and change nothing,
            if asked for. A secret.
        provider: the Kubernetes provider for what runs on the cluster.
        instance_pool_id: the instance pool of the first nodepool, for load balancers
            (`service-instancepool-id`). The cloud controller must be told where there are several
            pools, as there are while one is replaced.
    """

    cluster_name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    read_only_kubeconfig: pulumi.Output[str] | None
    provider: pulumi_kubernetes.Provider
    instance_pool_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: SksClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("webapp:index:SksCluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone, adopt = args["zone"], args["adopt"]

        cluster = _cluster(name, args, child)
        group = SecurityGroup(
            name,
            description=f"Nodes of {name}",
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=adopt["security_group"],
                ignore_changes=["name", "description"] if adopt["security_group"] else None,
            ),
        )
        rules = create_rules(
            name,
            group,
            cni=args["cni"],
            node_port_sources=args["node_port_sources"],
            firewall_rules=args["firewall_rules"],
            opts=child,
        )
        nodepool_hooks = refuse_nodepool_updates(name)
        nodepool_hooks.on_error = [until_unused(name)]
        nodepools = [
            create_nodepool(
                f"{name}-{pool['name']}",
                pool,
                cluster=cluster,
                zone=zone,
                version=args["version"],
                group=group,
                rules=rules,
                import_id=_nodepool_import_id(pool["name"], adopt, zone),
                anti_affinity_import_id=adopt["anti_affinity_groups"].get(pool["name"]),
                hooks=nodepool_hooks,
                opts=child,
            )
            for pool in args["nodepools"]
        ]
        kubeconfig = SksKubeconfig(
            name,
            cluster_id=cluster.id,
            zone=zone,
            user=args["kubeconfig"]["user"],
            groups=args["kubeconfig"]["groups"],
            ttl_seconds=args["kubeconfig"]["ttl_seconds"],
            early_renewal_seconds=args["kubeconfig"]["early_renewal_seconds"],
            opts=child,
        )

        self.cluster_name = cluster.name
        self.kubeconfig = pulumi.Output.secret(kubeconfig.kubeconfig)
        self.instance_pool_id = nodepools[0].instance_pool_id
        self.provider = pulumi_kubernetes.Provider(
            name, kubeconfig=self.kubeconfig, cluster_identifier=cluster.id, opts=child
        )
        self.read_only_kubeconfig = None
        if args["read_only_kubeconfig"]:
            # here, so that previews of the many stacks without it don't load the rbac API
            from components.read_only_access import create_read_only_kubeconfig

            self.read_only_kubeconfig = create_read_only_kubeconfig(
                f"{name}-read-only",
                args["read_only_kubeconfig"],
                cluster=cluster,
                zone=zone,
                provider=self.provider,
                opts=child,
            )
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "kubeconfig": self.kubeconfig,
                "instance_pool_id": self.instance_pool_id,
            }
        )


def _cluster(name: str, args: SksClusterArgs, opts: pulumi.ResourceOptions) -> Cluster:
    """The control plane."""
    adopted = args["adopt"]["cluster"]
    audit = args["audit"]
    return Cluster(
        name,
        zone=args["zone"],
        version=args["version"],
        name=args["name"],
        description=args["description"],
        labels=args["labels"] or None,
        service_level=args["level"],
        cni="" if args["cni"] == "none" else args["cni"],
        enable_kube_proxy=args["kube_proxy"],
        exoscale_ccm=args["cloud_controller"],
        exoscale_csi=args["csi"],
        metrics_server=args["metrics_server"],
        auto_upgrade=args["auto_upgrade"],
        feature_gates=args["feature_gates"],
        audit={"enabled": True, **audit} if audit else None,
        oidc=args["oidc"],
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                replace_on_changes=IGNORED_ON_UPDATE,
                # with a name of its own, the provider would have the old one removed first, and
                # with it the credentials that remove what is on it
                delete_before_replace=False,
                hooks=refuse_cluster_updates(name),
                protect=args["protect"],
                import_=adopted and f"{adopted}@{args['zone']}",
                ignore_changes=["name"] if adopted and not args["name"] else None,
            ),
        ),
    )


def _nodepool_import_id(name: str, adopt: AdoptArgs, zone: str) -> str | None:
    pool = adopt["nodepools"].get(name)
    return pool and f"{adopt['cluster']}/{pool}@{zone}"
