"""Waiting for objects, in the terms of the provider protocol."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.plugins.kubernetes.objects import Manifest, object_id
from sandbox.plugins.rpc import InitializationError, ProviderError

if TYPE_CHECKING:
    from kubernetes.dynamic import DynamicClient


@dataclass(frozen=True)
class Waiting:
    """Waits for objects of one resource.

    Attributes:
        status: takes a line about what is being waited for.
        cancelled: set when the user interrupts.
    """

    client: DynamicClient
    status: Callable[[str], None]
    cancelled: threading.Event

    def until_ready(
        self,
        live: Manifest,
        timeout: float | None,
        explanation: str,
        outputs: Callable[[Manifest], dict[str, Any]],
    ) -> Manifest:
        """The object once it is ready.

        Args:
            timeout: in seconds; `None` for the object's own, or its kind's.
            explanation: what an error's first reason begins with.
            outputs: makes the resource's outputs of the object.

        Raises:
            InitializationError: if it does not become ready.
        """
        from sandbox.plugins.kubernetes.readiness import NotReady, wait_ready

        try:
            return wait_ready(
                self.client, live, timeout=timeout, status=self.status, cancelled=self.cancelled
            )
        except NotReady as error:
            first, *rest = error.reasons
            raise InitializationError(
                object_id(live), outputs(error.live), [f"{explanation}: {first}", *rest]
            ) from None

    def unready_reasons(self, live: Manifest) -> list[str]:
        """Why the object is not ready now; empty if it is."""
        from sandbox.plugins.kubernetes.readiness import NotReady, check_ready

        try:
            check_ready(self.client, live, status=self.status)
        except NotReady as error:
            return error.reasons
        return []

    def until_gone(self, live: Manifest, timeout: float | None) -> None:
        """Wait until the object, whose deletion was asked for, is gone.

        Raises:
            ProviderError: if it is still there when time is up.
        """
        from sandbox.plugins.kubernetes.readiness import NotReady, wait_deleted

        try:
            wait_deleted(
                self.client, live, timeout=timeout, status=self.status, cancelled=self.cancelled
            )
        except NotReady as error:
            raise ProviderError("; ".join(error.reasons)) from None
