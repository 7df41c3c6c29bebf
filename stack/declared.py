"""Lists the resources that a stack will declare, before the program declares the first one.

Each entry has what identifies a resource. The engine identifies it by its kind, its component and
its resource name. Kubernetes identifies it by its kind, namespace and name, unless the name is
generated. Ingresses are not listed: the paths that they serve distinguish them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from components.args.problem import Place
from components.database.args import DatabaseArgs
from components.database.names import database_name
from components.ingress_controller.args import INGRESS_NAMESPACE, IngressControllerArgs
from components.manifests.names import name_in_program
from components.sks_cluster.args import SksClusterArgs
from components.sks_cluster.firewall.args import node_ports_rule
from components.web_app.names import (
    CONFIG,
    CONFIG_FILES,
    REGISTRY,
    SECRET_FILES,
    SECRETS,
    generated_secret,
    job_name,
)
from stack.args import AppArgs, NamespaceArgs, StackArgs
from stack.names import CLUSTER, CONTROLLER

NETWORK_POLICY = "networking.k8s.io/v1:NetworkPolicy"


class Declared(NamedTuple):
    """One resource that will be declared."""

    component: str
    """Type of the parent component, without `webapp:index:`."""
    kind: str
    """Pulumi type token."""
    logical_name: str
    namespace: str | None
    name: str | None
    """Name in Kubernetes. None if the name is generated, or if it is not a Kubernetes resource."""
    place: Place
    """Path of the setting that declares it."""
    value: object
    """Value of that setting."""


def declared_resources(settings: StackArgs) -> Iterator[Declared]:
    """Yields all resources in the order of the settings."""
    if settings.existing_cluster:
        place, existing = ("existingCluster",), settings.existing_cluster
        provider = "pulumi:providers:kubernetes"
        yield Declared("ExistingCluster", provider, CLUSTER, None, None, place, existing)
    if settings.cluster:
        yield from _cluster(settings.cluster, settings.node_port_protocols)
    if settings.controller and not settings.controller.existing:
        yield from _controller(settings.controller)
    for index, namespace in enumerate(settings.app_namespaces):
        listed = index < len(settings.namespaces)
        yield from _namespace(namespace, ("namespaces", index, "name") if listed else ("apps",))
    for index, app in enumerate(settings.apps):
        yield from _app(app, ("apps", index))


def _cluster(cluster: SksClusterArgs, protocols: Sequence[str]) -> Iterator[Declared]:
    def one(kind: str, suffix: str, value: object, *place: str | int) -> Declared:
        name = f"{CLUSTER}-{suffix}" if suffix else CLUSTER
        if ":" not in kind:
            kind = f"exoscale:index/{kind[0].lower()}{kind[1:]}:{kind}"
        return Declared("SksCluster", kind, name, None, None, ("cluster", *place), value)

    provider, rule = "pulumi:providers:kubernetes", "SecurityGroupRule"
    for kind in ("SksCluster", "SecurityGroup", "SksKubeconfig", provider):
        yield one(kind, "", cluster)
    for own in ("kubelet", "nlb-health", *_OVERLAY[cluster.cni]):
        yield one(rule, own, cluster.cni, "cni")
    for index, source in enumerate(cluster.node_port_sources):
        for protocol in protocols:
            name = node_ports_rule(protocol)
            yield one(rule, f"{name}-{source}", source, "nodePortSources", index)
    for index, extra in enumerate(cluster.firewall_rules):
        at = ("firewallRules", index, "name")
        for source in extra.sources:
            yield one(rule, f"{extra.name}-{source}", extra.name, *at)
    for index, pool in enumerate(cluster.nodepools):
        kinds = ("SksNodepool", "AntiAffinityGroup")[: 1 + pool.anti_affinity]
        for kind in kinds:
            yield one(kind, pool.name, pool.name, "nodepools", index, "name")
    if kubeconfig := cluster.read_only_kubeconfig:
        binding = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
        for kind in ("SksKubeconfig", binding):
            yield one(kind, "read-only", kubeconfig, "readOnlyKubeconfig")


_OVERLAY = {
    "calico": ("calico-vxlan",),
    "cilium": ("cilium-vxlan", "cilium-health", "cilium-ping"),
    "none": (),
}


def _controller(settings: IngressControllerArgs) -> Iterator[Declared]:
    def one(kind: str, namespace: str | None, name: str) -> Declared:
        return Declared(
            "IngressController", kind, CONTROLLER, namespace, name, ("ingress",), settings
        )

    yield one("kubernetes:core/v1:Namespace", None, INGRESS_NAMESPACE)
    yield one("kubernetes:helm.sh/v3:Release", INGRESS_NAMESPACE, CONTROLLER)
    if settings.network_policy:
        yield one(f"kubernetes:{NETWORK_POLICY}", INGRESS_NAMESPACE, CONTROLLER)


def _namespace(settings: NamespaceArgs, place: Place) -> Iterator[Declared]:
    def one(kind: str, namespace: str | None) -> Declared:
        full = f"kubernetes:core/v1:{kind}"
        return Declared("AppNamespace", full, name, namespace, name, place, name)

    name = settings.name
    if settings.existing:
        return
    yield one("Namespace", None)
    for kind in ("ResourceQuota", "LimitRange"):
        yield one(kind, name)


def _app(app: AppArgs, place: Place) -> Iterator[Declared]:
    """Yields the resources of the application itself, then those of its settings."""

    def one(kind: str, value: object = app.name, *key: str | int, name: str = app.name) -> Declared:
        at = (*place, *(key or ("name",)))
        namespace = app.namespace_name
        in_program = name_in_program(name, namespace)
        return Declared("WebApp", f"kubernetes:{kind}", in_program, namespace, name, at, value)

    def generated(kind: str, suffix: str, value: object, *key: str | int) -> Declared:
        return one(kind, value, *key, name=f"{app.name}-{suffix}")._replace(name=None)

    for kind in ("core/v1:ServiceAccount", "apps/v1:Deployment"):
        yield one(kind)
    shared = app.balancer and app.balancer.existing
    service = one("core/v1:Service")
    yield service._replace(logical_name=app.name) if shared else service
    if app.network_policy.enabled:
        yield one(NETWORK_POLICY)
    if app.has_disruption_budget:
        yield one("policy/v1:PodDisruptionBudget")
    if app.autoscaler:
        yield one("autoscaling/v2:HorizontalPodAutoscaler", app.autoscaler, "autoscaler")
    for kind, suffix, contents, key in (
        ("core/v1:ConfigMap", CONFIG, app.config.environment, "config"),
        ("core/v1:Secret", SECRETS, app.secrets.environment, "secrets"),
    ):
        if contents:
            yield generated(kind, suffix, [*contents], key, "environment")
    if files := {**app.config.files, **app.config.files_from}:
        yield generated("core/v1:ConfigMap", CONFIG_FILES, [*files], "config", "files")
    if app.secrets.files:
        yield generated("core/v1:Secret", SECRET_FILES, [*app.secrets.files], "secrets", "files")
    secret = "core/v1:Secret"
    if app.pull_secret:
        yield generated(secret, REGISTRY, app.pull_secret.registry, "pullSecret", "registry")
    for index, variable in enumerate(app.generated_secrets):
        suffix = generated_secret(variable)
        yield generated(secret, suffix, variable, "generatedSecrets", index)
    if job := app.before_rollout:
        name = job_name(app.name)
        at = ("beforeRollout", "command")
        yield one("batch/v1:Job", job.command, *at, name=name)._replace(
            logical_name=name, name=None
        )
        if app.network_policy.enabled:
            yield one(NETWORK_POLICY, job.command, *at, name=name)
    if app.database:
        yield from _database(app, app.database, (*place, "database"))


def _database(app: AppArgs, settings: DatabaseArgs, place: Place) -> Iterator[Declared]:
    name, at, value = database_name(app.name), (*place, "kind"), settings.kind

    def one(kind: str, suffix: str = "") -> Declared:
        full, namespace = f"{name}{suffix}", app.namespace_name
        in_program = name_in_program(full, namespace)
        return Declared("Database", f"kubernetes:{kind}", in_program, namespace, full, at, value)

    secret = "core/v1:Secret"
    if settings.kind == "dbaas":
        yield Declared("Database", "exoscale:index/dbaas:Dbaas", name, None, None, at, value)
        yield one(secret, "-uri")._replace(name=None)
        return
    for kind in (secret, "core/v1:Service", NETWORK_POLICY):
        yield one(kind)
    yield one("apps/v1:StatefulSet")._replace(logical_name=name)
    yield one("core/v1:PersistentVolumeClaim")._replace(name=None)
    if settings.volume:
        yield one("core/v1:PersistentVolume")._replace(name=None, namespace=None)
    if settings.backup:
        yield one(secret, "-backup")._replace(name=None)
        yield one(NETWORK_POLICY, "-backup")
        yield one("batch/v1:CronJob")
