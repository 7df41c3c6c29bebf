"""Refuses to create objects that already exist: objects of other stacks, or created manually.

Server-side apply takes over an object of the same name, and `pulumi destroy` then deletes it.
Therefore, a hook reads the object from the API server before each creation, also in previews.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import pulumi

from .cluster_access import ClusterAccess
from .kubernetes_api import ApiError, KubernetesApi
from .ownership import STACK, this_stack

OWN_MANAGERS = "pulumi-kubernetes"
"""Prefix of the provider's field managers, the same for all stacks.

Source: pulumi/pulumi-kubernetes, provider/pkg/provider/provider.go: `fieldManagerName`.
"""

UNNAMED = ""
"""The owner of an object that Pulumi manages and that has no annotation with a stack."""

Object = Mapping[str, Any]


class AlreadyExists(Exception):
    """An object already exists. The message names the object, its owner and a solution."""


class Creator(NamedTuple):
    """A stack that creates objects on a cluster.

    Attributes:
        access: access to the API server. Without it, the stack takes over existing objects.
        own_namespace: whether the stack owns the namespaces of its objects.
    """

    access: ClusterAccess | None = None
    own_namespace: bool = True


def refuse_existing(
    name: str, creator: Creator, *, advice: str, adopt: bool = False, adoption: str = ""
) -> pulumi.ResourceHookBinding:
    """Returns a hook that refuses to create an existing object that this stack does not own.

    Args:
        name: unique prefix of the hook's name.
        advice: what the user can do about the existing object.
        adopt: whether the stack adopts an object that no stack owns. The preview names the object.
        adoption: how to set `adopt`, if the user can set it.

    The hook raises `AlreadyExists`, or `ApiError` if the API server fails.
    """
    access = creator.access
    if not access:
        return pulumi.ResourceHookBinding()
    clients: list[KubernetesApi] = []

    async def check(args: pulumi.ResourceHookArgs) -> None:
        path = await _path(args)
        if not path or not await access.kubeconfig.is_known():
            return
        preview = pulumi.runtime.is_dry_run()
        try:
            if not clients:
                clients.append(
                    await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
                )
            (api, *_) = clients
            found = await api.get(path)
        except ApiError as error:
            unreachable = preview and not error.status  # the Kubernetes plugin warns about it
            if error.status == HTTPStatus.NOT_FOUND or unreachable:
                return
            raise
        kind = args.type.rpartition(":")[2]
        owner = await find_owner(api, found, own_namespace=creator.own_namespace)
        if owner == this_stack():
            return
        if owner is not None:
            raise AlreadyExists(_foreign(kind, found, owner, advice))
        message = f"{_name(kind, found)} already exists{_managers(found)}"
        if not adopt:
            raise AlreadyExists(f"{message}: {advice}{adoption and f', or {adoption}'}")
        if preview:
            pulumi.info(f"{message}: it is adopted, and `pulumi destroy` will delete it")

    hook = pulumi.ResourceHook(
        f"{name}-existing", check, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceHookBinding(before_create=[hook])


async def find_owner(api: KubernetesApi, found: Object, *, own_namespace: bool) -> str | None:
    """Returns the stack that owns an object.

    `UNNAMED` if Pulumi manages the object and no annotation names a stack; None if Pulumi does not
    manage it.

    This stack's own objects exist after an interrupted `up` and before a replacement. An object
    without the annotation belongs to the owner of its namespace. A namespace without the annotation
    was created by an earlier version of the program and may belong to any stack.

    Args:
        own_namespace: whether this stack owns the namespace.
    """
    if named := _named_stack(found):
        return named
    if not any(manager.startswith(OWN_MANAGERS) for manager in _field_managers(found)):
        return None
    namespace = found["metadata"].get("namespace")
    if not namespace:
        return UNNAMED
    if own_namespace:
        return this_stack()
    return _named_stack(await api.get(f"/api/v1/namespaces/{namespace}")) or UNNAMED


def _foreign(kind: str, found: Object, owner: str, advice: str) -> str:
    by = f"belongs to the stack {owner}" if owner else "already exists (managed by Pulumi)"
    metadata = found["metadata"]
    where = f" --namespace {metadata['namespace']}" if metadata.get("namespace") else ""
    command = f"kubectl annotate --overwrite{where} {kind.lower()} {metadata['name']}"
    when = "that stack was deleted or renamed" if owner else "it belongs to this stack"
    message = f"{_name(kind, found)} {by}: {advice}"
    return f"{message}; if {when}, run `{command} {STACK}={this_stack()}`"


def _named_stack(found: Object) -> str | None:
    named: str | None = (found["metadata"].get("annotations") or {}).get(STACK)
    return named


def _field_managers(found: Object) -> set[str]:
    return {each["manager"] for each in found["metadata"].get("managedFields") or ()}


def _managers(found: Object) -> str:
    managers = sorted(_field_managers(found))
    return f" (managed by {', '.join(managers)})" if managers else ""


def _name(kind: str, found: Object) -> str:
    metadata = found["metadata"]
    where = f" in the namespace {metadata['namespace']}" if metadata.get("namespace") else ""
    return f"{kind} {metadata['name']}{where}"


async def _path(args: pulumi.ResourceHookArgs) -> str | None:
    """Returns the object's path in the API; None for other resources and objects without a name."""
    provider, version, kind = args.type.split(":")
    if provider != "kubernetes" or version.startswith("helm.sh/"):
        return None
    metadata = await pulumi.Output.from_input((args.new_inputs or {})["metadata"]).future(
        with_unknowns=True
    )
    if not metadata or "name" not in metadata:  # the plugin generates the name later
        return None
    group = version.replace("core/", "api/") if version.startswith("core/") else f"apis/{version}"
    namespace = f"/namespaces/{metadata['namespace']}" if metadata.get("namespace") else ""
    return f"/{group}{namespace}/{_plural(kind.lower())}/{metadata['name']}"


def _plural(kind: str) -> str:
    """Returns the plural of a kind in lower case.

    Source: kubernetes/apimachinery, pkg/api/meta: `UnsafeGuessKindToResource`.
    """
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"
