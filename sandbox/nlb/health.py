"""Checks the health of targets."""

import asyncio
import logging
import ssl
from collections.abc import Callable

from sandbox.nlb.service import HealthCheck

_log = logging.getLogger(__name__)


class Monitor:
    """Checks a target immediately and then at each interval, until `stop`.

    `healthy` is None until the first check has ended. A failed target is healthy again after one
    check that passes.

    Args:
        target: the target's address.
        check: the health check.
        judged: a function that is called after each check.
        source: the source address of the checks, None for any.
    """

    def __init__(
        self, target: str, check: HealthCheck, judged: Callable[[], None], source: str | None
    ) -> None:
        self.healthy: bool | None = None
        self.check = check
        self._target = target
        self._judged = judged
        self._source = source
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Stops the checks."""
        self._task.cancel()

    async def _run(self) -> None:
        failures = 0
        while True:
            before = self.healthy
            well = await passes(self._target, self.check, self._source)
            failures = 0 if well else failures + 1
            if not failures:
                self.healthy = True
            elif not self.healthy or failures > self.check.retries:
                self.healthy = False
            if self.healthy != before:
                verdict = "healthy" if self.healthy else "failed"
                _log.info("%s is %s by its port %d", self._target, verdict, self.check.port)
            self._judged()
            await asyncio.sleep(self.check.interval)


async def passes(target: str, check: HealthCheck, source: str | None = None) -> bool:
    """Returns whether the target accepts a connection and, for HTTP checks, answers with 2xx."""
    try:
        async with asyncio.timeout(check.timeout):
            reader, writer = await asyncio.open_connection(
                target,
                check.port,
                ssl=_context() if check.mode == "https" else None,
                server_hostname=(check.tls_sni or target) if check.mode == "https" else None,
                local_addr=(source, 0) if source else None,
            )
            try:
                if check.mode == "tcp":
                    return True
                host = check.tls_sni or f"{target}:{check.port}"
                head = f"GET {check.uri} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
                writer.write(head.encode())
                return (await reader.readline()).split()[1].startswith(b"2")
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError, ValueError, IndexError):
        return False


def _context() -> ssl.SSLContext:
    """Returns a context that accepts any certificate, because the target has only an address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
