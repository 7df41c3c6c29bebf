"""Closing a connection in the middle of a request, which ASGI has no word for."""

from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

_EXTENSION = "sandbox.drop"


class DroppableConnection(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """uvicorn's HTTP protocol (`uvicorn.Config(http=...)`), whose connections can be dropped."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        app: ASGIApp = self.app  # type: ignore[has-type]

        async def droppable(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = self.transport.close
            await app(scope, receive, send)

        self.app = droppable


class Dropped(Response):
    """No answer: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection, and wait until the server knows."""
        scope["extensions"][_EXTENSION]()
        while (await receive())["type"] != "http.disconnect":
            pass
