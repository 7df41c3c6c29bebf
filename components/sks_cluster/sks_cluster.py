"""An SKS cluster with its nodepools, firewall and kubeconfigs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from typing import Any

import pulumi
import pulumi_kubernetes
from pulumiverse_exoscale import SecurityGroup, SksCluster as Cluster, SksKubeconfig, SksNodepool

from ..exoscale.deleted_volumes import volume_hook
from ..exoscale.display_name import display_name
from ..exoscale.provider_functions import INSTANCE_POOLS, invoke_provider
from ..lifecycle.cluster_access import ClusterAccess
from .account.account_checks import AccountChecks
from .args import AdoptArgs, AuditArgs, OidcArgs, SksClusterArgs
from .firewall.rules import create_rules
from .left_clusters import warn_of_orphaned_clusters
from .nodepools.busy_nodepools import retry_while_busy
from .nodepools.drained_nodes import create_drain_gate
from .nodepools.nodepool import create_nodepool
from .nodepools.ready_nodes import create_ready_gate
from .nodepools.smaller_nodepools import drain_before_shrinking
from .unsupported_updates import (
    refuse_cluster_updates,
    refuse_nodepool_updates,
)

IGNORED_ON_UPDATE = ["addons", "cni", "exoscaleCcm", "metricsServer", "serviceLevel"]
"""Inputs whose change the provider (0.66) shows as an update and then does not make.

`oidc` is another one. It has a replacement trigger instead: the provider does not show that it is
taken out, and shows `oidc.requiredClaim` as added where it is not given.

