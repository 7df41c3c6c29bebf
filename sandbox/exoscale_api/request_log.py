"""The request log: one line per request, without query, headers and body."""

import logging
import time

from starlette.requests import Request

from sandbox.exoscale_api.fault import Fault
from sandbox.exoscale_api.openapi import Operation

LOGGER = "sandbox.requests"

_log = logging.getLogger(LOGGER)


class Entry:
    """A request in progress; `operation` and `fault` are set when they are known."""

    def __init__(self, request: Request) -> None:
        self._started = time.monotonic()
        self._request = f"{request.method} {request.scope['raw_path'].decode('ascii')}"
        self.operation: Operation | None = None
        self.fault: Fault | None = None

    def write(self, status: int | str) -> None:
        """Logs method, path, operation, status, duration in milliseconds, and the fault, if any."""
        milliseconds = (time.monotonic() - self._started) * 1000
        operation = self.operation.id if self.operation else "-"
        fault = f" fault {self.fault.id}" if self.fault else ""
        _log.info("%s %s %s %.0f ms%s", self._request, operation, status, milliseconds, fault)
