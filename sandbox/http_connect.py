"""HTTP CONNECT requests to the sandbox's proxies."""

HEAD_SECONDS = 30
"""Timeout for reading the head of a request."""
CHUNK = 64 * 1024
"""Maximum number of bytes of one read."""


class RejectedRequest(Exception):
    """A rejected request; the arguments are the HTTP status and the reason."""


def connect_target(head: bytes) -> tuple[str, int]:
    """Returns the host and the port in the head of a CONNECT request.

    Raises:
        RejectedRequest: if it is not a CONNECT request, or has no host or port.
    """
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    if method != "CONNECT":
        raise RejectedRequest("501 Not Implemented", f"{method} is not proxied, only CONNECT")
    name, _, port = rest.partition(" ")[0].rpartition(":")
    if not name or not port.isdecimal():
        raise RejectedRequest("400 Bad Request", "CONNECT needs a host and a port")
    return name.strip("[]").rstrip(".").lower(), int(port)