Source: exoscale/terraform-provider-exoscale v0.66.0, `resource_exoscale_sks_cluster.go`, Update.
"""


class SksCluster(pulumi.ComponentResource):
    """A managed Kubernetes cluster and all that its workloads need.

    Example:
        >>> workers = NodePoolArgs(name="workers", instance_type="standard.small", size=2)
        >>> cluster = SksClusterArgs(zone="ch-gva-2", version="1.36.5", nodepools=(workers,))
        >>> SksCluster("shop", cluster)

    Attributes:
        cluster_name: the name that Exoscale shows.
        kubeconfig: the program's credentials, as YAML. A secret.
        access: the same, for what asks the API server itself.
        read_only_kubeconfig: credentials that show everything but Secrets and change nothing,
            if asked for. A secret.
        provider: the Kubernetes provider for what runs on the cluster.
        options: the options of what runs on the cluster: its provider, and the nodes that have to
            be ready before. Everything else that the cluster consists of comes before those.
        nodepools: the nodepools by the names that the settings give them.
    """

    cluster_name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    access: ClusterAccess
    read_only_kubeconfig: pulumi.Output[str] | None
    provider: pulumi_kubernetes.Provider
    options: pulumi.ResourceOptions
    nodepools: dict[str, SksNodepool]

    def __init__(
        self,
        name: str,
        settings: SksClusterArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        labels: Mapping[str, str] = {},
        node_port_protocols: Sequence[str] = ("TCP",),
        deletes_volumes: bool = False,
    ) -> None:
        """Declare the cluster.

        Args:
            labels: Exoscale's labels, beside those of the settings.
            node_port_protocols: what the networks in `node_port_sources` may speak to NodePorts:
                `TCP`, `UDP` or both.
            deletes_volumes: whether volumes are deleted with their claims. The nodes are then
                deleted after the volumes, and `pulumi destroy` needs `--run-program`.
        """
        super().__init__("webapp:index:SksCluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone, adopt = settings.zone, settings.adopt

        checks = AccountChecks(name, settings)
        cluster = _cluster(
            name, settings, checks.cluster_hooks(), {**labels, **settings.labels}, child
        )
        group = SecurityGroup(
            name,
            description=f"Nodes of {display_name()}",
            opts=pulumi.ResourceOptions(
                parent=self,
                hooks=checks.group_hooks(),
                import_=adopt.security_group,
                ignore_changes=["name", "description"] if adopt.security_group else ["description"],
            ),
        )
        rules = create_rules(
            name,
            group,
            cni=settings.cni,
            node_port_sources=settings.node_port_sources,
            node_port_protocols=node_port_protocols,
            firewall_rules=settings.firewall_rules,
            opts=child,
        )
        kubeconfig = SksKubeconfig(
            name,
            cluster_id=cluster.id,
            zone=zone,
            user=settings.kubeconfig.user,
            groups=settings.kubeconfig.groups,
            ttl_seconds=settings.kubeconfig.ttl_seconds,
            early_renewal_seconds=settings.kubeconfig.early_renewal_seconds,
            opts=child,
        )
        nodepool_hooks = _merged(
            checks.nodepool_hooks(),
            refuse_nodepool_updates(name),
            drain_before_shrinking(
                name, zone=zone, kubeconfig=kubeconfig, seconds=settings.drain_seconds
            ),
        )
        nodepool_hooks.on_error = [retry_while_busy(name)]
        volumes = volume_hook(name, kubeconfig.kubeconfig)
        if deletes_volumes:
            nodepool_hooks.before_delete = [volumes]
        self.nodepools = {
            pool.name: create_nodepool(
                f"{name}-{pool.name}",
                pool,
                cluster=cluster,
                zone=zone,
                version=settings.version,
                group=group,
                rules=rules,
                import_id=_nodepool_import_id(pool.name, adopt, zone),
                anti_affinity_import_id=adopt.anti_affinity_groups.get(pool.name),
                hooks=nodepool_hooks,
                kubeconfig=kubeconfig,
                # its anti-affinity group too: if there is no cluster, there is nothing
                opts=pulumi.ResourceOptions.merge(
                    child, pulumi.ResourceOptions(depends_on=[cluster])
                ),
            )
            for pool in settings.nodepools
        }

        ready = [
            create_ready_gate(
                f"{name}-{pool.name}",
                pool,
                nodepool=self.nodepools[pool.name],
                kubeconfig=kubeconfig,
                seconds=settings.ready_seconds,
                opts=child,
            )
            for pool in settings.nodepools
        ]

        self.cluster_name = cluster.name
        self.kubeconfig = pulumi.Output.secret(kubeconfig.kubeconfig)
        self.access = ClusterAccess(self.kubeconfig)
        self.provider = pulumi_kubernetes.Provider(
            name, kubeconfig=self.kubeconfig, cluster_identifier=cluster.id, opts=child
        )
        self.options = pulumi.ResourceOptions(provider=self.provider, depends_on=ready)
        self.read_only_kubeconfig = None
        if settings.read_only_kubeconfig:
            # here, so that previews of the many stacks without it don't load the rbac API
            from .read_only_kubeconfig import create_read_only_kubeconfig

            self.read_only_kubeconfig = create_read_only_kubeconfig(
                f"{name}-read-only",
                settings.read_only_kubeconfig,
                cluster=cluster,
                zone=zone,
                provider=self.provider,
                opts=child,
            )
        self.register_outputs({"cluster_name": self.cluster_name, "kubeconfig": self.kubeconfig})

        self._settings, self._group, self._kubeconfig = settings, group, kubeconfig

    def node_networks(self) -> pulumi.Output[list[str]]:
        """The public address of each node as a network, once the nodepools are there.

        Those of a nodepool that is about to be replaced are among them: all have the same group. A
        preview does not know them where the same update changes how many nodes there are.
        """
        zone = self._settings.zone

        async def networks(known: Sequence[Any]) -> Any:
            group, *own = known
            return _networks_if_known(
                group, own, (await invoke_provider(INSTANCE_POOLS, zone=zone))["pools"]
            )

        own = (
            pulumi.Output.all(nodepool.instance_pool_id, nodepool.size)
            for nodepool in self.nodepools.values()
        )
        return pulumi.Output.all(self._group.id, *own).apply(networks)

    def drain_removed_nodepools(
        self, after: Sequence[pulumi.Resource], services: Collection[str]
    ) -> None:
        """Have nodepools that an update replaces or leaves out drained before they are deleted.

        Args:
            after: all that uses the nodes: it moves first.
            services: `NAMESPACE/NAME` of the Services with a load balancer.
        """
        create_drain_gate(
            "nodepools",
            self.nodepools,
            kubeconfig=self._kubeconfig,
            zone=self._settings.zone,
            services=services,
            seconds=self._settings.drain_seconds,
            opts=pulumi.ResourceOptions(depends_on=[self, *after]),
        )


def _networks_if_known(
    group: str, own: Sequence[tuple[str, int]], pools: Sequence[Mapping[str, Any]]
) -> Any:
    """The networks of the nodes; unknown where a preview's update brings or takes some.

    Args:
        own: IDs of the instance pools of the stack's nodepools, and how many nodes each will have.
    """
    there = {pool["id"]: len(pool["instances"]) for pool in pools}
    if pulumi.runtime.is_dry_run() and any(there.get(pool) != size for pool, size in own):
        return pulumi.UNKNOWN
    return _networks(group, pools)


def _networks(group: str, pools: Sequence[Mapping[str, Any]]) -> list[str]:
    """The addresses of the pools' instances that are in the security group."""
    return sorted(
        f"{instance['publicIpAddress']}/32"
        for pool in pools
        if group in pool["securityGroupIds"]
        for instance in pool["instances"]
    )


