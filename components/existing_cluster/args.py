"""The args of an existing cluster: on Exoscale, kind, k3d or anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StrictStr

from ..args.inputs import Input, SecretInput
from ..args.problem import Problem
from ..args.secret import MayBeClear, Secret, in_file
from ..args.types import Args, matches
from ..args.yaml_text import NotYaml, load

_NAME = r"[-A-Za-z0-9._]{1,100}"
StackName = Annotated[
    StrictStr,
    matches(
        rf"{_NAME}(/{_NAME}/{_NAME})?",
        "a stack, NAME or ORGANIZATION/PROJECT/NAME",
        "dev",
        "shop/webapp/dev",
    ),
]


def _is_text(kubeconfig: Any) -> bool:
    """Whether the value is a kubeconfig instead of a path."""
    return isinstance(kubeconfig, str) and ("\n" in kubeconfig or kubeconfig.startswith("{"))


def _read(value: object) -> object:
    if not isinstance(value, str) or _is_text(value):
        return value
    file = Path(value).expanduser()
    if not file.is_file():
        raise ValueError("must be the path of a kubeconfig that exists, or its text as a secret")
    return file.read_text()


def _is_a_mapping(kubeconfig: SecretStr) -> SecretStr:
    try:
        found = load(kubeconfig.get_secret_value())
    except NotYaml as error:
        raise ValueError(f"must be a kubeconfig, in YAML: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("must be a kubeconfig: a mapping of keys to values")
    return kubeconfig


if TYPE_CHECKING:
    KubeconfigInput: TypeAlias = SecretInput
else:
    KubeconfigInput = Input[
        Annotated[
            Secret,
            BeforeValidator(_read),
            AfterValidator(_is_a_mapping),
            MayBeClear(lambda value: not _is_text(value)),
            in_file("string"),
        ]
    ]


class ExistingClusterArgs(Args):
    """An existing cluster that this stack uses and does not create."""

    kubeconfig: KubeconfigInput | None = Field(default=None, examples=["~/.kube/config"])
    """Path of a kubeconfig, or its contents. The contents must be encrypted."""
    stack: StackName | None = None
    """Instead of kubeconfig: the stack whose output `kubeconfig` to use, such as the one that
    created the cluster. A name without organization and project means this project."""
    context: Annotated[StrictStr, Field(min_length=1, examples=["kind-test"])] | None = None
    """Context in the kubeconfig. Default: its current context."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem unless there is one kubeconfig."""
        if bool(self.kubeconfig) == bool(self.stack):
            yield Problem((), self, "must have one of kubeconfig, stack")
