"""An SKS cluster with its nodepools, firewall and kubeconfigs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes
from pulumiverse_exoscale import SecurityGroup, SksCluster as Cluster, SksKubeconfig, SksNodepool

from ..args.inputs import Input
from ..exoscale.deleted_volumes import volume_hook
from ..exoscale.display_name import display_name
from ..lifecycle.cluster_access import ClusterAccess
from .account.account_checks import AccountChecks
from .args import AdoptArgs, SksClusterArgs
from .control_plane import create_control_plane
from .firewall.rules import create_rules
from .nodepools.bounds import create_bounds_gate
from .nodepools.busy_nodepools import retry_while_busy
from .nodepools.drained_nodes import create_drain_gate
from .nodepools.live_sizes import Nodepools
from .nodepools.node_networks import node_networks
from .nodepools.nodepool import create_nodepool
from .nodepools.ready_nodes import create_ready_gate
from .nodepools.smaller_nodepools import drain_before_shrinking
from .unsupported_updates import (
    refuse_nodepool_updates,
)

if TYPE_CHECKING:
    from .autoscaler.args import ClusterAutoscalerArgs
    from .autoscaler.cluster_autoscaler import ClusterAutoscaler


class SksCluster(pulumi.ComponentResource):
    """A managed Kubernetes cluster with everything that its workloads need.

    Example:
        >>> workers = NodePoolArgs(name="workers", instance_type="standard.small", size=2)
        >>> cluster = SksClusterArgs(zone="ch-gva-2", version="1.36.5", nodepools=(workers,))
        >>> SksCluster("shop", cluster)

    Attributes:
        cluster: Exoscale's cluster, the control plane.
        security_group: the nodes' firewall.
        cluster_name: the name that Exoscale shows.
        kubeconfig: the program's credentials, as YAML. A secret.
        access: the same credentials, for requests of the program itself.
        read_only_kubeconfig: credentials with read access to everything except Secrets; None if the
            settings don't enable it. A secret.
        provider: the Kubernetes provider for resources in the cluster.
        options: options for resources in the cluster: the provider, and a dependency on nodes that
            are ready. These depend on all other parts of the cluster.
        nodepools: the nodepools, by their names in the settings.
        autoscaler: the `ClusterAutoscaler`; None if the settings don't enable it.
    """

    cluster: Cluster
    security_group: SecurityGroup
    cluster_name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    access: ClusterAccess
    read_only_kubeconfig: pulumi.Output[str] | None
    provider: pulumi_kubernetes.Provider
    options: pulumi.ResourceOptions
    nodepools: dict[str, SksNodepool]
    autoscaler: pulumi.ComponentResource | None

    def __init__(
        self,
        name: str,
        settings: SksClusterArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        labels: Mapping[str, Input[str]] = {},
        node_port_protocols: Sequence[str] = ("TCP",),
        deletes_volumes: bool = False,
    ) -> None:
        """Declares the cluster.

        Args:
            labels: labels at Exoscale, in addition to those of the settings.
            node_port_protocols: protocols that the networks in `node_port_sources` may use for
                NodePorts: `TCP`, `UDP` or both.
            deletes_volumes: whether volumes are deleted with their claims. Pulumi then deletes the
                nodes after the volumes, and `pulumi destroy` requires `--run-program`.
        """
        super().__init__("webapp:index:SksCluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone, adopt = settings.zone, settings.adopt

        checks = AccountChecks(name, settings)
        cluster = create_control_plane(
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
                # also for the anti-affinity group: if the cluster fails, Pulumi creates nothing
                opts=pulumi.ResourceOptions.merge(
                    child, pulumi.ResourceOptions(depends_on=[cluster])
                ),
            )
            for pool in settings.nodepools
        }

        sizes = Nodepools(cluster, zone=zone, kubeconfig=kubeconfig, seconds=settings.drain_seconds)
        self._ready = [
            create_ready_gate(
                f"{name}-{pool.name}",
                pool,
                nodepool=self.nodepools[pool.name],
                kubeconfig=kubeconfig,
                nodepools=sizes,
                autoscaler=settings.autoscaler is not None,
                seconds=settings.ready_seconds,
                opts=child,
            )
            for pool in settings.nodepools
        ]

        self.cluster, self.security_group, self.cluster_name = cluster, group, cluster.name
        self.kubeconfig = pulumi.Output.secret(kubeconfig.kubeconfig)
        self.access = ClusterAccess(self.kubeconfig)
        self.provider = pulumi_kubernetes.Provider(
            name, kubeconfig=self.kubeconfig, cluster_identifier=cluster.id, opts=child
        )
        self.options = pulumi.ResourceOptions(provider=self.provider, depends_on=self._ready)
        self.read_only_kubeconfig = None
        if settings.read_only_kubeconfig:
            # imported here, so that most stacks don't load the rbac API
            from .read_only_kubeconfig import create_read_only_kubeconfig

            self.read_only_kubeconfig = create_read_only_kubeconfig(
                f"{name}-read-only",
                settings.read_only_kubeconfig,
                cluster=cluster,
                zone=zone,
                provider=self.provider,
                opts=child,
            )
        self.autoscaler = None
        self._scaled: list[pulumi.Resource] = []
        if settings.autoscaler:
            autoscaler = self._create_autoscaler(name, settings, settings.autoscaler)
            self.autoscaler = autoscaler
            gate = create_bounds_gate(
                f"{name}-nodepool-bounds",
                settings.nodepools,
                declared=self.nodepools,
                nodepools=sizes,
                kubeconfig=kubeconfig,
                check_more_nodes=checks.check_more_nodes,
                seconds=settings.ready_seconds,
                opts=pulumi.ResourceOptions.merge(
                    child, pulumi.ResourceOptions(depends_on=[autoscaler.release])
                ),
            )
            self._scaled.append(gate)
        self.register_outputs({"cluster_name": self.cluster_name, "kubeconfig": self.kubeconfig})

        self._settings, self._kubeconfig = settings, kubeconfig

    def _create_autoscaler(
        self, name: str, settings: SksClusterArgs, autoscaler: ClusterAutoscalerArgs
    ) -> ClusterAutoscaler:
        # imported here, so that most stacks don't load the APIs for it
        from .autoscaler.cluster_autoscaler import ClusterAutoscaler

        return ClusterAutoscaler(
            f"{name}-autoscaler",
            autoscaler,
            zone=settings.zone,
            version=settings.version,
            pools=settings.nodepools,
            nodepools=self.nodepools,
            access=self.access,
            opts=pulumi.ResourceOptions.merge(self.options, pulumi.ResourceOptions(parent=self)),
        )

    def node_networks(self) -> pulumi.Output[list[str]]:
        """Returns the public address of each node as a network (CIDR).

        The output is known after the nodepools exist. It includes nodes of nodepools that are about
        to be replaced, because all are in the same security group. In a preview, it is unknown if
        the update changes the number of nodes.
        """
        settings = self._settings
        return node_networks(settings.zone, settings.nodepools, self.nodepools, self.security_group)

    def drain_removed_nodepools(
        self,
        after: Sequence[pulumi.Resource],
        services: Collection[str],
        name: str | None = None,
    ) -> None:
        """Drains nodepools that an update replaces or removes, before Pulumi deletes them.

        This is a call of its own because what uses the nodes is declared after the cluster.

        Args:
            after: resources that use the nodes. They move to other nodes first. They must depend
                on the cluster by its `options`, not on all its parts, of which this is the last.
            services: `NAMESPACE/NAME` of the Services with a load balancer.
            name: the name in the program. Default: the cluster's, with `-nodepools`.
        """
        create_drain_gate(
            name or f"{self.pulumi_resource_name}-nodepools",
            self.nodepools,
            kubeconfig=self._kubeconfig,
            zone=self._settings.zone,
            services=services,
            seconds=self._settings.drain_seconds,
            opts=pulumi.ResourceOptions(
                parent=self,
                aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)],  # in earlier versions
                depends_on=[*self._ready, *self._scaled, *after],
            ),
        )


def _merged(*hooks: pulumi.ResourceHookBinding) -> pulumi.ResourceHookBinding:
    return reduce(pulumi.ResourceHookBinding.merge, hooks)


def _nodepool_import_id(name: str, adopt: AdoptArgs, zone: str) -> str | None:
    pool = adopt.nodepools.get(name)
    return pool and f"{adopt.cluster}/{pool}@{zone}"
