"""Warns of references to variables, `$(NAME)`, that Kubernetes does not expand."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from components.args.inputs import Input, is_known
from components.args.problem import Place, path
from components.web_app.args import WebAppArgs
from components.web_app.checks import beside
from stack.args import StackArgs

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")
"""Kubernetes replaces `$$` with a dollar sign, so `$$(NAME)` is not a reference.

Source: kubernetes/kubernetes, third_party/forked/golang/expansion/expand.go.
"""

_IN_EVERY_POD = "KUBERNETES_"
"""The prefix of the variables with the API server's address, which every container has."""


def warnings(settings: StackArgs) -> Iterator[str]:
    """Yields a line, without values, for each reference that Kubernetes does not expand."""
    for index, app in enumerate(settings.apps):
        for place, problem in _not_expanded(app):
            yield f"{path(('apps', index, *place))}: {problem}"


def _not_expanded(app: WebAppArgs) -> Iterator[tuple[Place, str]]:
    config = app.config.environment
    secrets = {*app.secrets.environment, *app.generated_secrets}
    if app.database:
        secrets.add(app.database.variable)
    others = {*config, *secrets}
    for name, problem in _in_order(app.environment, {*others, *app.value_from}):
        yield ("environment", name), problem
    for place, each in beside(app):
        sources = {"config": {*config}, "secrets": secrets}
        inherited = set().union(*(sources.get(source, ()) for source in each.inherits))
        whole = app.with_inherited(each)
        for name, problem in _in_order(whole.environment, {*inherited, *whole.value_from}):
            if name in each.environment:
                yield (*place, "environment", name), problem
            else:
                yield (*place, "inherits"), f"{name}: {problem}"
    for name, value in config.items():
        for reference in _references(value):
            if reference in {*others, *app.value_from, *app.environment}:
                problem = f"$({reference}) is not expanded: move {name} to environment to expand it"
                yield ("config", "environment", name), problem


def _in_order(
    environment: Mapping[str, Input[str]], known: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yields the variables with a reference to neither a `known` nor an earlier variable."""
    earlier = set(known)
    for name, value in environment.items():
        for reference in _references(value):
            if reference in earlier or reference.startswith(_IN_EVERY_POD):
                continue
            if reference == name:
                reason = "a variable can't contain itself: use another name"
            elif reference in environment:
                reason = f"it is defined later: move {reference} before {name}"
            else:
                reason = "the container has no such variable: add it"
            yield name, f"$({reference}) is not expanded: {reason}, or write $$({reference})"
        earlier.add(name)


def _references(value: Input[str]) -> list[str]:
    """Returns the names in `$(NAME)`, without repetitions; none of an output."""
    found = _REFERENCE.findall(value) if is_known(value) else ()
    return list(dict.fromkeys(filter(None, found)))
