"""The settings of a namespace, which one application has for itself or several share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt, field_validator

from ..args.problem import Problem
from ..args.resources import Amounts, ResourcesArgs
from ..args.types import Args, Dns1123Label, PodSecurity, defaults_of, given
from ..ingress_controller.args import INGRESS_NAMESPACE

RESERVED_NAMESPACES = frozenset(
    {"default", "kube-system", "kube-public", "kube-node-lease", INGRESS_NAMESPACE}
)


def not_reserved(name: str | None) -> str | None:
    if name in RESERVED_NAMESPACES:
        raise ValueError(f"must be another one than {', '.join(sorted(RESERVED_NAMESPACES))}")
    return name


class QuotaArgs(Args):
    """What all pods of the namespace may have together."""

    requests: Amounts = defaults_of(Amounts)
    """What is set aside for them."""
    limits: Amounts = defaults_of(Amounts)
    """What they get at most."""
    pods: Annotated[StrictInt, Field(ge=0, examples=[50])] | None = None
    """Number of pods. Without it: any."""


class AppNamespaceArgs(Args):
    """A namespace of applications that is to have more than the defaults."""

    name: Dns1123Label = Field(examples=["shop"])
    """The name that applications give as their namespace."""
    pod_security: PodSecurity = "restricted"
    """What the API server refuses in pods. The default is the strictest: what web applications
    need lies within it."""
    quota: QuotaArgs | None = None
    """What all pods may have together. Without it: what the nodes have."""
    defaults: ResourcesArgs | None = None
    """Resources of containers that say nothing about theirs."""
    adopt: StrictBool = False
    """Whether this stack takes over a namespace that exists and that no stack owns, such as one
    created with kubectl. `pulumi destroy` then deletes it. By default the preview refuses a
    namespace that exists, and always one of another stack."""
    existing: StrictBool = False
    """Whether somebody else owns the namespace, such as another stack. Applications use it; this
    stack never creates, changes or deletes it, so only `name` may be given beside this key. A
    namespace that this stack owned until now stays on the cluster."""

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str | None:
        return not_reserved(name)

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for each field of a namespace that is not this stack's."""
        if self.existing:
            for key, value in given(self).items():
                if key not in ("name", "existing"):
                    message = (
                        "must not be given with existing: true: the namespace is not this stack's"
                    )
                    yield Problem((key,), value, message)
