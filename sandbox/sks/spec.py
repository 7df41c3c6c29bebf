"""The specifications of clusters and nodepools, and the errors of their operations."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_address, ip_network

CCM_ADDON = "exoscale-cloud-controller"
CSI_ADDON = "exoscale-container-storage-interface"
METRICS_ADDON = "metrics-server"

INSTANCE_NETWORKS = ("198.51.100.0/24", "192.0.2.0/24")
"""Networks of the public addresses of instances: documentation ranges (RFC 5737)."""
PUBLIC_NETWORK = "203.0.113.0/24"
"""Network of the account's other public addresses, a documentation range too. If nodes run
containers, all its addresses are the host's: the sandbox's servers listen on some of them."""
LOAD_BALANCERS = IPv4Network("203.0.113.0/25")
"""The addresses of load balancers: a part of PUBLIC_NETWORK."""
CLIENT = "169.254.87.1"
"""Source address of connections from the host to nodes that run containers."""
HEALTH_CHECKS = "169.254.87.2"
"""Source address of the load balancers' health checks of such nodes."""
TUNNEL = "169.254.87.3"
"""Source address of the control plane's connections to such nodes. On SKS, konnectivity forwards
these connections to an agent, a pod on one of the nodes, which opens them."""


class SksError(Exception):
    """A cluster operation failed; the message is shown to the user."""


class CloudError(Exception):
    """An operation of the cloud controller failed; the message is that of its Event."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The receiver of the API server's audit log; `initial_backoff` is a Go duration (10s)."""

    endpoint: str
    bearer_token: str = field(repr=False)
    initial_backoff: str


@dataclass(frozen=True, kw_only=True)
class Oidc:
    """OpenID Connect settings, with the defaults of kube-apiserver's `--oidc-*` flags."""

    client_id: str
    issuer_url: str
    username_claim: str = "sub"
    username_prefix: str = ""
    groups_claim: str = ""
    groups_prefix: str = ""
    required_claim: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Networking:
    """A cluster's networks: each is one CIDR, or two separated by a comma; masks by IP version."""

    pods: str = "192.168.0.0/16"
    services: str = "10.96.0.0/12"
    node_mask_ipv4: int | None = None
    node_mask_ipv6: int | None = None


@dataclass(frozen=True, kw_only=True)
class ClusterSpec:
    """A control plane, with the settings of the Exoscale API. `addons` has Exoscale's names."""

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
    """The traffic that one rule of an instance's security groups allows.

    Attributes:
        protocol: the protocol, as in Exoscale's API.
        sources: networks (CIDR) or addresses.
        ports: for TCP and UDP, the first and the last port.
        icmp: for ICMP, the type and the code; -1 means any.
    """

    protocol: str
    sources: tuple[str, ...]
    ports: tuple[int, int] | None = None
    icmp: tuple[int, int] | None = None

    def has(self, protocol: str, port: int) -> bool:
        """Returns whether the port is open to any source."""
        first, last = self.ports or (0, -1)
        return self.protocol == protocol and first <= port <= last

    def admits(self, address: str) -> bool:
        """Returns whether `address` is one of the sources."""
        return any(ip_address(address) in ip_network(source) for source in self.sources)


@dataclass(frozen=True)
class NodepoolSpec:
    """A nodepool, with the settings of the Exoscale API.

    Attributes:
        version: the kubelet's version on new nodes.
        taints: "value:Effect" by key, as in Exoscale's API.
        node_names: `size` names.
        instance_ids: the UUIDs of the nodes' instances, in the order of `node_names`.
        addresses: the public addresses of the instances, in the same order. If it is empty, nodes
            have no address.
        unready: instances whose nodes don't become Ready.
        boot_seconds: the time until the node of an instance is Ready, if it is not the default.
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