def _cluster(
    name: str,
    settings: SksClusterArgs,
    offered: pulumi.ResourceHookBinding,
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> Cluster:
    """The control plane."""
    adopted = settings.adopt.cluster
    oidc = _oidc(settings.oidc) if settings.oidc else None
    return Cluster(
        name,
        zone=settings.zone,
        version=settings.version,
        name=settings.name,
        description=settings.description or "",
        labels=labels or None,
        service_level=settings.level,
        cni="" if settings.cni == "none" else settings.cni,
        enable_kube_proxy=settings.kube_proxy,
        exoscale_ccm=settings.cloud_controller,
        exoscale_csi=settings.csi,
        metrics_server=settings.metrics_server,
        auto_upgrade=settings.auto_upgrade,
        feature_gates=settings.feature_gates,
        audit=_audit(settings.audit) if settings.audit else None,
        oidc=oidc,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                replace_on_changes=IGNORED_ON_UPDATE,
                # never null: Pulumi compares no null trigger
                replacement_trigger=oidc or {},
                # with a name of its own, the provider would have the old one removed first, and
                # with it the credentials that remove what is on it
                delete_before_replace=False,
                hooks=_merged(
                    refuse_cluster_updates(name, settings.zone),
                    offered,
                    warn_of_orphaned_clusters(name, settings.zone, settings.name),
                ),
                protect=settings.protect,
                import_=adopted and f"{adopted}@{settings.zone}",
                # what an adopted cluster has, and the settings do not mention, stays
                ignore_changes=[
                    key
                    for key, value in {
                        "name": settings.name,
                        "description": settings.description,
                        "labels": labels,
                    }.items()
                    if adopted and not value
                ],
            ),
        ),
    )


def _merged(*hooks: pulumi.ResourceHookBinding) -> pulumi.ResourceHookBinding:
    return reduce(pulumi.ResourceHookBinding.merge, hooks)


def _audit(audit: AuditArgs) -> dict[str, Any]:
    return {
        "enabled": True,
        "endpoint": audit.endpoint,
        "bearer_token": pulumi.Output.secret(audit.bearer_token.get_secret_value()),
        "initial_backoff": audit.initial_backoff,
    }


def _oidc(oidc: OidcArgs) -> dict[str, Any]:
    """What is given of it."""
    given = {
        "client_id": oidc.client_id,
        "issuer_url": oidc.issuer_url,
        "groups_claim": oidc.groups_claim,
        "groups_prefix": oidc.groups_prefix,
        "required_claim": oidc.required_claim,
        "username_claim": oidc.username_claim,
        "username_prefix": oidc.username_prefix,
    }
    return {key: value for key, value in given.items() if value is not None}


def _nodepool_import_id(name: str, adopt: AdoptArgs, zone: str) -> str | None:
    pool = adopt.nodepools.get(name)
    return pool and f"{adopt.cluster}/{pool}@{zone}"
