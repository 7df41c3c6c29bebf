"""What is asked of SKS, and why it may fail."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

CCM_ADDON = "exoscale-cloud-controller"
CSI_ADDON = "exoscale-container-storage-interface"
METRICS_ADDON = "metrics-server"

INSTANCE_NETWORKS = ("198.51.100.0/24", "192.0.2.0/24")
"""Where instances, so nodes, have their public addresses: of documentation ranges (RFC 5737)."""
CLIENT = "169.254.87.1"
"""What nodes that run containers see as the address of whoever is on the host, and no node."""
HEALTH_CHECKS = "169.254.87.2"
"""What they see as the address of load balancers' health checks."""
TUNNEL = "169.254.87.3"
"""What they see as the address of the control plane. On SKS konnectivity carries its connections
to an agent, a pod of some node, which makes them."""


class SksError(Exception):
    """A cluster operation failed; the message is the reason, fit for a user's eyes."""


class CloudError(Exception):
    """What the cloud controller could not do, in the words of its Event."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Where the API server sends its audit log; `initial_backoff` is a duration of Go's (10s)."""

    endpoint: str
    bearer_token: str = field(repr=False)
    initial_backoff: str


@dataclass(frozen=True, kw_only=True)
class Oidc:
    """OpenID Connect: with the meaning and the defaults of kube-apiserver's `--oidc-*` flags."""

    client_id: str
    issuer_url: str
    username_claim: str = "sub"
    username_prefix: str = ""
    groups_claim: str = ""
    groups_prefix: str = ""
    required_claim: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Networking:
    """A cluster's own networks: one CIDR, or two with a comma between; masks by IP version."""

    pods: str = "192.168.0.0/16"
    services: str = "10.96.0.0/12"
    node_mask_ipv4: int | None = None
    node_mask_ipv6: int | None = None


@dataclass(frozen=True, kw_only=True)
class ClusterSpec:
    """A control plane as the Exoscale API knows it; `addons` are Exoscale's, `cni` may be none."""

    name: str
    version: str
    zone: str
    addons: Sequence[str] = ()
    feature_gates: Sequence[str] = ()
    cni: str | None = None
    kube_proxy: bool = True
    audit: Audit | None = None
    oidc: Oidc | None = None
    networking: Networking = Networking()


@dataclass(frozen=True)
class Opening:
    """What the security groups of an instance let in, by one of their rules.

    `protocol` is as in Exoscale's API, `sources` are networks (CIDR) or addresses. TCP and UDP have
    `ports`, from the first to the last; ICMP has `icmp`, its type and code, each -1 for any.
    """

    protocol: str
    sources: tuple[str, ...]
    ports: tuple[int, int] | None = None
    icmp: tuple[int, int] | None = None

    def has(self, protocol: str, port: int) -> bool:
        """Whether the port is open to someone."""
        first, last = self.ports or (0, -1)
        return self.protocol == protocol and first <= port <= last

    def admits(self, address: str) -> bool:
        """Whether it is open to the address."""
        return any(ip_address(address) in ip_network(source) for source in self.sources)


@dataclass(frozen=True)
class NodepoolSpec:
    """A nodepool as the Exoscale API knows it; `node_names` has `size` names.

    `instance_ids` and `addresses` are the UUIDs and public addresses of the nodes' instances, in
    the order of `node_names`; without `addresses`, nodes have no address. `taints` maps a key to
    "value:Effect", as Exoscale's API has it. Nodes of the instances in `unready` are kept from
    becoming Ready; `boot_seconds` says of instances how long theirs take to become so, where that
    is not the default. `version` is the kubelet's, of nodes that are yet to be made.
    """

    id: str
    name: str
    size: int
    instance_pool_id: str
    version: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Mapping[str, str] = field(default_factory=dict)
    cpus: int = 2
    memory_bytes: int = 2 * 1024**3
    disk_gib: int = 50
    max_pods: int = 110
    node_names: Sequence[str] = ()
    instance_ids: Sequence[str] = ()
    addresses: Sequence[Sequence[str]] = ()
    instance_type: str = "standard.small"
    unready: Set[str] = frozenset()
    boot_seconds: Mapping[str, float] = field(default_factory=dict)
