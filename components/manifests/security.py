"""What pods and containers may do: what the Pod Security level `restricted` asks for, and more.

Source: kubernetes.io/docs/concepts/security/pod-security-standards.
"""

from __future__ import annotations

from typing import Any

POD_SECURITY = "pod-security.kubernetes.io/"
UNPRIVILEGED_PORTS = 1024


def pod_security_labels(level: str) -> dict[str, str]:
    """A namespace's labels, by which the API server refuses pods above a level."""
    return {f"{POD_SECURITY}{mode}": level for mode in ("enforce", "warn", "audit")}


def pod_security_context(
    user: int, group: int | None = None, port: int | None = None
) -> dict[str, Any]:
    """Run as the numeric `user`, in the `group` of the same number if none is given.

    The pod's volumes belong to that group too. A numeric user: the kubelet can't tell whether a
    name, as an image's USER may be, is root's. Without a group, the container runtime takes the
    image's, which is root's, 0, for a user that the image does not know.
    A `port` below 1024 is opened to all users inside the pod; the sysctl is one of the safe ones.
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
    """A container without capabilities; `user` and `group` are others than the pod's.

    Another user without a group is in the one of the same number.
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
