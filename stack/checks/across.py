"""All checks across the components of a stack."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Problem
from stack.args import StackArgs
from stack.checks import (
    dns,
    https,
    ingress,
    ingress_annotations,
    load_balancers,
    network,
    quotas,
    reach,
    security,
    volumes,
    whole_stack,
    workers,
)

CHECKS = (
    *load_balancers.CHECKS,
    *dns.CHECKS,
    *network.CHECKS,
    *reach.CHECKS,
    *https.CHECKS,
    *ingress.CHECKS,
    *ingress_annotations.CHECKS,
    *security.CHECKS,
    *quotas.CHECKS,
    *volumes.CHECKS,
    *whole_stack.CHECKS,
    *workers.CHECKS,
)


def stack_problems(settings: StackArgs) -> Iterator[Problem]:
    """Yields the problems across the cluster, the controller, namespaces and applications."""
    for check in CHECKS:
        yield from check(settings)
