"""The settings of the SKS cluster that a stack creates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ..args.problem import Problem
from ..args.secret import Secret
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
from .firewall.args import SEPARATE, FirewallRuleArgs, is_open
from .nodepools.args import NodePoolArgs

FeatureGate = Annotated[
    StrictStr, matches(r"[A-Z][A-Za-z0-9]*", "a feature gate", "DynamicResourceAllocation")
]
Claim = Annotated[StrictStr, Field(min_length=1, max_length=255, examples=["deployers"])]


class ReadOnlyKubeconfigArgs(Args):
    """A kubeconfig for people: it shows all but Secrets, and changes nothing."""

    user: Claim = "reader"
    """The user's name in the audit log."""
    ttl_seconds: StrictInt = Field(default=30 * 24 * 3600, ge=60)
    """Its lifetime, in seconds. A month: long enough to work, short enough to be lost."""
    early_renewal_seconds: StrictInt = Field(default=7 * 24 * 3600, ge=0)
    """So many seconds before its end an `up` renews it. A week: for stacks that are seldom run."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a kubeconfig that would be renewed all the time."""
        early, lifetime = self.early_renewal_seconds, self.ttl_seconds
        if early >= lifetime:
            yield Problem(
                ("earlyRenewalSeconds",), early, f"must be less than ttlSeconds, {lifetime}"
            )


class KubeconfigArgs(ReadOnlyKubeconfigArgs):
    """The credentials that the program itself works with."""

    user: Claim = "pulumi"
    """The user's name in the audit log."""
    groups: Annotated[tuple[Claim, ...], *NOT_EMPTY] = ("system:masters",)
    """The user's groups. The default may do everything, as the program has to."""


class AuditArgs(Args):
    """Where the Kubernetes API server sends its audit log."""

    endpoint: Address = Field(max_length=2000)
    """Address that takes the log."""
    bearer_token: Secret
    """The token that is sent with it."""
    initial_backoff: Duration = Field(default="10s", max_length=10)
    """First wait before a request is repeated. The default is the API server's."""


class OidcArgs(Args):
    """An OpenID Connect provider whose users can sign in."""

    client_id: Claim = Field(examples=["kubernetes"])
    """The client that tokens must be for."""
    issuer_url: Annotated[
        StrictStr,
        Field(max_length=255),
        matches(
            r"https://\S+", "an address that starts with https://", "https://login.example.com"
        ),
    ]
    """The provider's address."""
    groups_claim: Claim | None = Field(default=None, examples=["groups"])
    """The claim with the user's groups."""
    groups_prefix: Claim | None = Field(default=None, examples=["oidc:"])
    """What the groups' names get in front."""
    required_claim: dict[Claim, Claim] | None = Field(default=None, examples=[{"team": "shop"}])
    """Claims that a token must have, name to value."""
    username_claim: Claim | None = Field(default=None, examples=["email"])
    """The claim with the user's name."""
    username_prefix: Claim | None = Field(default=None, examples=["oidc:"])
    """What the user's name gets in front."""


class AdoptArgs(Args):
    """IDs of what was made by hand and is this stack's from now on."""

    cluster: Identifier | None = None
    """The cluster's."""
    security_group: Identifier | None = None
    """The ID of the nodes' security group."""
    nodepools: dict[DnsLabel, Identifier] = Field(default_factory=dict)
    """The nodepools', by their names in this file."""
    anti_affinity_groups: dict[DnsLabel, Identifier] = Field(default_factory=dict)
    """Those of the nodepools' own groups, by the nodepools' names in this file."""


