"""A steady load of HTTP requests on this machine, and what became of each."""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from ssl import SSLContext
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sandbox.sks.spec import PUBLIC_NETWORK

RATE = 300
"""Requests a second."""
ANSWER_SECONDS = 10
"""How long one may take before it counts as failed."""
MOST_OPEN = 500
"""Requests under way at once; where answers take long, the rate falls instead."""
MOST_SECONDS = 600
CLIENTS = 200
"""Addresses that requests come from, in turn: a load balancer may choose by them."""


@dataclass
class Figures:
    """What a load came to."""

    requests: int = 0
    failed: list[tuple[float, str]] = field(default_factory=list)
    """Of each that failed: how many seconds after the load it began, and what happened."""
    answered_by: Counter[str] = field(default_factory=Counter)
    """How many have been answered, by the header `X-Served-By`; empty where there was none."""
    seconds: float = 0
    slowest: float = 0
    """Seconds of the slowest request."""

    @property
    def failures(self) -> Counter[str]:
        """How many failed, by what happened: `status 502`, `refused`, ..."""
        return Counter(what for _, what in self.failed)

    def __str__(self) -> str:
        rate = self.requests / self.seconds if self.seconds else 0
        failed = ", ".join(f"{count} {what}" for what, count in self.failures.items()) or "0"
        if self.failed:
            begun = [at for at, _ in self.failed]
            failed += f" (begun {min(begun):.1f} to {max(begun):.1f} s after the load)"
        return (
            f"{self.requests} requests in {self.seconds:.1f} s ({rate:.0f}/s), "
            f"failed: {failed}, slowest: {self.slowest * 1000:.0f} ms"
        )


class SteadyLoad:
    """GETs `url` so many times a second, on a new connection each, while its block runs.

    Args:
        url: its host is an address of this machine, or a name.
        seconds: after so long it ends by itself.
        address: the address of this machine that the name leads to.
        tls: for https, what is trusted.
    """

    def __init__(
        self,
        url: str,
        *,
        rate: int = RATE,
        seconds: float = MOST_SECONDS,
        address: str = "",
        tls: SSLContext | None = None,
    ) -> None:
        self._url, self._tls = urlsplit(url), tls
        self._address = address or str(self._url.hostname)
        own = ip_address(self._address)
        if not own.is_loopback and own not in ip_network(PUBLIC_NETWORK):
            raise ValueError(f"{self._address} is no address of this machine")
        self._rate = rate
        self._most = int(rate * min(seconds, MOST_SECONDS))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.figures = Figures()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        self._begun = begun = time.monotonic()
        free = asyncio.Semaphore(MOST_OPEN)
        async with asyncio.TaskGroup() as requests:
            while self.figures.requests < self._most and not self._stop.is_set():
                due = begun + self.figures.requests / self._rate
                await asyncio.sleep(max(0, due - time.monotonic()))
                await free.acquire()
                number = self.figures.requests
                requests.create_task(self._request(number)).add_done_callback(
                    lambda _: free.release()
                )
                self.figures.requests += 1
        self.figures.seconds = time.monotonic() - begun

    async def _request(self, number: int) -> None:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, served_by = await self._get(f"127.0.1.{number % CLIENTS + 1}")
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self._fail(begun, _kind(error))
        else:
            self.figures.answered_by[served_by] += 1
            if status != 200:
                self._fail(begun, f"status {status}")
        self.figures.slowest = max(self.figures.slowest, time.monotonic() - begun)

    async def _get(self, client: str) -> tuple[int, str]:
        """The answer's status and who served it; raises ValueError for one that is no HTTP."""
        url = self._url
        reader, writer = await asyncio.open_connection(
            self._address,
            url.port or (443 if self._tls else 80),
            local_addr=(client, 0),
            ssl=self._tls,
            server_hostname=url.hostname if self._tls else None,
        )
        try:
            path, host = url.path or "/", url.netloc
            head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            if length := headers.get("content-length"):
                await reader.readexactly(int(length))
            else:
                await reader.read()
            return int(lines[0].split(" ")[1]), headers.get("x-served-by", "")
        finally:
            writer.transport.abort()

    def _fail(self, begun: float, what: str) -> None:
        self.figures.failed.append((begun - self._begun, what))


def _kind(error: Exception) -> str:
    match error:
        case ConnectionRefusedError():
            return "refused"
        case ConnectionResetError():
            return "reset"
        case TimeoutError():
            return "no answer in time"
        case EOFError():
            return "cut off"
        case _:
            return type(error).__name__
