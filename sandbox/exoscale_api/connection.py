"""How the API is served: for how long a connection is kept, and how one is closed in a request."""

from typing import Any

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

_EXTENSION = "sandbox.drop"
# A client that asks again in the moment in which the server closes an idle connection gets no
# answer. uvicorn's five seconds are also a usual time between two questions.
_KEEP_ALIVE_SECONDS = 3600


def server(app: ASGIApp, close_seconds: int | None = None) -> uvicorn.Server:
    """Return a server of the API; it ends after at most `close_seconds`, or its last request."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=DroppableConnection,
            log_config=None,
            access_log=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=close_seconds,
        )
    )


class DroppableConnection(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """uvicorn's HTTP protocol, whose connections can be dropped."""

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
