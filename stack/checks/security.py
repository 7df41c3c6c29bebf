"""What the Pod Security level of a namespace refuses in pods.

Source: kubernetes.io/docs/concepts/security/pod-security-standards. What the settings can't say,
such as host paths and added capabilities, no level has to refuse. The level of a namespace that
another stack owns is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.args.inputs import known
from components.args.problem import Problem, path
from components.web_app.checks import containers
from stack.args import StackArgs
from stack.checks.namespaced import Namespaced, namespaced

APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
"""Annotations of pods, one a container, from before there was a field."""


def root(settings: StackArgs) -> Iterator[Problem]:
    """No container runs as root at the level `restricted`."""
    for each in namespaced(settings):
        if each.namespace.existing or each.namespace.pod_security != "restricted":
            continue
        for place, container in containers(each.app):
            if container.security.run_as_user == 0:
                where = (*each.place, *place, "security", "runAsUser")
                yield Problem(where, 0, f"must not be root, {_where(each)}")


def app_armor(settings: StackArgs) -> Iterator[Problem]:
    """Only the level `privileged` lets AppArmor be turned off."""
    for each in namespaced(settings):
        if each.namespace.existing:
            continue
        for key, value in known(each.app.annotations).items():
            allowed = value == "runtime/default" or value.startswith("localhost/")
            level = each.namespace.pod_security
            if key.startswith(APP_ARMOR) and not allowed and level != "privileged":
                where = (*each.place, "annotations", key)
                told = "must be runtime/default or localhost/PROFILE"
                yield Problem(where, value, f"{told}, {_where(each, 'privileged')}")


def _where(each: Namespaced, other: str = "baseline") -> str:
    level = each.namespace.pod_security
    if each.namespace_place is None:
        item = f"{{name: {each.namespace.name}, podSecurity: {other}}}"
        return f"for its namespace is {level}: another level is an item of namespaces, {item}"
    key = path((*each.namespace_place, "podSecurity"))
    return f"for {key} is {level}: set that to {other}"


CHECKS = (root, app_armor)
