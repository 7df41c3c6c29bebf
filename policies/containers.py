"""Rules on the images, resources and privileges of containers."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.image import can_change
from policies.pods import pod_containers, pod_spec, security_context
from policies.rule import Resource, Rule

REQUIRED = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
"""A CPU limit is not required, because it slows a container down on an idle node."""

HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
ALLOWED_CAPABILITY = "NET_BIND_SERVICE"
"""Source: kubernetes.io/docs/concepts/security/pod-security-standards, level `restricted`."""


def _check_image(resource: Resource) -> Iterator[str]:
    for _, container in pod_containers(resource):
        if can_change(container["image"]):
            yield (
                f"container {container['name']}: image {container['image']}: can change at any "
                "time: write a version as its tag, or a digest"
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
                "set them in `resources`"
            )


def _check_user(resource: Resource) -> Iterator[str]:
    """A container's security context takes precedence over its pod's."""
    for pod, container in pod_containers(resource):
        context = {**security_context(pod), **security_context(container)}
        if context.get("runAsUser") == 0 or context.get("runAsNonRoot") is not True:
            yield (
                f"container {container['name']}: may run as root: set `security.runAsUser` to a "
                "user other than 0"
            )


def _check_privileges(resource: Resource) -> Iterator[str]:
    for key in HOST_NAMESPACES:
        if (pod_spec(resource) or {}).get(key):
            yield f"{key}: true: shares the namespace of the node: remove it"
    for _, container in pod_containers(resource):
        context = security_context(container)
        where = f"container {container['name']}"
        if context.get("privileged"):
            yield f"{where}: privileged: true: has root access to the node: remove it"
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{where}: may escalate its privileges: write allowPrivilegeEscalation: false"
        added = (context.get("capabilities") or {}).get("add") or ()
        if more := [each for each in added if each != ALLOWED_CAPABILITY]:
            capabilities = ", ".join(more)
            yield f"{where}: adds {capabilities}: only {ALLOWED_CAPABILITY} is allowed"


RULES = (
    Rule(
        "pinned-image",
        "A container's image has a tag other than `latest`, or a digest.",
        _check_image,
    ),
    Rule(
        "requests-and-limits",
        "A container has requests of CPU and memory, and a memory limit.",
        _check_resources,
    ),
    Rule("non-root", "No container runs as root.", _check_user),
    Rule(
        "no-privilege",
        "No container is privileged, can escalate its privileges or adds capabilities other than "
        f"`{ALLOWED_CAPABILITY}`, and no pod shares the node's network, processes or IPC.",
        _check_privileges,
    ),
)