class SksClusterArgs(Args):
    """An SKS cluster."""

    zone: Zone
    """Where it is. A change replaces it."""
    version: Version
    """Kubernetes version, in full; `exo compute sks versions` lists them. A newer one, of this
    minor version or the next, upgrades the control plane, then replaces the nodepools."""
    name: Annotated[StrictStr, Field(min_length=1, max_length=255, examples=["shop"])] | None = None
    """Name that Exoscale shows. Without it: the stack's, with a suffix."""
    description: Description | None = None
    """Text that Exoscale shows."""
    labels: dict[Claim, Claim] = Field(default_factory=dict, examples=[{"team": "shop"}])
    """Exoscale's labels, name to value."""
    level: Literal["starter", "pro"] = "starter"
    """Service level of the control plane: starter is free and has no SLA. A change replaces the
    cluster."""
    cni: Literal["calico", "cilium", "none"] = "calico"
    """Network plugin; with none you install one. A change replaces the cluster."""
    kube_proxy: StrictBool | None = None
    """Whether kube-proxy runs. Without it: not with cilium, which does its work."""
    cloud_controller: StrictBool = True
    """Exoscale's cloud controller: load balancers for Services. A change replaces the cluster."""
    csi: StrictBool = False
    """Exoscale's block storage for volumes; needs cloudController. Once true it stays."""
    metrics_server: StrictBool = True
    """Metrics for `kubectl top` and autoscaling. A change replaces the cluster."""
    auto_upgrade: StrictBool = False
    """Exoscale upgrades the control plane to new patch versions by itself. After `pulumi refresh`,
    set `version` to the one that runs. By default it is upgraded when this file says so."""
    feature_gates: tuple[FeatureGate, ...] = ()
    """Kubernetes' alpha features to turn on."""
    audit: AuditArgs | None = None
    """Where the API server's audit log is sent. Without it: nowhere."""
    oidc: OidcArgs | None = None
    """Sign in by OpenID Connect. A change replaces the cluster."""
    allow_open_networks: StrictBool = False
    """Lets nodePortSources and firewallRules have networks as wide as the whole internet (wider
    than /8, IPv6: /16). By default such a one is taken for a mistake."""
    node_port_sources: Annotated[tuple[Network, ...], SEPARATE] = ()
    """Networks (CIDR) that may reach the NodePorts. Required with an ingress controller or a load
    balancer, which pass packets on to NodePorts with the clients' addresses: list the clients'
    networks. UDP is open where the Service of an application has a NodePort for it."""
    firewall_rules: tuple[FirewallRuleArgs, ...] = ()
    """More ways in to the nodes, beyond those that the cluster needs."""
    nodepools: Annotated[tuple[NodePoolArgs, ...], *NOT_EMPTY]
    """The nodes. Load balancers send to the first nodepool that has no taint NoSchedule or
    NoExecute, unless `nodepool` names another."""
    ready_seconds: StrictInt = Field(default=900, ge=1)
    """How long new nodes may take to become Ready. An `up` that needs them fails after that."""
    drain_seconds: StrictInt = Field(default=900, ge=1)
    """How long pods may take to leave the nodes of a nodepool that is replaced, left out or made
    smaller, as their disruption budgets allow. An `up` fails after that, and deletes no node."""
    kubeconfig: KubeconfigArgs = defaults_of(KubeconfigArgs)
    """The credentials that this program works with."""
    read_only_kubeconfig: ReadOnlyKubeconfigArgs | None = None
    """A second kubeconfig, for people: the output read_only_kubeconfig."""
    protect: StrictBool = False
    """The cluster can't be removed or replaced."""
    adopt: AdoptArgs = defaults_of(AdoptArgs)
    """What was made by hand and is this stack's from now on."""

    @property
    def nodes(self) -> int:
        """How many there are in all nodepools."""
        return sum(pool.size for pool in self.nodepools)

    def nodepool(self, name: str | None) -> NodePoolArgs:
        """The nodepool of that name; without one, the first where any pod can run."""
        return next(
            pool
            for pool in self.nodepools
            if (pool.name == name if name else not pool.repelling_taints)
        )

    def problems(self) -> Iterator[Problem]:
        """Yields what is wrong with add-ons, open networks, taints and adopted objects."""
        if self.kube_proxy is False and self.cni == "calico":
            message = "must be true for calico, which does not do kube-proxy's work"
            yield Problem(("kubeProxy",), False, message)
        if self.csi and not self.cloud_controller:
            yield Problem(("csi",), True, "must be false where cloudController is false")
        yield from self._open_networks("nodePortSources", self.node_port_sources)
        for rule in self.firewall_rules:
            yield from self._open_networks("firewallRules", rule.sources)
        if all(pool.repelling_taints for pool in self.nodepools):
            message = "must have one without taints NoSchedule and NoExecute"
            yield Problem(("nodepools",), [pool.name for pool in self.nodepools], message)
        yield from self._problems_of_adopt()

    def _open_networks(self, key: str, networks: tuple[str, ...]) -> Iterator[Problem]:
        found = next(filter(is_open, networks), None)
        if found and not self.allow_open_networks:
            message = f"must not have {found}, unless cluster.allowOpenNetworks is true"
            yield Problem((key,), networks, message)

    def _problems_of_adopt(self) -> Iterator[Problem]:
        adopt, names = self.adopt, {pool.name for pool in self.nodepools}
        for name in (*adopt.nodepools, *adopt.anti_affinity_groups):
            if name not in names:
                message = f"must name nodepools of this file, which {name} is not"
                yield Problem(("adopt",), adopt, message)
                return
        if adopt.nodepools and not adopt.cluster:
            yield Problem(("adopt",), adopt, "must have the ID of the nodepools' cluster too")
