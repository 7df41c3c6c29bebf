"""Rejects settings of pods that violate the Pod Security level of their namespace.

The settings can't declare other violations, such as host paths and added capabilities. The level of
a namespace that another stack owns is unknown.

Source: kubernetes.io/docs/concepts/security/pod-security-standards.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.args.inputs import known
from components.args.problem import Problem, path
from components.web_app.checks import containers
from stack.args import StackArgs
from stack.checks.namespaced import Namespaced, namespaced

APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
"""Prefix of pod annotations, one for each container, which precede the field of Kubernetes."""


def check_root_users(settings: StackArgs) -> Iterator[Problem]:
    """Rejects containers that run as root at the level `restricted`."""
    for each in namespaced(settings):
        if each.namespace.existing or each.namespace.pod_security != "restricted":
            continue
        for place, container in containers(each.app):
            if container.security.run_as_user == 0:
                where = (*each.place, *place, "security", "runAsUser")
                yield Problem(where, 0, f"must not be root, {_where(each)}")


def check_app_armor(settings: StackArgs) -> Iterator[Problem]:
    """Rejects annotations that disable AppArmor, except at the level `privileged`."""
    for each in namespaced(settings):
        if each.namespace.existing:
            continue
        for key, value in known(each.app.annotations).items():
            allowed = value == "runtime/default" or value.startswith("localhost/")
            level = each.namespace.pod_security
            if key.startswith(APP_ARMOR) and not allowed and level != "privileged":
                where = (*each.place, "annotations", key)
                allowed_values = "must be runtime/default or localhost/PROFILE"
                yield Problem(where, value, f"{allowed_values}, {_where(each, 'privileged')}")


def _where(each: Namespaced, other: str = "baseline") -> str:
    level = each.namespace.pod_security
    if each.namespace_place is None:
        item = f"{{name: {each.namespace.name}, podSecurity: {other}}}"
        return f"because its namespace is {level}: to change the level, add {item} to namespaces"
    key = path((*each.namespace_place, "podSecurity"))
    return f"because {key} is {level}: set it to {other}"


CHECKS = (check_root_users, check_app_armor)
