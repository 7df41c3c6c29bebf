"""The base class of the plugin's resources."""

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

META: Final = "__meta"
BUSY: Final = ("creating", "scaling", "updating", "upgrading")
UNFINISHED: Final = ("creating", "error")
"""States of an object whose creation is not finished or has failed."""


class ResourceType(ABC):
    """A type of resources. Values are plain, without secrets and unknowns, with Pulumi's names.

    Attributes:
        token: Pulumi's type token.
        fields: the properties.
        framework: whether it uses Terraform's plugin framework (`framework.py`) instead of the SDK.
        settled_id: whether a diff keeps the ID (only resources of the plugin framework).
        schema_version: the version of the official provider's schema.
    """

    token: ClassVar[str]
    framework: ClassVar[bool] = False
    settled_id: ClassVar[bool] = True
    schema_version: ClassVar[int] = 0
    fields: ClassVar[tuple[Field, ...]]

    @property
    def meta(self) -> dict[str, str]:
        """The part of a state with the schema's version.

        Without it, the official plugin assumes version 0, and can't read the state.
        """
        version = self.schema_version
        return {META: f'{{"schema_version":"{version}"}}'} if version else {}

    @abstractmethod
    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        """Creates the object and sets `call.object_id` as soon as it is known.

        Returns:
            The outputs that only the creation returns.
        """

    @abstractmethod
    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        """Returns the object's current outputs, `None` if it doesn't exist."""

    def refreshed(self, state: Properties, found: Properties) -> dict[str, Any]:
        """Returns outputs in addition to those that `read` found, only for a refresh or an import.

        Args:
            state: the outputs before.
            found: the outputs that `read` returned.
        """
        return {}

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Applies the changes of the top-level properties `changed`.

        Raises:
            ProviderError: unless overridden, because all changes replace the resource.
        """
        if changed:
            raise ProviderError(f"{', '.join(sorted(changed))} can't be updated in place")

    @abstractmethod
    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        """Deletes the object and waits until it is deleted."""

    def parse_import_id(self, text: str) -> tuple[str, dict[str, Any]]:
        """Splits the ID of an import into the object's ID and the outputs that it contains.

        By default the format is `ID@ZONE` for resources with a zone, else the ID.

        Raises:
            ProviderError: if it has another format; the message contains the official format.
        """
        if not any(field.name == "zone" for field in self.fields):
            return text, {}
        object_id, zone = split_zone(text)
        return object_id, {"zone": zone}

    def problems(self, news: Properties) -> list[tuple[str, str]]:
        """Returns the errors in combinations of inputs, as paths and reasons."""
        return []

    def plan(self, state: Properties | None, planned: dict[str, Any]) -> dict[str, Kind]:
        """Adjusts the planned outputs, and returns changes that replace the resource.

        Args:
            state: the current outputs, `None` for a creation.
            planned: the planned outputs, which may contain `UNKNOWN`.
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
    """Waits until an interrupted operation on the object that `look` returns has ended.

    Raises:
        ProviderError: if the object's creation failed.
    """
    call.wait_while(lambda: look()["state"] in BUSY, f"waiting for the {what}")
    if look()["state"] == "error":
        raise ProviderError(f"the {what} is in state error: replace it")


def timestamp(text: str) -> str:
    """Returns an ISO timestamp in the official provider's format.

    >>> timestamp("2023-05-16T08:11:22Z")
    '2023-05-16 08:11:22 +0000 UTC'
    """
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} +0000 UTC"
