"""The settings of the SKS cluster that a stack creates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ..args.inputs import Input, SecretInput
from ..args.problem import Problem
from ..args.types import (
    NOT_EMPTY,
    Address,
    Args,
    Description,
    DnsLabel,
    Duration,
    Identifier,
    Network,
    Version,
    Zone,
    defaults_of,
    matches,
)
from .firewall.args import SEPARATE, FirewallRuleArgs, is_open, node_ports_rule
from .nodepools.args import NodePoolArgs

FeatureGate = Annotated[
    StrictStr, matches(r"[A-Z][A-Za-z0-9]*", "a feature gate", "DynamicResourceAllocation")
]
Claim = Annotated[StrictStr, Field(min_length=1, max_length=255, examples=["deployers"])]


class ReadOnlyKubeconfigArgs(Args):
    """A kubeconfig for people. It allows reading everything except Secrets, and no changes."""

    user: Claim = "reader"
    """The user's name in the audit log."""
    ttl_seconds: StrictInt = Field(default=30 * 24 * 3600, ge=60)
    """Lifetime in seconds. Default: 30 days."""
    early_renewal_seconds: StrictInt = Field(default=7 * 24 * 3600, ge=0)
    """`pulumi up` renews the kubeconfig this many seconds before it expires. Default: 7 days, for
    stacks that are rarely deployed."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a kubeconfig that would be renewed all the time."""
        early, lifetime = self.early_renewal_seconds, self.ttl_seconds
        if early >= lifetime:
            yield Problem(
                ("earlyRenewalSeconds",), early, f"must be less than ttlSeconds, {lifetime}"
            )


class KubeconfigArgs(ReadOnlyKubeconfigArgs):
    """The kubeconfig that the program itself uses."""

    user: Claim = "pulumi"
    """The user's name in the audit log."""
    groups: Annotated[tuple[Claim, ...], *NOT_EMPTY] = ("system:masters",)
    """The user's groups. Default: `system:masters`, which allows everything. The program needs
    that."""


class AuditArgs(Args):
    """The destination of the Kubernetes API server's audit log."""

    endpoint: Address = Field(max_length=2000)
    """URL that receives the audit log."""
    bearer_token: SecretInput
    """Bearer token that authenticates the API server to the endpoint."""
    initial_backoff: Duration = Field(default="10s", max_length=10)
    """Wait before the first retry of a failed request. Default: the API server's own."""


class OidcArgs(Args):
    """An OpenID Connect provider whose users can sign in to the cluster."""

    client_id: Claim = Field(examples=["kubernetes"])
    """The client ID that tokens must be issued for."""
    issuer_url: Annotated[
        StrictStr,
        Field(max_length=255),
        matches(
            r"https://\S+", "an address that starts with https://", "https://login.example.com"
        ),
    ]
    """URL of the provider."""
    groups_claim: Claim | None = Field(default=None, examples=["groups"])
    """Claim that contains the user's groups."""
    groups_prefix: Claim | None = Field(default=None, examples=["oidc:"])
    """Prefix of the groups' names."""
    required_claim: Mapping[Claim, Claim] | None = Field(default=None, examples=[{"team": "shop"}])
    """Claims that a token must contain, name to value."""
    username_claim: Claim | None = Field(default=None, examples=["email"])
    """Claim that contains the user's name."""
    username_prefix: Claim | None = Field(default=None, examples=["oidc:"])
    """Prefix of the user's name."""


class AdoptArgs(Args):
    """IDs of existing objects that this stack takes over."""

    cluster: Identifier | None = None
    """ID of the cluster."""
    security_group: Identifier | None = None
    """ID of the nodes' security group."""
    nodepools: Mapping[DnsLabel, Identifier] = Field(default_factory=dict)
    """IDs of the node pools, by their names in this file."""
    anti_affinity_groups: Mapping[DnsLabel, Identifier] = Field(default_factory=dict)
    """IDs of the node pools' own anti-affinity groups, by the node pools' names in this file."""


