"""HTTP CONNECT requests, as the sandbox's proxies read and refuse them."""

HEAD_SECONDS = 30
"""Timeout for reading the head of a request."""
CHUNK = 64 * 1024
"""Bytes that are read at once."""


class Refused(Exception):
    """A request that is not passed on; its arguments are the HTTP status and the reason."""


def target(head: bytes) -> tuple[str, int]:
    """Returns the host and the port that the head of a request asks for.

    Raises:
        Refused: if it is not a `CONNECT` request.
    """
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    if method != "CONNECT":
        raise Refused("501 Not Implemented", f"{method} is not proxied, only CONNECT")
    name, _, port = rest.partition(" ")[0].rpartition(":")
    if not name or not port.isdecimal():
        raise Refused("400 Bad Request", "CONNECT needs a host and a port")
    return name.strip("[]").rstrip(".").lower(), int(port)
