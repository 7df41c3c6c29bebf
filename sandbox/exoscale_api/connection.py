"""The HTTP server: keeps idle connections open, and can drop a connection during a request."""

from typing import Any

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

_EXTENSION = "sandbox.drop"
# A client gets no answer if it sends a request while the server closes the idle connection. With
# uvicorn's default of 5 s this is likely, because clients often poll with that interval.
_KEEP_ALIVE_SECONDS = 3600


def server(app: ASGIApp, close_seconds: int | None = None) -> uvicorn.Server:
    """Returns a server of the API.

    Args:
        app: the API's application.
        close_seconds: the grace period of open requests when the server stops; unlimited if None.
    """
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
    """uvicorn's HTTP protocol, with a function that drops the connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        app: ASGIApp = self.app  # type: ignore[has-type]

        async def droppable(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = self.transport.close
            await app(scope, receive, send)

        self.app = droppable


class Dropped(Response):
    """A response that closes the connection without an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Closes the connection and waits until the server has noticed."""
        scope["extensions"][_EXTENSION]()
        while (await receive())["type"] != "http.disconnect":
            pass
