"""What every resource of this plugin is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from sandbox.plugins.exoscale.api import ProviderCall
from sandbox.plugins.exoscale.fields import Field
from sandbox.plugins.property_diff import Kind
from sandbox.plugins.rpc import ProviderError

Properties = Mapping[str, Any]

BUSY: Final = ("creating", "scaling", "updating", "upgrading")
UNFINISHED: Final = ("creating", "error")
"""States of what a creation has left, which is not yet, or never will be, what was asked for."""


class ResourceType(ABC):
    """A kind of resource. Property values are plain: no secrets, no unknowns, Pulumi's names.

    Attributes:
        token: Pulumi's type.
        fields: its properties.
        framework: whether it is of Terraform's plugin framework (`framework.py`), not of its SDK.
    """

    token: ClassVar[str]
    framework: ClassVar[bool] = False
    fields: ClassVar[tuple[Field, ...]]

    @abstractmethod
    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        """Make the object; set `call.object_id` as soon as it is known.

        Returns:
            The outputs that only the creation tells.
        """

    @abstractmethod
    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        """The outputs that the API tells about the object, `None` if it is gone."""

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Apply the changes of the top-level properties `changed`.

        Raises:
            ProviderError: unless overridden, for every change of this resource replaces it.
        """
        if changed:
            raise ProviderError(f"{', '.join(sorted(changed))} can't be updated in place")

    @abstractmethod
    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        """Remove the object, and wait until it is gone."""

    def parse_import_id(self, text: str) -> tuple[str, dict[str, Any]]:
        """Split what the user gives to an import into the ID and the outputs that it tells.

        By default that is `ID@ZONE` of what has a zone, else the ID.

        Raises:
            ProviderError: if it has another form than the official one, which the message tells.
        """
        if not any(field.name == "zone" for field in self.fields):
            return text, {}
        object_id, zone = split_zone(text)
        return object_id, {"zone": zone}

    def problems(self, news: Properties) -> list[tuple[str, str]]:
        """What is wrong with the inputs beyond single values: paths and reasons."""
        return []

    def plan(self, state: Properties | None, planned: dict[str, Any]) -> dict[str, Kind]:
        """Amend the planned outputs; the changes returned replace the resource.

        Args:
            state: the outputs so far, `None` for a creation.
            planned: the outputs to be, `UNKNOWN` possible.
        """
        return {}


def split_zone(text: str) -> tuple[str, str]:
    """
    Raises:
        ProviderError: if `text` is not of the form `<ID>@<ZONE>`.
    """
    object_id, found, zone = text.partition("@")
    if not found:
        raise ProviderError(f'invalid ID "{text}", expected format "<ID>@<ZONE>"')
    return object_id, zone


def settle(call: ProviderCall, look: Callable[[], dict[str, Any]], what: str) -> None:
    """Wait while what `look` finds is busy with an operation that was cut off.

    Raises:
        ProviderError: if its creation has failed.
    """
    call.wait_while(lambda: look()["state"] in BUSY, f"waiting for the {what}")
    if look()["state"] == "error":
        raise ProviderError(f"the {what} is in state error: replace it")


def timestamp(text: str) -> str:
    """An ISO time as the official provider writes it.

    >>> timestamp("2023-05-16T08:11:22Z")
    '2023-05-16 08:11:22 +0000 UTC'
    """
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} +0000 UTC"