class SksClusterArgs(Args):
    """An SKS cluster."""

    zone: Zone
    """Exoscale zone. A change replaces the cluster."""
    version: Version
    """Kubernetes version in full; `exo compute sks versions` lists them. To upgrade, set a newer
    one of the same or the next minor version: the control plane is upgraded, then node pools are
    replaced."""
    name: Annotated[StrictStr, Field(min_length=1, max_length=255, examples=["shop"])] | None = None
    """Name that Exoscale shows. Default: the stack's name with a suffix."""
    description: Description | None = None
    """Description that Exoscale shows."""
    labels: Mapping[Claim, Input[Claim]] = Field(default_factory=dict, examples=[{"team": "shop"}])
    """Labels at Exoscale, name to value."""
    level: Literal["starter", "pro"] = "starter"
    """Service level of the control plane. `starter` is free and has no SLA. A change replaces the
    cluster."""
    cni: Literal["calico", "cilium", "none"] = "calico"
    """Network plugin. With `none`, you install one yourself. A change replaces the cluster."""
    kube_proxy: StrictBool | None = None
    """Whether kube-proxy runs. Default: true, except with cilium, which replaces kube-proxy."""
    cloud_controller: StrictBool = True
    """Whether Exoscale's cloud controller runs, which creates load balancers for Services. A change
    replaces the cluster."""
    csi: StrictBool = False
    """Whether Exoscale's CSI driver runs, which creates block storage volumes. Requires
    cloudController. It can't be turned off again."""
    metrics_server: StrictBool = True
    """Whether the metrics server runs, for `kubectl top` and autoscaling. A change replaces the
    cluster."""
    auto_upgrade: StrictBool = False
    """Whether Exoscale upgrades the control plane to new patch versions. After `pulumi refresh`,
    set `version` to the version that runs. Default: only a change of `version` upgrades it."""
    feature_gates: tuple[FeatureGate, ...] = ()
    """Kubernetes feature gates to turn on."""
    audit: AuditArgs | None = None
    """Destination of the API server's audit log. Default: none."""
    oidc: OidcArgs | None = None
    """Sign-in by OpenID Connect. A change replaces the cluster."""
    allow_open_networks: StrictBool = False
    """Whether nodePortSources and firewallRules may contain networks wider than /8 (IPv6: /16),
    such as the whole internet. Rejected by default."""
    node_port_sources: Annotated[tuple[Network, ...], SEPARATE] = ()
    """Networks (CIDR) that may reach the NodePorts. Required with an ingress controller or a load
    balancer: these forward packets to NodePorts with the clients' addresses, so list the clients'
    networks. UDP is open only if the Service of an application has a UDP port."""
    firewall_rules: tuple[FirewallRuleArgs, ...] = ()
    """Firewall rules of the nodes, in addition to those that the cluster needs."""
    nodepools: Annotated[tuple[NodePoolArgs, ...], *NOT_EMPTY]
    """Node pools. Load balancers send traffic to the first one without a NoSchedule or NoExecute
    taint, unless `nodepool` names another."""
    ready_seconds: StrictInt = Field(default=900, ge=1)
    """Timeout in seconds for new nodes to become Ready. `pulumi up` fails after it."""
    drain_seconds: StrictInt = Field(default=900, ge=1)
    """Timeout in seconds for draining the nodes of a node pool that is replaced, removed or made
    smaller. Draining respects disruption budgets. After the timeout, `pulumi up` fails and deletes
    no node."""
    kubeconfig: KubeconfigArgs = defaults_of(KubeconfigArgs)
    """The kubeconfig that this program uses."""
    read_only_kubeconfig: ReadOnlyKubeconfigArgs | None = None
    """A second, read-only kubeconfig for people: the output `read_only_kubeconfig`."""
    protect: StrictBool = False
    """Whether the cluster is protected from deletion and replacement."""
    adopt: AdoptArgs = defaults_of(AdoptArgs)
    """Existing objects that this stack takes over."""

    @property
    def nodes(self) -> int:
        """Number of nodes in all node pools."""
        return sum(pool.size for pool in self.nodepools)

    def nodepool(self, name: str | None) -> NodePoolArgs:
        """Returns the node pool of that name, or by default the first where any pod can run."""
        return next(
            pool
            for pool in self.nodepools
            if (pool.name == name if name else not pool.repelling_taints)
        )

    def problems(self) -> Iterator[Problem]:
        """Yields problems with add-ons, open networks, taints and adopted objects."""
        if self.kube_proxy is False and self.cni == "calico":
            message = "must be true with calico, which does not replace kube-proxy"
            yield Problem(("kubeProxy",), False, message)
        if self.csi and not self.cloud_controller:
            yield Problem(("csi",), True, "must be false if cloudController is false")
        yield from self._open_networks("nodePortSources", self.node_port_sources)
        for index, rule in enumerate(self.firewall_rules):
            yield from self._open_networks("firewallRules", rule.sources)
            if rule.name == node_ports_rule("TCP") and {*rule.sources} & {*self.node_port_sources}:
                message = "must not be the name of the rules for nodePortSources"
                yield Problem(("firewallRules", index, "name"), rule.name, message)
        if all(pool.repelling_taints for pool in self.nodepools):
            message = "must contain one without NoSchedule and NoExecute taints"
            yield Problem(("nodepools",), [pool.name for pool in self.nodepools], message)
        yield from self._problems_of_adopt()

    def _open_networks(self, key: str, networks: tuple[str, ...]) -> Iterator[Problem]:
        found = next(filter(is_open, networks), None)
        if found and not self.allow_open_networks:
            message = f"must not contain {found}, unless cluster.allowOpenNetworks is true"
            yield Problem((key,), networks, message)

    def _problems_of_adopt(self) -> Iterator[Problem]:
        adopt, names = self.adopt, {pool.name for pool in self.nodepools}
        for name in (*adopt.nodepools, *adopt.anti_affinity_groups):
            if name not in names:
                message = f"must contain only nodepools of this file; {name} is not one of them"
                yield Problem(("adopt",), adopt, message)
                return
        if adopt.nodepools and not adopt.cluster:
            yield Problem(("adopt",), adopt, "must also contain the ID of the nodepools' cluster")
