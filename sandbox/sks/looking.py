"""A base class for controllers that poll the cluster in a separate thread."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from typing import ClassVar

import urllib3
from kubernetes import client

_log = logging.getLogger(__name__)


class Looking(ABC):
    """Calls `look` again and again, also after errors of the API server."""

    seconds: ClassVar[float] = 1.0
    """The pause between calls."""

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def look(self) -> None:
        """Reads the cluster's state and makes the necessary changes."""

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stops the thread after the current call of `look`; `join` waits for that."""
        self._stop.set()

    def join(self) -> None:
        """Waits for the thread."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self.seconds):
            try:
                self.look()
            except (client.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
                if not self._stop.is_set():
                    _log.warning("%s: %s", self._thread.name, error)
