"""Mistakes of a cluster that show when several of its keys are looked at together."""

from __future__ import annotations

from collections.abc import Iterator

from settings.cluster import ClusterSettings, ReadOnlyKubeconfigSettings
from settings.existing_cluster import ExistingClusterSettings
from settings.firewall import KUBELET_PORT, FirewallRuleSettings, is_open, port_range
from settings.mistakes import Mistake, rules
from settings.nodepool import ImageGarbageCollectionSettings, NodepoolSettings

GROUP_SIZE = 8
"""Instances of an anti-affinity group (Exoscale's limit)."""

TOO_SMALL = ("micro", "tiny")
"""Sizes of instances below 2 GB of memory, which SKS needs.

Source: community.exoscale.com, "Containers, Overview, Limitations", quoted in
exoscale/terraform-provider-exoscale, issue 447.
"""

LOCAL_STORAGE_DISK = 100
"""GiB of disk that local storage needs.

Source: exoscale/terraform-provider-exoscale v0.66.0, `storage_lvm` of `exoscale_sks_nodepool`.
"""


def renewal(kubeconfig: ReadOnlyKubeconfigSettings) -> Iterator[Mistake]:
    """It is renewed within its lifetime."""
    early, lifetime = kubeconfig.early_renewal_seconds, kubeconfig.ttl_seconds
    if early >= lifetime:
        yield Mistake(("earlyRenewalSeconds",), early, f"must be less than ttlSeconds, {lifetime}")


def add_ons(cluster: ClusterSettings) -> Iterator[Mistake]:
    """The CSI driver needs the cloud controller."""
    if cluster.csi and not cluster.cloud_controller:
        yield Mistake(("csi",), True, "must be false where cloudController is false")


def services(cluster: ClusterSettings) -> Iterator[Mistake]:
    """Somebody does kube-proxy's work."""
    if cluster.kube_proxy is False and cluster.cni == "calico":
        allowed = "must be true for calico, which does not do kube-proxy's work"
        yield Mistake(("kubeProxy",), False, allowed)


def node_ports(cluster: ClusterSettings) -> Iterator[Mistake]:
    """What is open is open by a setting."""
    yield from _open("nodePortSources", cluster.node_port_sources, cluster)


def ways_in(cluster: ClusterSettings) -> Iterator[Mistake]:
    """What is open is open by a setting."""
    for rule in cluster.firewall_rules:
        yield from _open("firewallRules", rule.sources, cluster)


def _open(key: str, networks: tuple[str, ...], cluster: ClusterSettings) -> Iterator[Mistake]:
    found = next(filter(is_open, networks), None)
    if found and not cluster.allow_open_networks:
        allowed = f"must not have {found}, unless cluster.allowOpenNetworks is true"
        yield Mistake((key,), networks, allowed)


def ports(rule: FirewallRuleSettings) -> Iterator[Mistake]:
    """Those that the protocol has, and not the kubelet's for everyone."""
    if rule.protocol == "ICMP" and rule.ports:
        yield Mistake(("ports",), rule.ports, "must not be given for ICMP")
    elif rule.protocol != "ICMP" and not rule.ports:
        yield Mistake(("ports",), None, "must be given for this protocol")
    elif rule.ports and any(map(is_open, rule.sources)):
        first, last = port_range(rule.ports)
        if first <= KUBELET_PORT <= last:
            allowed = f"must not have {KUBELET_PORT}, the kubelet's port, open to everyone"
            yield Mistake(("ports",), rule.ports, allowed)


def taints(cluster: ClusterSettings) -> Iterator[Mistake]:
    """There are nodes for any pod."""
    if all(pool.repelling_taints for pool in cluster.nodepools):
        allowed = "must have one without taints NoSchedule and NoExecute"
        yield Mistake(("nodepools",), [pool.name for pool in cluster.nodepools], allowed)


def hosts(pool: NodepoolSettings) -> Iterator[Mistake]:
    """An anti-affinity group has room for its nodes."""
    if pool.size > GROUP_SIZE and (pool.anti_affinity or pool.anti_affinity_groups):
        allowed = (
            f"must be {GROUP_SIZE} or less, as many as an anti-affinity group holds, unless"
            " antiAffinity is false and antiAffinityGroups empty"
        )
        yield Mistake(("size",), pool.size, allowed)


def memory(pool: NodepoolSettings) -> Iterator[Mistake]:
    """SKS takes the nodes."""
    family, _, size = pool.instance_type.partition(".")
    if size in TOO_SMALL:
        allowed = f"must be {family}.small or larger: SKS refuses smaller nodes"
        yield Mistake(("instanceType",), pool.instance_type, allowed)


def disk(pool: NodepoolSettings) -> Iterator[Mistake]:
    """It has room for local storage."""
    if pool.local_storage and pool.disk_size < LOCAL_STORAGE_DISK:
        allowed = f"must be {LOCAL_STORAGE_DISK} or more, unless localStorage is false"
        yield Mistake(("diskSize",), pool.disk_size, allowed)


def adopted(cluster: ClusterSettings) -> Iterator[Mistake]:
    """Nodepools that are in the file, of a cluster that is adopted too."""
    adopt, names = cluster.adopt, {pool.name for pool in cluster.nodepools}
    for name in (*adopt.nodepools, *adopt.anti_affinity_groups):
        if name not in names:
            allowed = f"must name nodepools of this file, which {name} is not"
            yield Mistake(("adopt",), adopt, allowed)
            return
    if adopt.nodepools and not adopt.cluster:
        yield Mistake(("adopt",), adopt, "must have the ID of the nodepools' cluster too")


def thresholds(collection: ImageGarbageCollectionSettings) -> Iterator[Mistake]:
    """The higher one is higher."""
    low, high = collection.low_threshold, collection.high_threshold
    if high <= low:
        yield Mistake(("highThreshold",), high, f"must be more than lowThreshold, {low}")


def way_in(existing: ExistingClusterSettings) -> Iterator[Mistake]:
    """There is one kubeconfig."""
    if bool(existing.kubeconfig) == bool(existing.stack):
        yield Mistake((), existing, "must have one of kubeconfig, stack")


RULES = (
    *rules(ExistingClusterSettings, way_in),
    *rules(ReadOnlyKubeconfigSettings, renewal),
    *rules(ClusterSettings, services, add_ons, node_ports, ways_in, taints, adopted),
    *rules(NodepoolSettings, hosts, memory, disk),
    *rules(FirewallRuleSettings, ports),
    *rules(ImageGarbageCollectionSettings, thresholds),
)
