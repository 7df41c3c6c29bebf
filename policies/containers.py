"""Rules on what containers are and may do."""

from __future__ import annotations

from collections.abc import Iterator

from policies.pods import pod_containers, pod_spec, security_context
from policies.rule import Resource, Rule
from settings.image import can_change

REQUIRED = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
"""Not a CPU limit: it would slow a container down on an idle node."""

HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
ALLOWED_CAPABILITY = "NET_BIND_SERVICE"
"""Source: kubernetes.io/docs/concepts/security/pod-security-standards, level `restricted`."""


def _check_image(resource: Resource) -> Iterator[str]:
    for _, container in pod_containers(resource):
        if can_change(container["image"]):
            yield (
                f"container {container['name']}: image {container['image']}: can become another "
                "image at any time: write a version as its tag, or a digest"
            )


def _check_resources(resource: Resource) -> Iterator[str]:
    for _, container in pod_containers(resource):
        given = container.get("resources") or {}
        missing = [
            f"{part}.{kind}" for part, kind in REQUIRED if not (given.get(part) or {}).get(kind)
        ]
        if missing:
            yield (
                f"container {container['name']}: has no {', '.join(missing)}: "
                "write what it needs in its `resources`"
            )


def _check_user(resource: Resource) -> Iterator[str]:
    """A container's own security context goes before its pod's."""
    for pod, container in pod_containers(resource):
        context = {**security_context(pod), **security_context(container)}
        if context.get("runAsUser") == 0 or context.get("runAsNonRoot") is not True:
            yield (
                f"container {container['name']}: may run as root: write another user than 0 as its "
                "`security.runAsUser`"
            )


def _check_privileges(resource: Resource) -> Iterator[str]:
    for key in HOST_NAMESPACES:
        if (pod_spec(resource) or {}).get(key):
            yield f"{key}: true: shares the node's own: leave it out"
    for _, container in pod_containers(resource):
        context = security_context(container)
        where = f"container {container['name']}"
        if context.get("privileged"):
            yield f"{where}: privileged: true: may do all that the node may: leave it out"
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{where}: may gain privileges: write allowPrivilegeEscalation: false"
        added = (context.get("capabilities") or {}).get("add") or ()
        if more := [each for each in added if each != ALLOWED_CAPABILITY]:
            told = f"adds the capabilities {', '.join(more)}"
            yield f"{where}: {told}: add none but {ALLOWED_CAPABILITY}"


RULES = (
    Rule(
        "pinned-image",
        "A container's image has a tag other than `latest`, or a digest.",
        _check_image,
    ),
    Rule(
        "requests-and-limits",
        "A container requests CPU and memory, and has a limit of memory.",
        _check_resources,
    ),
    Rule("non-root", "No container runs as root.", _check_user),
    Rule(
        "no-privilege",
        "No container is privileged, gains privileges or adds capabilities other than "
        f"`{ALLOWED_CAPABILITY}`, and no pod shares the node's network, processes or IPC.",
        _check_privileges,
    ),
)
