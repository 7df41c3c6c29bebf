"""Security contexts that meet the Pod Security level `restricted` and add further restrictions.

Source: kubernetes.io/docs/concepts/security/pod-security-standards.
"""

from __future__ import annotations

from typing import Any

POD_SECURITY = "pod-security.kubernetes.io/"
UNPRIVILEGED_PORTS = 1024


def pod_security_labels(level: str) -> dict[str, str]:
    """Returns labels of a namespace that make the API server reject pods that exceed a level."""
    return {f"{POD_SECURITY}{mode}": level for mode in ("enforce", "warn", "audit")}


def pod_security_context(
    user: int, group: int | None = None, port: int | None = None
) -> dict[str, Any]:
    """Returns a pod's security context.

    Args:
        user: ID of the user. It is always set, because the kubelet can't check whether a user name
            in the image (`USER`) belongs to root.
        group: ID of the group, which also owns the pod's volumes. Default: the user's ID. It is
            always set, because otherwise the container runtime uses the image's group, which is
            root's (0) for a user that the image does not define.
        port: the port that a container listens on. Below 1024, a sysctl allows all users to listen
            on it. Kubernetes considers this sysctl safe.
    """
    own_group = user if group is None else group
    context: dict[str, Any] = {
        "run_as_non_root": user != 0,
        "run_as_user": user,
        "run_as_group": own_group,
        "fs_group": own_group,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }
    if port is not None and port < UNPRIVILEGED_PORTS:
        context["sysctls"] = [{"name": "net.ipv4.ip_unprivileged_port_start", "value": str(port)}]
    return context


def security_context(
    user: int | None = None, group: int | None = None, *, read_only_root_filesystem: bool = True
) -> dict[str, Any]:
    """Returns the security context of a container without capabilities.

    Args:
        user: ID of the user, if it differs from the pod's.
        group: ID of the group, if it differs from the pod's. Default: the ID of `user`, if given.
    """
    context: dict[str, Any] = {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "read_only_root_filesystem": read_only_root_filesystem,
    }
    if user is not None:
        context |= {"run_as_user": user, "run_as_group": user, "run_as_non_root": user != 0}
    if group is not None:
        context["run_as_group"] = group
    return context
