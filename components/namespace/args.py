"""The settings of a namespace, which contains one or several applications."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictInt

from ..args.problem import Problem
from ..args.resources import AmountsArgs, ResourcesArgs
from ..args.types import Args, Dns1123Label, PodSecurity, defaults_of, given
from ..ingress_controller.args import INGRESS_NAMESPACE

RESERVED_NAMESPACES = frozenset(
    {"default", "kube-system", "kube-public", "kube-node-lease", INGRESS_NAMESPACE}
)


def check_not_reserved(name: str) -> str:
    """Returns a name that is not reserved.

    Raises:
        ValueError: the name is one of `RESERVED_NAMESPACES`.
    """
    if name in RESERVED_NAMESPACES:
        raise ValueError(f"must not be one of {', '.join(sorted(RESERVED_NAMESPACES))}")
    return name


NamespaceName = Annotated[Dns1123Label, AfterValidator(check_not_reserved)]


class QuotaArgs(Args):
    """Limits on all pods of the namespace together."""

    requests: AmountsArgs = defaults_of(AmountsArgs)
    """Sum of their requests."""
    limits: AmountsArgs = defaults_of(AmountsArgs)
    """Sum of their limits."""
    pods: Annotated[StrictInt, Field(ge=0, examples=[50])] | None = None
    """Number of pods. Default: no limit."""


class AppNamespaceArgs(Args):
    """A namespace of applications with settings other than the defaults."""

    pod_security: PodSecurity = "restricted"
    """Pod Security level that pods must comply with. Default: the strictest level, which is enough
    for web applications."""
    quota: QuotaArgs | None = None
    """Limits on all pods together. Default: none."""
    defaults: ResourcesArgs | None = None
    """Resources of containers that set none."""
    adopt: StrictBool = False
    """Whether this stack takes over a namespace that exists and that no stack owns, such as one
    created with kubectl. `pulumi destroy` then deletes it. By default the preview refuses a
    namespace that exists, and always one of another stack."""
    existing: StrictBool = False
    """Whether somebody else owns the namespace, such as another stack. Applications use it; this
    stack never creates, changes or deletes it, so only `name` may be given beside this key. A
    namespace that this stack owned until now stays on the cluster."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for each field of a namespace that is not this stack's."""
        if self.existing:
            for key, value in given(self).items():
                if key not in ("name", "existing"):
                    message = (
                        "must not be given with existing: true: the namespace is not this stack's"
                    )
                    yield Problem((key,), value, message)
