"""The settings of a cluster that is there already: on Exoscale, kind, k3d or anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import BeforeValidator, Field, StrictStr

from settings.types import Secret, SettingsModel

if TYPE_CHECKING:
    from components.existing_cluster import ExistingClusterArgs


def is_text(kubeconfig: str) -> bool:
    """Whether it is a kubeconfig itself, rather than the path of one."""
    return "\n" in kubeconfig or kubeconfig.startswith("{")


def _read(value: object) -> object:
    if not isinstance(value, str) or is_text(value):
        return value
    file = Path(value).expanduser()
    if not file.is_file():
        raise ValueError("must be the path of a kubeconfig that exists, or its text as a secret")
    return file.read_text()


class ExistingClusterSettings(SettingsModel):
    """A cluster that this stack uses and does not create."""

    kubeconfig: Annotated[Secret, BeforeValidator(_read)]
    context: Annotated[StrictStr, Field(min_length=1)] | None = None

    @property
    def args(self) -> ExistingClusterArgs:
        return cast("ExistingClusterArgs", self.model_dump())
