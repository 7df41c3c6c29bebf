"""A part of a control plane that looks at the cluster each second, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

import urllib3
from kubernetes import client

_log = logging.getLogger(__name__)

_SECONDS = 1.0


class Looking(ABC):
    """Looks again and again, also after the API server has not answered."""

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def look(self) -> None:
        """Look once, and act on what is there."""

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the thread."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_SECONDS):
            try:
                self.look()
            except (client.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
                if not self._stop.is_set():
                    _log.warning("%s: %s", self._thread.name, error)
