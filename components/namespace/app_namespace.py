"""A namespace for applications, with its Pod Security level, its quota and its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import pulumi
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, NamespaceInitArgs, ResourceQuota

from ..args.problem import require
from ..args.resources import ResourcesArgs
from ..args.types import DNS_1123_LABEL
from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.existing_objects import Creator, refuse_existing
from ..lifecycle.kubernetes_api import ApiError, KubernetesApi
from ..lifecycle.ownership import create_namespace
from ..manifests.labels import SKIP_AWAIT
from ..manifests.security import pod_security_labels
from .args import AppNamespaceArgs, QuotaArgs, check_not_reserved

ADVICE = "use another namespace, or share this one: list it in `namespaces` with `existing: true`"
ADOPTION = "take it over with all its objects: list it with `adopt: true`"


class AppNamespace(pulumi.ComponentResource):
    """A namespace with the name of the component, its quota and its defaults.

    The ResourceQuota and the LimitRange always exist, and are empty without settings. The engine
    deletes objects last: if a quota were deleted when it is removed from the settings, it would
    still block the pods of the same `pulumi up`.

    Example:
        >>> AppNamespace("shop", AppNamespaceArgs(pod_security="baseline"))

    Attributes:
        own: whether the stack owns the namespace. Otherwise, the stack only reads it.
        namespace: the Namespace.
        quota: the ResourceQuota, if the stack owns the namespace.
        limit_range: the LimitRange with containers' defaults, if the stack owns the namespace.
    """

    own: bool
    namespace: Namespace
    quota: ResourceQuota | None = None
    limit_range: LimitRange | None = None

    def __init__(
        self,
        name: str,
        settings: AppNamespaceArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        labels: Mapping[str, pulumi.Input[str]] = {},
        access: ClusterAccess | None = None,
    ) -> None:
        """Declares the namespace.

        Args:
            name: the name of the namespace and of the component.
            settings: its settings.
            opts: the resource options.
            labels: additional labels.
            access: access to the cluster, to check whether the namespace exists and who owns it.
                Without it, the program takes over an existing namespace unchecked.

        Raises:
            Problems: the name is not valid for a namespace, or reserved.
        """
        require(lambda: check_not_reserved(DNS_1123_LABEL.check(name)), ("name",), name)
        super().__init__("webapp:index:AppNamespace", name, None, opts)
        self.own = not settings.existing
        if self.own:
            self._create(name, settings, opts, labels, access)
        else:
            depends_on = opts.depends_on if opts else None
            own = pulumi.ResourceOptions(parent=self, depends_on=depends_on)
            self.namespace = _read_namespace(name, access, own)
        self.register_outputs({})

    def _create(
        self,
        name: str,
        settings: AppNamespaceArgs,
        opts: pulumi.ResourceOptions | None,
        labels: Mapping[str, pulumi.Input[str]],
        access: ClusterAccess | None,
    ) -> None:
        child = pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on if opts else None,
            hooks=refuse_existing(
                f"{name}-namespace",
                Creator(access),
                advice=ADVICE,
                adopt=settings.adopt,
                adoption=ADOPTION,
            ),
        )
        labels = {**labels, **pod_security_labels(settings.pod_security)}
        self.namespace = create_namespace(name, name, labels, child, adopt=settings.adopt)
        inside = pulumi.ResourceOptions(depends_on=[self.namespace], deleted_with=self.namespace)
        child = pulumi.ResourceOptions.merge(child, inside)
        metadata = {"name": name, "namespace": name}
        # The provider would wait for a status, which an empty quota never gets.
        hard = _hard(settings.quota) if settings.quota else {}
        limits = [{"type": "Container", **_defaults(settings.defaults)}]
        waiting = {} if hard else {"annotations": SKIP_AWAIT}
        self.quota = ResourceQuota(
            name, metadata=metadata | waiting, spec={"hard": hard}, opts=child
        )
        self.limit_range = LimitRange(name, metadata=metadata, spec={"limits": limits}, opts=child)


def _read_namespace(
    name: str, access: ClusterAccess | None, opts: pulumi.ResourceOptions
) -> Namespace:
    """Reads the namespace `name`. If the stack created it earlier, the engine only forgets it.

    The inputs include its name, as in `controller_service`.
    """
    arguments = NamespaceInitArgs(api_version="v1", kind="Namespace", metadata={"name": name})
    arguments.__dict__["status"] = None  # an output of the class that its arguments lack
    identity: pulumi.Input[str] = name
    if access:
        context = access.context
        identity = pulumi.Output.unsecret(
            access.kubeconfig.apply(lambda text: require_namespace(name, text, context))
        )
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=identity))
    return Namespace(name, opts=opts, __props__=arguments)


async def require_namespace(name: str, kubeconfig: str, context: str | None) -> str:
    """Returns the name of a namespace that exists.

    Raises:
        pulumi.RunError: the namespace does not exist, or the API server can't be queried.
    """
    setting = f"namespaces: {{name: {name}, existing: true}}"
    try:
        api = await KubernetesApi.from_kubeconfig(kubeconfig, context)
        await api.get(f"/api/v1/namespaces/{name}")
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise pulumi.RunError(f"{setting}: {error}") from None
        raise pulumi.RunError(
            f"{setting}: the namespace does not exist: create it (`kubectl create namespace "
            f"{name}`), or remove `existing` so that this stack creates it"
        ) from None
    return name


def _defaults(settings: ResourcesArgs | None) -> dict[str, dict[str, str]]:
    """Returns the default resources of containers.

    Without settings, the mapping is empty: the API server converts an empty list to `null`.
    """
    if settings is None:
        return {}
    return {"default_request": settings.requests.by_kind, "default": settings.limits.by_kind}


def _hard(quota: QuotaArgs) -> dict[str, str]:
    """Returns the limits of the quota, by Kubernetes' names."""
    hard = {f"requests.{kind}": amount for kind, amount in quota.requests.by_kind.items()}
    hard |= {f"limits.{kind}": amount for kind, amount in quota.limits.by_kind.items()}
    return hard | ({} if quota.pods is None else {"pods": str(quota.pods)})
