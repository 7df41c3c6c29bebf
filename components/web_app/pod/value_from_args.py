"""Environment variables whose values are only known in the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StrictBool, StrictStr

from ...args.problem import Problem
from ...args.types import QUALIFIED_NAME, Args, Dns1123Subdomain, matches

SecretKey = Annotated[
    StrictStr,
    Field(max_length=253),
    matches(r"[-._A-Za-z0-9]+", "a Secret's key: letters, digits and - _ .", "password"),
]
FieldPath = Annotated[
    StrictStr,
    matches(
        r"metadata\.(name|namespace|uid)|spec\.(nodeName|serviceAccountName)"
        rf"|status\.(hostIP|hostIPs|podIP|podIPs)|metadata\.(labels|annotations)\['{QUALIFIED_NAME}'\]",
        "metadata.name, .namespace, .uid, .labels['KEY'] or .annotations['KEY'], spec.nodeName or"
        " .serviceAccountName, or status.hostIP, .hostIPs, .podIP or .podIPs",
        "status.podIP",
    ),
]
"""Source: kubernetes/kubernetes, pkg/apis/core/validation/validation.go,
`validEnvDownwardAPIFieldPathExpressions`."""


class SecretKeyRefArgs(Args):
    """One key of a Secret in the application's namespace that the program did not create."""

    name: Dns1123Subdomain = Field(examples=["shop-smtp"])
    """The Secret's name."""
    key: SecretKey
    """The key in the Secret."""
    optional: StrictBool = False
    """Whether containers also start without the Secret or the key. The variable is then not set."""


class FieldRefArgs(Args):
    """One field of the pod."""

    field_path: FieldPath
    """The path of the field."""


class ValueFromArgs(Args):
    """The source of a variable's value. Exactly one of these is required."""

    secret_key_ref: SecretKeyRefArgs | None = None
    """A key of a Secret. A change in the Secret reaches only pods that start after it."""
    field_ref: FieldRefArgs | None = None
    """A field of the pod."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem unless there is one source."""
        if bool(self.secret_key_ref) == bool(self.field_ref):
            yield Problem((), self, "must have one of secretKeyRef, fieldRef")
